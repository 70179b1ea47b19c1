// Who runs oneDNN's threads.
#pragma once

#include <pthread.h>
#include <signal.h>

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

// Holds back the signals of this thread that may come at any time. While oneDNN 2.6 computes a product with AVX-512, its
// stack pointer is the address of a buffer on the heap: a handler would write below that, over memory of others. Workers
// of the pool have them blocked at all times.
class held_signals {
 public:
  held_signals() { pthread_sigmask(SIG_BLOCK, &asynchronous(), &before); }
  ~held_signals() { pthread_sigmask(SIG_SETMASK, &before, nullptr); }
  held_signals(const held_signals &) = delete;

 private:
  static const sigset_t &asynchronous() {
    static const sigset_t signals = [] {
      sigset_t set;
      sigfillset(&set);
      for (int fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS}) sigdelset(&set, fault);
      return set;
    }();
    return signals;
  }

  sigset_t before;
};

struct library_call {
  const held_signals signals;
  const bool before = inside_library;
  library_call() { inside_library = true; }
  ~library_call() { inside_library = before; }
};

}  // namespace backprop
