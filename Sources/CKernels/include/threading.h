// Threads, their arithmetic and their memory.
#pragma once
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// How many threads kernels may use, at least 1: of the process, or fewer of what the calling thread runs.
void backprop_set_threads(int32_t count);
int32_t backprop_threads(void);
// For the calling thread until it is set again; 0: as many as the process. Returns the limit before.
int32_t backprop_limit_threads(int32_t count);
int32_t backprop_processors(void);  // that this process may use

typedef void (*backprop_task)(void *context, int64_t begin, int64_t end);

// Splits 0..<count into one contiguous range a thread (multiples of `grain`, at least one grain each) and runs
// task(context, begin, end) on each. One range, on the caller, when count <= grain. Where workers of the pool are busy
// with another fork, threads do several ranges each. A fork takes below 1 µs while workers are awake, which they are for
// some 10 µs after one.
void backprop_parallel(int64_t count, int64_t grain, backprop_task task, void *context);

// Runs work(context) on the caller while the pool's idle threads do the pieces *done, *done + 1, ... below `count` of
// another task, one after the other; after `work` no further piece is begun. *done is then how many are done.
typedef void (*backprop_work)(void *context);
void backprop_overlapped(
    int64_t count, int64_t *done, backprop_task task, void *task_context, backprop_work work, void *context);

// Runs task(context, rank, size) for each rank at the same time, rank 0 on the caller: waits until as many threads are
// idle. For libraries whose threads wait for each other. Fewer than `size` where the system gives no more threads.
typedef void (*backprop_team_task)(void *context, int32_t rank, int32_t size);
void backprop_team(int32_t size, backprop_team_task task, void *context);

// Sets the kernels' arithmetic on the calling thread (to nearest, no traps, denormal numbers are zero), and restores
// its own. The pool's threads stay in it.
uint64_t backprop_enter_kernel_arithmetic(void);
void backprop_leave_kernel_arithmetic(uint64_t before);
void backprop_prepare_threads(void);  // starts the pool's threads

// Prefaults the pages of memory without contents, on all threads at once. Only worth it where all of it will be used.
void backprop_prefault(void *memory, int64_t bytes);

#ifdef __cplusplus
}
#endif
