// Products of small dense tiles in the first-level cache, which attention consists of.
#pragma once
#include <stdint.h>

typedef void backprop_tile_micro(
    int64_t depth, const float *a, int64_t a_step, const float *b, int64_t b_row, float *c, int64_t c_row,
    const float *keep);

// Micro kernels of the processor at hand: up to `rows` rows (a power of two) and `vectors` times 16 columns.
typedef struct {
  int rows, vectors;
  backprop_tile_micro *by_rows[4][2];   // 1, 2, 4 or 8 rows; one or two vectors
  backprop_tile_micro *by_columns[2];   // `rows` rows
  backprop_tile_micro *half;            // `rows` rows of 8 columns in half the time; NULL where there is no such kernel
} backprop_tile_kernel;

backprop_tile_kernel backprop_choose_tile_kernel(void);

// c[m, n] = a[m, depth] · b[depth, n], added to c where `adds`. Rows are a_row, b_row and c_row apart. Where n is no
// multiple of 16, b is readable up to the next one; c is written no further than n.
void backprop_tile_product(
    const backprop_tile_kernel *kernel, int64_t m, int64_t n, int64_t depth, const float *a, int64_t a_row,
    const float *b, int64_t b_row, float *c, int64_t c_row, int adds);

// c[rows, n] = keep[rows] * c + a[depth, rows]' · b[depth, n] for the kernel's number of rows and n a multiple of 16.
// keep NULL: c is only written.
void backprop_tile_transposed_product(
    const backprop_tile_kernel *kernel, int64_t n, int64_t depth, const float *a, int64_t a_row, const float *b,
    int64_t b_row, float *c, int64_t c_row, const float *keep);
