// Threads, their arithmetic and their memory.
#pragma once
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// How many threads kernels may use, at least 1.
void backprop_set_threads(int32_t count);
int32_t backprop_threads(void);
int32_t backprop_processors(void);  // that this process may use

typedef void (*backprop_task)(void *context, int64_t begin, int64_t end);

// Splits 0..<count into one contiguous range a thread (multiples of `grain`, at least one grain each) and runs
// task(context, begin, end) on each. One range, on the caller, when count <= grain.
// Goes through OpenMP's runtime when the process has it (so that oneDNN and these kernels share one pool), otherwise
// Dispatch.
void backprop_parallel(int64_t count, int64_t grain, backprop_task task, void *context);

// Runs work(context) on the caller while the pool's other threads do the pieces *done, *done + 1, ... below `count` of
// another task, one after the other; after `work` no further piece is begun. *done is then how many are done. What
// `work` forks runs on the caller alone, split as always, so its results do not change. Without OpenMP only `work` is
// done.
typedef void (*backprop_work)(void *context);
void backprop_overlapped(
    int64_t count, int64_t *done, backprop_task task, void *task_context, backprop_work work, void *context);

// A persistent parallel region: runs work(context) on the caller while the pool's other threads wait, awake, for what
// it forks. A fork then costs less than half. `work` must not run anything else on all threads (oneDNN), which would
// find them busy.
void backprop_persistent_region(backprop_work work, void *context);

// Sets the kernels' arithmetic on the calling thread (to nearest, no traps, denormal numbers are zero), and restores
// its own. The other threads of OpenMP's pool stay in it, as they compute for oneDNN too.
uint64_t backprop_enter_kernel_arithmetic(void);
void backprop_leave_kernel_arithmetic(uint64_t before);
void backprop_prepare_threads(void);  // starts the pool's threads, with the kernels' arithmetic for oneDNN

// Prefaults the pages of memory without contents, on all threads at once. Only worth it where all of it will be used.
void backprop_prefault(void *memory, int64_t bytes);

#ifdef __cplusplus
}
#endif
