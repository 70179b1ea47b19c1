// A few rows times a matrix: what a language model does at each symbol it writes. The matrix is read once and its reading
// is all the time it takes, so it is read in the order it lies.
#include "CKernels.h"
#include "simd.h"
#include "threads.h"

enum { DEPTH = 8 };  // rows of the matrix that are added in one pass over the sums

typedef struct {
  int64_t m, n, k, a_row, b_row;
  const float *a, *b;
  float *c;
} product;

// c[columns] (+)= the sum over `depth` rows of a[p] * b[p, columns]
INLINE void add_rows(int depth, int64_t columns, const float *a, const float *b, int64_t b_row, float *c, int adds) {
  int64_t j = 0;
  for (; j + LANES <= columns; j += LANES) {
    lanes sum = {0};
    if (adds) sum = LOAD(c + j);
#pragma clang loop unroll(full)
    for (int p = 0; p < depth; p++) {
      sum = a[p] * LOAD(b + p * b_row + j) + sum;
    }
    STORE(c + j, sum);
  }
  for (; j < columns; j++) {
    float sum = adds ? c[j] : 0;
    for (int p = 0; p < depth; p++) sum = a[p] * b[p * b_row + j] + sum;
    c[j] = sum;
  }
}

CLONES static void columns(void *context, int64_t begin, int64_t end) {
  const product *t = context;
  int64_t p = 0;
  for (; p + DEPTH <= t->k; p += DEPTH)
    for (int64_t i = 0; i < t->m; i++)
      add_rows(
          DEPTH, end - begin, t->a + i * t->a_row + p, t->b + p * t->b_row + begin, t->b_row, t->c + i * t->n + begin,
          p > 0);
  for (; p < t->k; p++)
    for (int64_t i = 0; i < t->m; i++)
      add_rows(
          1, end - begin, t->a + i * t->a_row + p, t->b + p * t->b_row + begin, t->b_row, t->c + i * t->n + begin, p > 0);
}

void backprop_vector_matrix(
    int64_t m, int64_t n, int64_t k, const float *a, int64_t a_row, const float *b, int64_t b_row, float *c) {
  if (m <= 0 || n <= 0) return;
  if (k <= 0) {
    memset(c, 0, (size_t)(m * n) * sizeof(float));
    return;
  }
  product t = {m, n, k, a_row, b_row, a, b, c};
  int64_t grain = backprop_grain(n, 0.25 * (double)k);
  backprop_parallel(n, (grain + 2 * LANES - 1) / (2 * LANES) * (2 * LANES), columns, &t);
}
