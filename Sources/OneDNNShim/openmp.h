// Who runs oneDNN's threads.
#pragma once

#include <cstdint>

#include "OneDNNShim.h"

namespace backprop {

struct pool {
  backprop_dnn_team *run;
  int32_t (*threads)(void);
};

// Whether oneDNN's threads are the pool's from now on.
bool use_pool(const pool &given);

// Whether the calling thread is in a function of oneDNN.
extern thread_local bool inside_library;

struct library_call {
  const bool before = inside_library;
  library_call() { inside_library = true; }
  ~library_call() { inside_library = before; }
};

}  // namespace backprop
