// The kernels that an element type with arithmetic has; see plain.h for what they do.
#pragma once
#include "CKernels.h"

typedef struct {
  void (*elementwise)(
      backprop_opcode function, const backprop_plain_layout *layout, const void *a, const void *b, void *y);
  void (*reduce)(
      backprop_reduction kind, int64_t outer, int64_t count, int64_t inner, int64_t row, const void *x, void *y);
  void (*argmax)(int64_t outer, int64_t count, int64_t inner, const void *x, int32_t *y);
  void (*matmul)(
      int64_t m, int64_t n, int64_t k, const void *a, int64_t a_row, int64_t a_column, const void *b, int64_t b_row,
      int64_t b_column, void *c);
  void (*scatter_add)(
      int64_t rows, int64_t width, int64_t count, const int32_t *indices, const void *x, void *y);
  void (*unfold)(const backprop_window *window, double outside, const void *x, void *y);
  void (*fold)(const backprop_window *window, const void *y, void *x);
} plain_kernels;

extern const plain_kernels plain_float64, plain_int8, plain_uint8, plain_int32, plain_int64;
