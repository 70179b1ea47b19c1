// A few rows times a matrix: what a language model does at each symbol it writes. Reading the matrix is all the time it
// takes.
//
// A matrix that comes from memory is read by whole rows, in two streams a thread that lie far apart: the hardware
// fetches such streams ahead as fast as memory goes, rows side by side or parts of rows at half of that. Small matrices
// are in the caches and wide ones have long rows, so there the sums count: they are loaded once for eight rows.
#include "CKernels.h"
#include "simd.h"
#include "threads.h"

enum {
  STREAMS = 2,
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

// c[columns] (+)= the sum over `count` rows, `apart` rows from one to the next, of a[s * apart] * b[s * apart, columns]
INLINE void add_rows(
    int count, int64_t apart, int64_t columns, const float *a, const float *b, int64_t b_row, float *c, int adds) {
  int64_t j = 0;
  for (; j + LANES <= columns; j += LANES) {
    lanes sum = {0};
    if (adds) sum = LOAD(c + j);
#pragma clang loop unroll(full)
    for (int s = 0; s < count; s++) sum = a[s * apart] * LOAD(b + s * apart * b_row + j) + sum;
    STORE(c + j, sum);
  }
  for (; j < columns; j++) {
    float sum = adds ? c[j] : 0;
    for (int s = 0; s < count; s++) sum = a[s * apart] * b[s * apart * b_row + j] + sum;
    c[j] = sum;
  }
}

// Some columns, all rows.
CLONES static void columns(void *context, int64_t begin, int64_t end) {
  const product *t = context;
  const float *b = t->b + begin;
  float *c = t->c + begin;
  int64_t p = 0, n = end - begin;
  for (; p + DEPTH <= t->k; p += DEPTH)
    for (int64_t i = 0; i < t->m; i++)
      add_rows(DEPTH, 1, n, t->a + i * t->a_row + p, b + p * t->b_row, t->b_row, c + i * t->n, p > 0);
  for (; p < t->k; p++)
    for (int64_t i = 0; i < t->m; i++)
      add_rows(1, 1, n, t->a + i * t->a_row + p, b + p * t->b_row, t->b_row, c + i * t->n, p > 0);
}

// Some rows, all columns. At least as many rows as streams.
CLONES static void rows(const product *t, int64_t part) {
  int64_t begin = t->k * part / t->parts, count = t->k * (part + 1) / t->parts - begin;
  int64_t apart = count / STREAMS;
  const float *a = t->a + begin, *b = t->b + begin * t->b_row;
  float *c = part ? t->partial + (part - 1) * t->m * t->n : t->c;
  for (int64_t p = 0; p < apart; p++)
    for (int64_t i = 0; i < t->m; i++)
      add_rows(STREAMS, apart, t->n, a + i * t->a_row + p, b + p * t->b_row, t->b_row, c + i * t->n, p > 0);
  for (int64_t p = STREAMS * apart; p < count; p++)
    for (int64_t i = 0; i < t->m; i++)
      add_rows(1, 1, t->n, a + i * t->a_row + p, b + p * t->b_row, t->b_row, c + i * t->n, 1);
}

static void parts_of_rows(void *context, int64_t begin, int64_t end) {
  for (int64_t part = begin; part < end; part++) rows(context, part);
}

CLONES static void add(int64_t count, const float *x, float *y) {
  for (int64_t i = 0; i < count; i++) y[i] += x[i];
}

void backprop_vector_matrix(
    int64_t m, int64_t n, int64_t k, const float *a, int64_t a_row, const float *b, int64_t b_row, float *c) {
  if (m <= 0 || n <= 0) return;
  if (k <= 0) {
    memset(c, 0, (size_t)(m * n) * sizeof(float));
    return;
  }
  product t = {m, n, k, a_row, b_row, a, b, c, NULL, 1};
  int64_t grain = backprop_grain(n, 0.25 * (double)k);
  if (n * k <= SMALL || n > WIDE || k < ROWS_A_THREAD) {
    backprop_parallel(n, (grain + COLUMNS - 1) / COLUMNS * COLUMNS, columns, &t);
    return;
  }
  t.parts = (n + grain - 1) / grain;
  if (t.parts > k / ROWS_A_THREAD) t.parts = k / ROWS_A_THREAD;
  if (t.parts > 1) t.partial = backprop_scratch(0, (t.parts - 1) * m * n * (int64_t)sizeof *c);
  if (!t.partial) t.parts = 1;
  backprop_parallel(t.parts, 1, parts_of_rows, &t);
  for (int64_t part = 1; part < t.parts; part++) add(m * n, t.partial + (part - 1) * m * n, c);
}
