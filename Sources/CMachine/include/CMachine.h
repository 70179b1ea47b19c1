// The limits of the machine: loops of nothing but multiply-adds, or reads and writes of memory.
// They run on the threads that the kernels use.
#pragma once
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// Computes float multiply-adds in registers on each of `threads` threads: `rounds` times independent chains of vectors.
// Twice, with few chains (for 16 registers) and with many (for 32); `many` chooses. Returns the operations of one
// thread, two a multiply-add.
int64_t backprop_machine_multiply_add(int32_t threads, int64_t rounds, int32_t many);

// x[count] += y[count] * factor: 12 bytes of traffic an element.
void backprop_machine_update(int64_t count, float factor, const float *y, float *x);

// z[count] = x[count] + y[count] * factor: 12 bytes of traffic an element, as STREAM counts its triad.
void backprop_machine_triad(int64_t count, float factor, const float *x, const float *y, float *z);

// `count` floats of zeros on pages of their own, large ones where the system has them; NULL when there is no memory.
float *backprop_machine_allocate(int64_t count);
void backprop_machine_free(float *memory);

#ifdef __cplusplus
}
#endif
