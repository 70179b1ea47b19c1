// 3 x 3 convolutions, unfold and fold, and pooling.
#pragma once
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// y[batch, out_height, out_width, outputs] = x[batch, height, width, inputs] ∗ weights, 3 x 3, channels last, of stride
// 1; on AMX (below) also 2. Channels are multiples of 16. `padding` rows and columns of zeros precede the images
// (0...2), as many as are needed after them.
typedef struct {
  int64_t batch, height, width, inputs, out_height, out_width, outputs, padding[2], stride;
} backprop_winograd;

// Whether the processor has the registers that the kernels were written for. Elsewhere they are correct, but slow.
int32_t backprop_winograd_is_fast(void);

// Workers compute ranges of the results in parallel: as many as threads, if there is work for them.
int64_t backprop_winograd_workers(const backprop_winograd *shape, int64_t threads);

// How many floats of workspace, aligned to 64 bytes, a call takes.
int64_t backprop_winograd_workspace(const backprop_winograd *shape, int64_t workers);

// weights[outputs, inputs, 3, 3]; rotated by 180 degrees: weights[inputs, outputs, 3, 3], for the images' gradient.
void backprop_winograd_convolution(
    const backprop_winograd *shape, const float *x, const float *weights, int32_t rotated, float *y, int64_t workers,
    float *workspace);

// The gradient of the weights[outputs, inputs, 3, 3] from that of y. Each worker has a sum of its own, so its bits
// depend on their number.
int64_t backprop_winograd_gradient_workspace(const backprop_winograd *shape, int64_t workers);
void backprop_winograd_weights_gradient(
    const backprop_winograd *shape, const float *x, const float *y_gradient, float *weights_gradient, int64_t workers,
    float *workspace);

// The same two as direct sums on AMX (backprop_has_amx). 0 where memory is exhausted and the result is incomplete. With
// weights that are rotated, a stride of 2 is that of the convolution whose images' gradient y is: x has zeros between
// its pixels.
int backprop_convolution_amx(
    const backprop_winograd *shape, const float *x, const float *weights, int32_t rotated, float *y, int64_t workers);
int backprop_convolution_gradient_amx(
    const backprop_winograd *shape, const float *x, const float *y_gradient, float *weights_gradient, int64_t workers);

// Unfold (im2col) and fold (col2im).

// x[batch, channels, height, width] dense; window positions out_height x out_width, where
// row = oh * stride[0] - padding[0] + kh * dilation[0] (columns likewise).
typedef struct {
  int64_t batch, channels, height, width, out_height, out_width;
  int64_t kernel[2], stride[2], padding[2], dilation[2];
} backprop_window;

// x[n, c, h, w] -> y[n, c, oh, ow, kh, kw]; `outside` where the window leaves the image.
void backprop_unfold(const backprop_window *window, float outside, const float *x, float *y);

// The transpose of backprop_unfold: adds y[n, c, oh, ow, kh, kw] up into x[n, c, h, w]. Deterministic.
void backprop_fold(const backprop_window *window, const float *y, float *x);

// Pooling of images with channels last: x[n, h, w, c], y[n, oh, ow, c]

// The greatest of each window; NaN counts as greatest, and what is outside of the image as minus infinity.
void backprop_max_pool(const backprop_window *window, const float *x, float *y);

// The first greatest of each window takes the upstream[n, oh, ow, c]; y[n, h, w, c].
void backprop_max_pool_gradient(const backprop_window *window, const float *x, const float *upstream, float *y);

// The mean of each window; what is outside of the image counts as zero.
void backprop_average_pool(const backprop_window *window, const float *x, float *y);

// Every pixel of a window gets an equal share of the upstream[n, oh, ow, c]; y[n, h, w, c].
void backprop_average_pool_gradient(const backprop_window *window, const float *upstream, float *y);

#ifdef __cplusplus
}
#endif
