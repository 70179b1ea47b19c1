// Sixteen 4-byte lanes at a time, for every instruction set.
//
// The compiler splits a 64-byte vector into whatever the target has: one AVX-512 register, two of AVX2,
// four of NEON or SSE. Explicit vectors instead of auto-vectorized loops because reductions need them, because the
// vectorizer prefers 256 bits where we want 512, and because kernels that work in place would fail its overlap checks.
//
// Functions marked CLONES exist once per instruction set; the loader picks one. Everything they call must be INLINE,
// so that it is compiled for the same set. INLINE functions take vectors by address: by value they would
// change the calling convention with the instruction set, which the compiler refuses.
#pragma once
#include <float.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

// The functions that choose a clone run before ThreadSanitizer is ready, which instruments them.
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define WITHOUT_CLONES
#endif
#endif
#if defined(__x86_64__) && defined(__linux__) && defined(__GLIBC__) && !defined(WITHOUT_CLONES)
#define CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define CLONES
#endif
#define INLINE static inline __attribute__((always_inline))

enum { LANES = 16 };
typedef float lanes __attribute__((vector_size(64)));
typedef int32_t words __attribute__((vector_size(64)));
typedef uint32_t uwords __attribute__((vector_size(64)));
typedef double wide_lanes __attribute__((vector_size(128)));
typedef float unaligned_lanes __attribute__((vector_size(64), aligned(4), may_alias));

#define LOAD(p) ((lanes)*(const unaligned_lanes *)(p))
#define STORE(p, v) (*(unaligned_lanes *)(p) = (unaligned_lanes)(v))
#define SPLAT(x) ((x) - (lanes){0})  // minus zero, not plus zero: keeps the sign of -0
#define SPLAT_WORD(x) ((x) + (words){0})
#define SELECT(mask, yes, no) ((lanes)(((words)(mask) & (words)(yes)) | (~(words)(mask) & (words)(no))))
#define ABS(x) ((lanes)((words)(x) & 0x7fffffff))

// The first `count` (< 16) lanes from memory; the others stay.
INLINE void load_part(lanes *v, const float *p, int64_t count) {
  char *to = (char *)v;
  const char *from = (const char *)p;
  if (count & 8) memcpy(to, from, 32), to += 32, from += 32;
  if (count & 4) memcpy(to, from, 16), to += 16, from += 16;
  if (count & 2) memcpy(to, from, 8), to += 8, from += 8;
  if (count & 1) memcpy(to, from, 4);
}

INLINE void store_part(float *p, const lanes *v, int64_t count) {
  char *to = (char *)p;
  const char *from = (const char *)v;
  if (count & 8) memcpy(to, from, 32), to += 32, from += 32;
  if (count & 4) memcpy(to, from, 16), to += 16, from += 16;
  if (count & 2) memcpy(to, from, 8), to += 8, from += 8;
  if (count & 1) memcpy(to, from, 4);
}

// The same, where `readable` elements of memory may be read from p on: past the wanted ones, mostly, are the next
// row's. Piecewise loads cost ten times as much. The other lanes become `fill`.
INLINE void load_tail(lanes *v, const float *p, int64_t count, int64_t readable, float fill) {
  const words index = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  if (readable >= LANES) {
    *v = SELECT(index < (int32_t)count, LOAD(p), SPLAT(fill));
  } else {
    *v = SPLAT(fill);
    load_part(v, p, count);
  }
}

// Across the lanes, in a fixed tree.
INLINE float sum_lanes(const lanes *v) {
  lanes x = *v;
  x += __builtin_shufflevector(x, x, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7);
  x += __builtin_shufflevector(x, x, 4, 5, 6, 7, 0, 1, 2, 3, 4, 5, 6, 7, 0, 1, 2, 3);
  x += __builtin_shufflevector(x, x, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1);
  return x[0] + x[1];
}

// May ignore NaN or return it: callers check for NaN separately.
INLINE float greatest_lane(const lanes *v) {
  lanes x = *v, y;
  y = __builtin_shufflevector(x, x, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7);
  x = SELECT(y > x, y, x);
  y = __builtin_shufflevector(x, x, 4, 5, 6, 7, 0, 1, 2, 3, 4, 5, 6, 7, 0, 1, 2, 3);
  x = SELECT(y > x, y, x);
  y = __builtin_shufflevector(x, x, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1);
  x = SELECT(y > x, y, x);
  return x[1] > x[0] ? x[1] : x[0];
}

INLINE int any_lane(const words *v) { return __builtin_reduce_or(*v) != 0; }

// Greater or smaller of two; NaN if either is NaN.
INLINE void lanes_maximum(lanes *m, const lanes *x) {
  lanes greater = SELECT(*m > *x, *m, *x);  // x where x is NaN
  *m = SELECT(*m != *m, *m, greater);
}

INLINE void lanes_minimum(lanes *m, const lanes *x) {
  lanes smaller = SELECT(*m < *x, *m, *x);
  *m = SELECT(*m != *m, *m, smaller);
}
