// Matrix products that are not worth packing: of few rows, few columns or few elements.
#include "gemm/matmul.h"
#include "simd/simd.h"
#include "threading/grain.h"

#include <stddef.h>
#include <string.h>

// c[m, n] for products too small to pack (or no memory to pack into): row by row
CLONES void backprop_multiply_small(const product *p) {
  const float *end = p->b_row >= 0 ? p->b + (p->k - 1) * p->b_row + p->n : p->b;
  for (int64_t i = 0; i < p->m; i++) {
    const float *a = p->a + i * p->a_row;
    float *c = p->c + i * p->c_row;
    int64_t j = 0;
    if (p->b_column == 1) {
      for (; j < p->n; j += LANES) {
        int64_t n = p->n - j < LANES ? p->n - j : LANES;
        lanes sum = {0};
        for (int64_t q = 0; q < p->k; q++) {
          lanes right = {0};
          const float *from = p->b + q * p->b_row + j;
          // Past a ragged end there is usually the next row: lanes that are not stored may hold anything.
          if (n == LANES || from + LANES <= end) right = LOAD(from); else load_part(&right, from, n);
          sum = a[q * p->a_column] * right + sum;
        }
        if (n == LANES) STORE(c + j, sum); else store_part(c + j, &sum, n);
      }
    } else if (p->b_row == 1 && p->a_column == 1) {
      for (; j < p->n; j++) {
        const float *b = p->b + j * p->b_column;
        lanes sum = {0};
        int64_t q = 0;
        for (; q + LANES <= p->k; q += LANES) sum = LOAD(a + q) * LOAD(b + q) + sum;
        if (q < p->k) {
          lanes x = {0}, y = {0};
          load_part(&x, a + q, p->k - q);
          load_part(&y, b + q, p->k - q);
          sum = x * y + sum;
        }
        c[j] = sum_lanes(&sum);
      }
    } else {
      for (; j < p->n; j++) {
        float sum = 0;
        for (int64_t q = 0; q < p->k; q++)
          sum += a[q * p->a_column] * p->b[q * p->b_row + j * p->b_column];
        c[j] = sum;
      }
    }
  }
}

// MARK: Few columns

// c[rows, n] = a[rows, k] · b[k, 16] for n <= 16, a in place
INLINE void narrow_rows(int rows, const product *p, int64_t i, const float *b) {
  const float *a = p->a + i * p->a_row;
  lanes sums[4];
#pragma clang loop unroll(full)
  for (int r = 0; r < rows; r++) sums[r] = (lanes){0};
  for (int64_t q = 0; q < p->k; q++) {
    lanes right = LOAD(b + q * LANES);
#pragma clang loop unroll(full)
    for (int r = 0; r < rows; r++) sums[r] = a[r * p->a_row + q * p->a_column] * right + sums[r];
  }
#pragma clang loop unroll(full)
  for (int r = 0; r < rows; r++) {
    float *to = p->c + (i + r) * p->c_row;
    if (p->n == LANES) STORE(to, sums[r]); else store_part(to, &sums[r], p->n);
  }
}

CLONES void backprop_multiply_narrow(const product *p) {
  float *right = backprop_scratch(2, p->k * LANES * (int64_t)sizeof(float));
  if (!right) {
    backprop_multiply_small(p);
    return;
  }
  for (int64_t q = 0; q < p->k; q++) {
    const float *from = p->b + q * p->b_row;
    for (int64_t j = 0; j < LANES; j++) right[q * LANES + j] = j < p->n ? from[j * p->b_column] : 0;
  }
  int64_t i = 0;
  for (; i + 4 <= p->m; i += 4) narrow_rows(4, p, i, right);
  for (; i < p->m; i++) narrow_rows(1, p, i, right);
}

// MARK: A row or two times a matrix

// c[n] = a[k] · b[k, n], rows of b in memory order: eight of them a pass over c, which stays in the first-level cache
CLONES static void row_times_rows(
    int64_t n, int64_t k, const float *a, int64_t a_column, const float *b, int64_t b_row, float *c) {
  memset(c, 0, (size_t)n * sizeof *c);
  for (int64_t q = 0; q < k; q += 8) {
    int64_t rows = k - q < 8 ? k - q : 8;
    const float *from = b + q * b_row;
    float factors[8] = {0};
    for (int64_t r = 0; r < rows; r++) factors[r] = a[(q + r) * a_column];
    int64_t j = 0;
    for (; j + LANES <= n; j += LANES) {
      lanes sum = LOAD(c + j);
      if (rows == 8) {
#pragma clang loop unroll(full)
        for (int r = 0; r < 8; r++) sum = factors[r] * LOAD(from + r * b_row + j) + sum;
      } else {
        for (int64_t r = 0; r < rows; r++) sum = factors[r] * LOAD(from + r * b_row + j) + sum;
      }
      STORE(c + j, sum);
    }
    for (; j < n; j++)
      for (int64_t r = 0; r < rows; r++) c[j] += factors[r] * from[r * b_row + j];
  }
}

// c[n] = a[k] · b[n, k] transposed: four rows of b at a time. a is dense.
CLONES static void row_times_columns(
    int64_t n, int64_t k, const float *a, const float *b, int64_t b_column, float *c) {
  int64_t whole = k / LANES * LANES;
  for (int64_t j = 0; j < n; j += 4) {
    int64_t count = n - j < 4 ? n - j : 4;
    const float *x[4];
    for (int64_t r = 0; r < 4; r++) x[r] = b + (j + (r < count ? r : 0)) * b_column;
    lanes s0 = {0}, s1 = {0}, s2 = {0}, s3 = {0};
    for (int64_t q = 0; q < whole; q += LANES) {
      lanes left = LOAD(a + q);
      s0 = left * LOAD(x[0] + q) + s0;
      s1 = left * LOAD(x[1] + q) + s1;
      s2 = left * LOAD(x[2] + q) + s2;
      s3 = left * LOAD(x[3] + q) + s3;
    }
    float sums[4] = {sum_lanes(&s0), sum_lanes(&s1), sum_lanes(&s2), sum_lanes(&s3)};
    for (int64_t r = 0; r < count; r++) {
      for (int64_t q = whole; q < k; q++) sums[r] += a[q] * x[r][q];
      c[j + r] = sums[r];
    }
  }
}

void backprop_multiply_thin(const product *p) {
  for (int64_t i = 0; i < p->m; i++) {
    const float *a = p->a + i * p->a_row;
    float *c = p->c + i * p->c_row;
    if (p->b_column == 1) {
      for (int64_t j = 0; j < p->n; j += 2048) {
        int64_t n = p->n - j < 2048 ? p->n - j : 2048;
        row_times_rows(n, p->k, a, p->a_column, p->b + j, p->b_row, c + j);
      }
    } else {
      float *dense = p->a_column == 1 ? NULL : backprop_scratch(1, p->k * (int64_t)sizeof(float));
      if (dense)
        for (int64_t q = 0; q < p->k; q++) dense[q] = a[q * p->a_column];
      if (!dense && p->a_column != 1) {
        backprop_multiply_small(p);
        return;
      }
      row_times_columns(p->n, p->k, dense ? dense : a, p->b, p->b_column, c);
    }
  }
}
