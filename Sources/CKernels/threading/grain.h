// How kernels decide whether a fork is worth it.
#pragma once
#include <stdint.h>

// A grain for backprop_parallel over `count` items of `item_cost` nanoseconds each, such that every thread has at
// least about 4 µs to do. A fork costs 1 µs when the pool is awake, as it is in a step of training, and 5 to 10 when it
// sleeps: less work would not pay for it.
int64_t backprop_grain(int64_t count, double item_cost);

// A buffer of the calling thread, aligned to 64 bytes, reused by the next call and grown when needed.
// Each slot is another buffer. NULL when memory is exhausted.
enum { SCRATCH_SLOTS = 4 };
void *backprop_scratch(int slot, int64_t bytes);
