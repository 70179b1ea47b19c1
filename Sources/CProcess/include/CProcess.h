// Signals and threads of the process. In C, since a signal handler may call almost no functions.
#pragma once
#include <stdint.h>

// Makes Ctrl-C end the process at once, with status 130.
void backprop_end_when_interrupted(void);

// From now on the first SIGINT, SIGTERM or SIGHUP is only a request, reported by `backprop_is_interrupted`. A
// SIGINT after that ends the process at once; SIGTERM and SIGHUP do not, as systems send both, or one twice. SIGHUP
// stays ignored where the parent process ignored it, as with `nohup`.
void backprop_request_when_interrupted(void);

// Whether the end was requested.
int32_t backprop_is_interrupted(void);

// How many of `count` threads the system grants, the caller included: at least 1. They end before this returns. OpenMP
// does not report a refused thread: it ends the process, or waits forever.
int32_t backprop_granted_threads(int32_t count);
