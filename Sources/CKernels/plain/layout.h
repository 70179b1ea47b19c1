// Walks over the rows of an iteration space: runs along its last dimension.
#pragma once
#include "CKernels.h"

typedef struct {
  const backprop_plain_layout *layout;
  int64_t rows, size;  // how many, and elements of each
  int64_t at[BACKPROP_MAX_RANK];
  int64_t start[4];  // of the row in each operand, in elements
  int64_t step[4];   // from one of its elements to the next
} rows;

static inline rows rows_of(const backprop_plain_layout *layout) {
  rows r = {.layout = layout, .rows = 1, .size = 1};
  int last = layout->rank - 1;
  for (int d = 0; d < last; d++) r.rows *= layout->shape[d];
  if (last >= 0) r.size = layout->shape[last];
  for (int o = 0; o < 4; o++) r.step[o] = last >= 0 ? layout->strides[o][last] : 0;
  if (r.size == 0) r.rows = 0;
  return r;
}

static inline void next_row(rows *r) {
  r->rows--;
  for (int d = r->layout->rank - 2; d >= 0; d--) {
    int64_t back = ++r->at[d] < r->layout->shape[d] ? 0 : r->at[d];
    for (int o = 0; o < 4; o++) r->start[o] += r->layout->strides[o][d] * (1 - back);
    if (!back) return;
    r->at[d] = 0;
  }
}
