// Rows and images chosen by index, and slices.
#pragma once
#include <stdint.h>
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

// Writes x[outer, count, inner] over y[outer, size, inner] from *position on; the position is clamped so that x fits.
void backprop_replace_slice(
    int64_t outer, int64_t size, int64_t count, int64_t inner, const float *x, const int32_t *position, float *y);

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
