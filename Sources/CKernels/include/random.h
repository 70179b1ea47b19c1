// Random numbers.
#pragma once
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// Philox4x32-10 (Salmon et al., SC 2011). Element i takes word i % 4 of the block whose counter is
// (i / 4 low 32 bits, i / 4 high 32 bits, key[2], key[3]) under the key (key[0], key[1]).

// Uniform in [0, 1): the word's upper 24 bits / 2^24.
void backprop_random_uniform(int64_t count, const uint32_t key[4], float *y);

// Standard normal by Box–Muller: of words (w0, w1) of a block, u = ((w0 >> 8) + 1) / 2^24, v = (w1 >> 8) / 2^24,
// elements are sqrt(-2 ln u) cos(2πv), then sqrt(-2 ln u) sin(2πv); words (w2, w3) give the next two.
void backprop_random_normal(int64_t count, const uint32_t key[4], float *y);

#ifdef __cplusplus
}
#endif
