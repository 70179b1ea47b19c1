// Discrete Fourier transforms: Stockham's algorithm with factors of 4, 2, 3, 5, 7, 11 and 13, and Bluestein's for others.
//
// Real and imaginary parts lie apart, and several short lines number by number next to each other, so that every pass is a
// loop over neighbors in memory.
//
// Sources: Cooley & Tukey, "An Algorithm for the Machine Calculation of Complex Fourier Series", Mathematics of Computation
// 19 (1965); Stockham's variant: Cochran et al., "What is the Fast Fourier Transform?", Proceedings of the IEEE 55 (1967);
// Bluestein, "A linear filtering approach to the computation of discrete Fourier transform", IEEE Transactions on Audio and
// Electroacoustics 18 (1970).
#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "CKernels.h"
#include "simd/simd.h"
#include "threading/grain.h"

enum { GREATEST_FACTOR = 13, MOST_LINES = 16 };

// The radix of the next pass; 0: n has none.
static int64_t next_factor(int64_t n) {
  if (n % 4 == 0) return 4;
  for (int64_t factor = 2; factor <= GREATEST_FACTOR; factor++)
    if (n % factor == 0) return factor;
  return 0;
}

static int is_smooth(int64_t n) {
  while (n > 1) {
    int64_t factor = next_factor(n);
    if (factor == 0) return 0;
    n /= factor;
  }
  return 1;
}

// The length of the transforms that one of n numbers is done by: n, or for Bluestein's algorithm a power of 2.
static int64_t inner_length(int64_t n) {
  if (is_smooth(n)) return n;
  int64_t length = 1;
  while (length < 2 * n - 1) length *= 2;
  return length;
}

// Of real numbers, pairs are transformed as complex ones where there are only pairs.
static int is_half(backprop_fourier_kind kind, int64_t n) {
  return (kind == BACKPROP_FOURIER_REAL || kind == BACKPROP_FOURIER_HERMITIAN) && n % 2 == 0;
}

// In complex numbers, each array real parts first: the roots of the passes, the chirp and the transformed filter of
// Bluestein's algorithm, and the roots that take pairs apart.
typedef struct {
  int64_t length, inner, chirp, filter, halves, count;
} table_layout;

static table_layout layout_of(backprop_fourier_kind kind, int64_t n) {
  table_layout t = {.length = is_half(kind, n) ? n / 2 : n};
  t.inner = inner_length(t.length);
  t.chirp = t.inner;
  t.filter = t.chirp + (t.inner == t.length ? 0 : t.length);
  t.halves = t.filter + (t.inner == t.length ? 0 : t.inner);
  t.count = t.halves + (is_half(kind, n) ? t.length + 1 : 0);
  return t;
}

// double first: tables are computed in it.
#define T double
#define NAME(x) x##_double
#include "sequence/fourier_passes.h"
#undef T
#undef NAME
#define T float
#define NAME(x) x##_float
#include "sequence/fourier_passes.h"

int64_t backprop_fourier_table_bytes(backprop_type type, backprop_fourier_kind kind, int64_t n) {
  return layout_of(kind, n).count * (type == BACKPROP_FLOAT64 ? 16 : 8);
}

int backprop_fourier_prepare(backprop_type type, backprop_fourier_kind kind, int64_t n, void *table) {
  return type == BACKPROP_FLOAT64 ? prepare_double(kind, n, table) : prepare_float(kind, n, table);
}

int backprop_fourier(
    backprop_type type, backprop_fourier_kind kind, int64_t lines, int64_t n, const void *table, const void *x, void *y) {
  return type == BACKPROP_FLOAT64 ? run_double(kind, lines, n, table, x, y) : run_float(kind, lines, n, table, x, y);
}
