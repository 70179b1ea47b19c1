// Strided views of memory: how operands of fused elementwise kernels are read and written.
#pragma once
#include <stdint.h>

#include "CKernels.h"

// Dimensions of an iteration space; the last varies fastest.
typedef struct {
  int rank;
  int64_t shape[BACKPROP_MAX_RANK];
} space;

typedef struct {
  float *base;
  int64_t strides[BACKPROP_MAX_RANK];
} view;

// Drops dimensions of size 1 and joins neighbors that are contiguous in every view. Changes the views to match.
void space_collapse(space *s, view *const *views, int count);

// Whether elements follow each other without gaps from dimension `first` on.
int view_is_dense(const view *v, const space *s, int first);

// How many leading dimensions have stride 0.
int view_leading_zeros(const view *v, const space *s);

// Elements start..<start + count in the order of the space, to or from a dense block.
void view_gather(const view *v, const space *s, int64_t start, int64_t count, float *block);
void view_scatter(const view *v, const space *s, int64_t start, int64_t count, const float *block);

// block[rows, columns] dense, to or from memory at the given strides.
void tile_gather(
    const float *x, int64_t row_stride, int64_t column_stride, int64_t rows, int64_t columns, float *block);
void tile_scatter(
    float *y, int64_t row_stride, int64_t column_stride, int64_t rows, int64_t columns, const float *block);

// One element's bits, `count` times.
void run_fill(float *to, const float *value, int64_t count);
