// A few rows times a matrix, as a language model does for each token it generates. The time is that of reading the
// matrix.
//
// A matrix that is in memory is read by whole rows, in two streams a thread that are far apart: the hardware prefetches
// such streams at full memory bandwidth, but adjacent rows or parts of rows at half of it. Small matrices are in the
// caches and wide ones have long rows, so there the sums dominate: they are loaded once for eight rows.
#include "CKernels.h"
#include "simd/simd.h"
#include "threading/grain.h"

enum {
  STREAMS = 2,
  ROWS = 4,             // of a at a time
  DEPTH = 8,            // rows side by side that are added in one pass over the sums
  SMALL = 1 << 16,      // elements of a matrix that is taken to be in the caches
  WIDE = 2048,          // more sums than that leave the first-level cache
  ROWS_A_THREAD = 64,   // with fewer, adding up the threads' sums would cost more than the threads gain
  COLUMNS = 2 * LANES,  // threads share columns by as many
};

typedef struct {
  int64_t m, n, k, a_row, b_row;
  const float *a, *b;
  float *c;
  float *partial;  // [parts - 1, m, n]: sums over the rows of the parts after the first
  int64_t parts;
} product;

// c[i, begin..<end] (+)= the sum over `count` rows, `apart` rows from p on from one to the next, of a[i, row] * b[row,
// ...], for `m` rows i. `m` and `count` are constants where this is called.
INLINE void add_rows(
    product t, int m, int count, int64_t p, int64_t apart, int64_t begin, int64_t end, float *c, int adds) {
  float a[ROWS][DEPTH];
#pragma clang loop unroll(full)
  for (int i = 0; i < m; i++) {
#pragma clang loop unroll(full)
    for (int s = 0; s < count; s++) a[i][s] = t.a[i * t.a_row + p + s * apart];
  }
  int64_t j = begin;
  for (; j + LANES <= end; j += LANES) {
    lanes row[DEPTH];
#pragma clang loop unroll(full)
    for (int s = 0; s < count; s++) row[s] = LOAD(t.b + (p + s * apart) * t.b_row + j);
#pragma clang loop unroll(full)
    for (int i = 0; i < m; i++) {
      lanes sum = {0};
      if (adds) sum = LOAD(c + i * t.n + j);
#pragma clang loop unroll(full)
      for (int s = 0; s < count; s++) sum = a[i][s] * row[s] + sum;
      STORE(c + i * t.n + j, sum);
    }
  }
  for (; j < end; j++)
    for (int i = 0; i < m; i++) {
      float sum = adds ? c[i * t.n + j] : 0;
      for (int s = 0; s < count; s++) sum = a[i][s] * t.b[(p + s * apart) * t.b_row + j] + sum;
      c[i * t.n + j] = sum;
    }
}

// Some columns, all rows of the matrix.
INLINE void columns_of(product t, int m, int64_t begin, int64_t end) {
  int64_t p = 0;
  for (; p + DEPTH <= t.k; p += DEPTH) add_rows(t, m, DEPTH, p, 1, begin, end, t.c, p > 0);
  for (; p < t.k; p++) add_rows(t, m, 1, p, 1, begin, end, t.c, p > 0);
}

// Some rows of the matrix, all columns. At least as many rows as streams.
INLINE void rows_of(product t, int m, int64_t part) {
  int64_t begin = t.k * part / t.parts, end = t.k * (part + 1) / t.parts;
  int64_t apart = (end - begin) / STREAMS;
  float *c = part ? t.partial + (part - 1) * t.m * t.n : t.c;
  for (int64_t p = begin; p < begin + apart; p++) add_rows(t, m, STREAMS, p, apart, 0, t.n, c, p > begin);
  for (int64_t p = begin + STREAMS * apart; p < end; p++) add_rows(t, m, 1, p, 1, 0, t.n, c, 1);
}

// c[i, j + s * apart] = the product of row i of a and row j + s * apart of bᵀ, for m rows i and `count` s, constants
// again.
INLINE void add_dots(product t, int m, int count, int64_t j, int64_t apart) {
  lanes sums[ROWS][STREAMS] = {0}, x, row[STREAMS];
  int64_t p = 0;
  for (; p + LANES <= t.k; p += LANES) {
#pragma clang loop unroll(full)
    for (int s = 0; s < count; s++) row[s] = LOAD(t.b + (j + s * apart) * t.b_row + p);
#pragma clang loop unroll(full)
    for (int i = 0; i < m; i++) {
      x = LOAD(t.a + i * t.a_row + p);
#pragma clang loop unroll(full)
      for (int s = 0; s < count; s++) sums[i][s] = x * row[s] + sums[i][s];
    }
  }
  for (int i = 0; i < m; i++)
    for (int s = 0; s < count; s++) {
      float *sum = t.c + i * t.n + j + s * apart;
      *sum = sum_lanes(&sums[i][s]);
      for (int64_t q = p; q < t.k; q++) *sum = t.a[i * t.a_row + q] * t.b[(j + s * apart) * t.b_row + q] + *sum;
    }
}

// Some columns of c, that is, rows of bᵀ.
INLINE void dots_of(product t, int m, int64_t begin, int64_t end) {
  int64_t apart = (end - begin) / STREAMS;
  for (int64_t j = begin; j < begin + apart; j++) add_dots(t, m, STREAMS, j, apart);
  for (int64_t j = begin + STREAMS * apart; j < end; j++) add_dots(t, m, 1, j, 0);
}

// The same with a constant number of rows.
#define FOR_ROWS(t, call, ...)               \
  switch ((t).m) {                           \
    case 1: call(t, 1, __VA_ARGS__); break;  \
    case 2: call(t, 2, __VA_ARGS__); break;  \
    case 3: call(t, 3, __VA_ARGS__); break;  \
    default: call(t, 4, __VA_ARGS__); break; \
  }

CLONES static void columns(void *context, int64_t begin, int64_t end) {
  product t = *(const product *)context;
  FOR_ROWS(t, columns_of, begin, end)
}

CLONES static void rows(void *context, int64_t begin, int64_t end) {
  product t = *(const product *)context;
  for (int64_t part = begin; part < end; part++) FOR_ROWS(t, rows_of, part)
}

CLONES static void dots(void *context, int64_t begin, int64_t end) {
  product t = *(const product *)context;
  FOR_ROWS(t, dots_of, begin, end)
}

CLONES static void add(int64_t count, const float *x, float *y) {
  for (int64_t i = 0; i < count; i++) y[i] += x[i];
}

// By parts of rows where the matrix is in memory, otherwise by columns.
static void multiply(product t) {
  int64_t grain = backprop_grain(t.n, 0.25 * (double)t.k);
  if (t.n * t.k <= SMALL || t.n > WIDE || t.k < ROWS_A_THREAD) {
    backprop_parallel(t.n, (grain + COLUMNS - 1) / COLUMNS * COLUMNS, columns, &t);
    return;
  }
  t.parts = (t.n + grain - 1) / grain;
  if (t.parts > t.k / ROWS_A_THREAD) t.parts = t.k / ROWS_A_THREAD;
  if (t.parts > 1) t.partial = backprop_scratch(0, (t.parts - 1) * t.m * t.n * (int64_t)sizeof *t.c);
  if (!t.partial) t.parts = 1;
  backprop_parallel(t.parts, 1, rows, &t);
  for (int64_t part = 1; part < t.parts; part++) add(t.m * t.n, t.partial + (part - 1) * t.m * t.n, t.c);
}

void backprop_vector_matrix(
    int64_t m, int64_t n, int64_t k, const float *a, int64_t a_row, const float *b, int64_t b_row, int is_transposed, float *c) {
  if (m <= 0 || n <= 0) return;
  if (k <= 0) {
    memset(c, 0, (size_t)(m * n) * sizeof(float));
    return;
  }
  for (int64_t i = 0; i < m; i += ROWS) {
    int64_t few = m - i < ROWS ? m - i : ROWS;
    product t = {.m = few, .n = n, .k = k, .a_row = a_row, .b_row = b_row, .a = a + i * a_row, .b = b, .c = c + i * n};
    if (is_transposed) {
      backprop_parallel(n, backprop_grain(n, 0.25 * (double)k), dots, &t);
    } else {
      multiply(t);
    }
  }
}
