// A matrix product of floats, and the ways to compute small ones.
#pragma once
#include <stdint.h>

#include "CKernels.h"
#include "simd/simd.h"

// c[m, n] = a[m, k] · b[k, n]
typedef struct {
  int64_t m, n, k;
  const float *a;
  int64_t a_row, a_column;
  const float *b;
  int64_t b_row, b_column;
  float *c;
  int64_t c_row;
} product;

// Products of one or two rows.
static inline int is_thin(const product *p) { return p->m <= 2 && (p->b_column == 1 || p->b_row == 1); }
void backprop_multiply_thin(const product *p);

// Small products with at most 16 columns: to pack a would take as long as the product.
static inline int is_narrow(const product *p) { return p->n <= LANES && p->m * p->n * p->k <= 1 << 17; }
void backprop_multiply_narrow(const product *p);

// Any product, without memory.
void backprop_multiply_small(const product *p);
