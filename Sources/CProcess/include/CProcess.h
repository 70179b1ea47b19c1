// What the command asks of its process: signals and threads. In C, as a signal's handler may do next to nothing.
#pragma once
#include <stdint.h>

// Makes Ctrl-C end the process at once, with status 130.
void backprop_end_when_interrupted(void);

// From now on the first SIGINT, SIGTERM or SIGHUP only counts as a request, which `backprop_is_interrupted` tells. A
// SIGINT after that ends the process at once; SIGTERM and SIGHUP do not, as systems send both, or one twice. SIGHUP is left
// alone where whoever started the process had it ignored, as `nohup` does.
void backprop_request_when_interrupted(void);

// Whether the end was asked for.
int32_t backprop_is_interrupted(void);

// How many of `count` threads the system grants, the caller included: at least 1. They end before this returns. OpenMP
// does not say so where one is refused: it ends the process, or waits for ever.
int32_t backprop_granted_threads(int32_t count);
