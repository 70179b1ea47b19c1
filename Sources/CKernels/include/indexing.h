// Rows, elements along an axis and images chosen by index, and slices.
#pragma once
#include <stdint.h>
#include "plain.h"
#include "threading.h"

#ifdef __cplusplus
extern "C" {
#endif

// y[count, width] = x[indices[i], :] of x[rows, width]; a row of NaN for an index outside 0..<rows.
void backprop_gather(
    int64_t rows, int64_t width, int64_t count, const float *x, const int32_t *indices, float *y);

// y[rows, width] = for each row the sum of the rows of x[count, width] that have its index; indices outside are
// ignored. Rows of x are x_row apart. Returns -1 where memory is exhausted, otherwise 0.
int backprop_scatter_add(
    int64_t rows, int64_t width, int64_t count, const int32_t *indices, const float *x, int64_t x_row, float *y);

// For each of `count` places: its index, and the sum of the rows of x[count, width] that have it, where it is the first
// place with that index; elsewhere -1 and zeros. Indices outside 0..<rows count nowhere. Elements are float32 (4 bytes) or
// float64 (8). Returns -1 where memory is exhausted, otherwise 0.
int backprop_sum_rows(
    int64_t bytes, int64_t rows, int64_t width, int64_t count, const int32_t *indices, const void *x,
    int32_t *used, void *y);

// y[indices[i], :] = x[i, :] of y with `rows` rows of `row_bytes` bytes; indices outside are ignored, and an index that
// occurs twice must have equal rows.
void backprop_replace_rows(
    int64_t row_bytes, int64_t rows, int64_t count, const int32_t *indices, const void *x, void *y);

// Writes x[outer, count, inner] over y[outer, size, inner] from *position on; the position is clamped so that x fits.
void backprop_replace_slice(
    int64_t outer, int64_t size, int64_t count, int64_t inner, const float *x, const int32_t *position, float *y);

// y[outer, count, inner] = x[o, indices[o, i, j], j] of x[outer, size, inner], elements of `bytes` bytes (1, 2, 4 or 8);
// `outside` holds the bits of what an index outside 0..<size gives.
void backprop_gather_along(
    int64_t bytes, int64_t outer, int64_t size, int64_t count, int64_t inner, const void *x, const int32_t *indices,
    uint64_t outside, void *y);

// What becomes of an element that an index names; NaN is greater and less than all numbers.
typedef enum { BACKPROP_SCATTER_SET, BACKPROP_SCATTER_ADD, BACKPROP_SCATTER_MAXIMUM, BACKPROP_SCATTER_MINIMUM }
    backprop_scatter;

// y[o, indices[o, i, j], j] of y[outer, size, inner] is set to part[outer, count, inner], or combined with it, in the
// order of i; indices outside 0..<size are ignored. Setting looks at `bytes` alone, the others at the type.
void backprop_scatter_along(
    backprop_type type, int64_t bytes, backprop_scatter kind, int64_t outer, int64_t size, int64_t count,
    int64_t inner, const int32_t *indices, const void *part, void *y);

// y[outer, count, inner] = for each row i the sum of weights[t] * x[o, indices[t], :] of x[outer, size, inner] over the
// elements starts[i] <= t < starts[i + 1] of a sparse matrix [count, size]; float32 or float64.
void backprop_sparse_product(
    backprop_type type, int64_t outer, int64_t count, int64_t size, int64_t inner, const int32_t *starts,
    const int32_t *indices, const double *weights, const void *x, void *y);

// y[count, channels, plane] = x[indices[i], channel, :] / greatest * scales[channel] + offsets[channel]: images chosen
// by index, which must be in range.
void backprop_gather_images(
    int64_t count, int64_t channels, int64_t plane, const int32_t *indices, const uint8_t *x, float greatest,
    const float *scales, const float *offsets, float *y);

// The same from image *done on, on the other threads, for as long as the caller does `work`; see backprop_overlapped.
void backprop_gather_images_overlapped(
    int64_t count, int64_t channels, int64_t plane, const int32_t *indices, const uint8_t *x, float greatest,
    const float *scales, const float *offsets, float *y, int64_t *done, backprop_work work, void *context);

#ifdef __cplusplus
}
#endif
