// Plain kernels with arithmetic: finds those of the type.
#include "plain/table.h"

static const plain_kernels *kernels_of(backprop_type type) {
  switch (type) {
  case BACKPROP_INT8: return &plain_int8;
  case BACKPROP_UINT8: return &plain_uint8;
  case BACKPROP_INT32: return &plain_int32;
  case BACKPROP_INT64: return &plain_int64;
  default: return &plain_float64;
  }
}

void backprop_plain_elementwise(
    backprop_type type, backprop_opcode function, const backprop_plain_layout *layout, const void *a, const void *b,
    void *y) {
  kernels_of(type)->elementwise(function, layout, a, b, y);
}

void backprop_plain_reduce(
    backprop_type type, backprop_reduction kind, int64_t outer, int64_t count, int64_t inner, int64_t row,
    const void *x, void *y) {
  kernels_of(type)->reduce(kind, outer, count, inner, row, x, y);
}

void backprop_plain_argmax(
    backprop_type type, int64_t outer, int64_t count, int64_t inner, const void *x, int32_t *y) {
  kernels_of(type)->argmax(outer, count, inner, x, y);
}

void backprop_plain_matmul(
    backprop_type type, int64_t m, int64_t n, int64_t k, const void *a, int64_t a_row, int64_t a_column, const void *b,
    int64_t b_row, int64_t b_column, void *c) {
  kernels_of(type)->matmul(m, n, k, a, a_row, a_column, b, b_row, b_column, c);
}

void backprop_plain_scatter_add(
    backprop_type type, int64_t rows, int64_t width, int64_t count, const int32_t *indices, const void *x, void *y) {
  kernels_of(type)->scatter_add(rows, width, count, indices, x, y);
}

void backprop_plain_unfold(backprop_type type, const backprop_window *window, double outside, const void *x, void *y) {
  kernels_of(type)->unfold(window, outside, x, y);
}

void backprop_plain_fold(backprop_type type, const backprop_window *window, const void *y, void *x) {
  kernels_of(type)->fold(window, y, x);
}
