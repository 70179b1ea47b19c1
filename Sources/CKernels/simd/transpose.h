// Sixteen by sixteen, transposed in registers.
#pragma once
#include "simd/simd.h"

#define EXCHANGE(r, distance, low, high)                                  \
  for (int i = 0; i < 16; i++) {                                      \
    if (i & distance) continue;                                       \
    lanes a = r[i], b = r[i + distance];                              \
    r[i] = __builtin_shufflevector(a, b, low);                        \
    r[i + distance] = __builtin_shufflevector(a, b, high);            \
  }
#define LIST(...) __VA_ARGS__

// In four rounds, each of which exchanges blocks of half the size across the diagonal.
INLINE void exchange_16(lanes r[16]) {
#pragma clang loop unroll(full)
  EXCHANGE(r, 8, LIST(0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23),
       LIST(8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31))
#pragma clang loop unroll(full)
  EXCHANGE(r, 4, LIST(0, 1, 2, 3, 16, 17, 18, 19, 8, 9, 10, 11, 24, 25, 26, 27),
       LIST(4, 5, 6, 7, 20, 21, 22, 23, 12, 13, 14, 15, 28, 29, 30, 31))
#pragma clang loop unroll(full)
  EXCHANGE(r, 2, LIST(0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29),
       LIST(2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31))
#pragma clang loop unroll(full)
  EXCHANGE(r, 1, LIST(0, 16, 2, 18, 4, 20, 6, 22, 8, 24, 10, 26, 12, 28, 14, 30),
       LIST(1, 17, 3, 19, 5, 21, 7, 23, 9, 25, 11, 27, 13, 29, 15, 31))
}

// Sixteen rows of sixteen columns at x (columns contiguous, rows at `from`), times a factor, to y, transposed.
INLINE void scale_transpose_16(const float *x, int64_t from, float factor, float *y, int64_t to) {
  lanes r[16];
  for (int i = 0; i < 16; i++) r[i] = LOAD(x + i * from) * factor;
  exchange_16(r);
  for (int i = 0; i < 16; i++) STORE(y + i * to, r[i]);
}

INLINE void transpose_16(const float *x, int64_t from, float *y, int64_t to) {
  lanes r[16];
  for (int i = 0; i < 16; i++) r[i] = LOAD(x + i * from);
  exchange_16(r);
  for (int i = 0; i < 16; i++) STORE(y + i * to, r[i]);
}

#undef EXCHANGE
#undef LIST
