// Plain kernels for the element types that the fast kernels do not take: one source for all of them, in simple loops on
// one thread.
#pragma once
#include <stdint.h>
#include "convolution.h"
#include "elementwise.h"
#include "reduction.h"

#ifdef __cplusplus
extern "C" {
#endif

// Types of elements. A bool is a byte, 0 or 1. There is arithmetic for float64 and the integers, which wraps around.
typedef enum {
  BACKPROP_FLOAT32, BACKPROP_FLOAT64, BACKPROP_BFLOAT16, BACKPROP_FLOAT16, BACKPROP_INT8, BACKPROP_UINT8,
  BACKPROP_INT32, BACKPROP_INT64, BACKPROP_BOOL,
} backprop_type;

// An iteration space, and for each operand and then the result the distance in elements between neighbors along each
// dimension: 0 where it is repeated.
typedef struct {
  int32_t rank;  // 0...BACKPROP_MAX_RANK
  int64_t shape[BACKPROP_MAX_RANK];
  int64_t strides[4][BACKPROP_MAX_RANK];
} backprop_plain_layout;

// y = f(a) or f(a, b), where f is what the fused kernels' instruction of this name does to floats. Comparisons give the
// float 1 or 0, whatever the type. b may be NULL for functions of one number.
void backprop_plain_elementwise(
    backprop_type type, backprop_opcode function, const backprop_plain_layout *layout, const void *a, const void *b,
    void *y);

// Elements of `bytes` bytes (1, 2, 4 or 8): y = condition != 0 ? a : b, and y = x.
void backprop_plain_select(
    int64_t bytes, const backprop_plain_layout *layout, const float *condition, const void *a, const void *b, void *y);
void backprop_plain_copy(int64_t bytes, const backprop_plain_layout *layout, const void *x, void *y);

// y[count] = x[count] as another type. Floats round to nearest, ties to even; those that become whole numbers are cut
// toward zero, to the nearest that fits, NaN to 0. Integers wrap around. A bool is whether the number is not 0.
void backprop_plain_cast(backprop_type from, backprop_type to, int64_t count, const void *x, void *y);

// As backprop_reduce and backprop_argmax. The mean and the norm are for float64.
void backprop_plain_reduce(
    backprop_type type, backprop_reduction kind, int64_t outer, int64_t count, int64_t inner, int64_t row,
    const void *x, void *y);
void backprop_plain_argmax(
    backprop_type type, int64_t outer, int64_t count, int64_t inner, const void *x, int32_t *y);

// c[m, n] = a[m, k] · b[k, n]; distances in elements between the rows and the columns of a and b.
void backprop_plain_matmul(
    backprop_type type, int64_t m, int64_t n, int64_t k, const void *a, int64_t a_row, int64_t a_column, const void *b,
    int64_t b_row, int64_t b_column, void *c);

// As the functions of indexing.h. An index outside the table gives NaN, and 0 in types that have none.
void backprop_plain_gather(
    backprop_type type, int64_t rows, int64_t width, int64_t count, const void *x, const int32_t *indices, void *y);
void backprop_plain_scatter_add(
    backprop_type type, int64_t rows, int64_t width, int64_t count, const int32_t *indices, const void *x, void *y);
void backprop_plain_replace_slice(
    int64_t bytes, int64_t outer, int64_t size, int64_t count, int64_t inner, const void *x, const int32_t *position,
    void *y);

// As backprop_unfold and backprop_fold.
void backprop_plain_unfold(backprop_type type, const backprop_window *window, double outside, const void *x, void *y);
void backprop_plain_fold(backprop_type type, const backprop_window *window, const void *y, void *x);

#ifdef __cplusplus
}
#endif
