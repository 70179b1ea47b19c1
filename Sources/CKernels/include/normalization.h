// Statistics of channels; batch, layer and group normalization.
#pragma once
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// The mean and the biased variance of each channel: x[outer, channels, inner] -> mean[channels], variance[channels].
void backprop_moments(
    int64_t outer, int64_t channels, int64_t inner, const float *x, float *mean, float *variance);

// The gradients of scale and shift [channels] of batch normalization: of each channel of x and upstream
// [outer, channels, inner], the sums of upstream * (x - mean) / sqrt(variance + epsilon) and of upstream. With factor
// and shift [channels], which may be NULL, of the upstream that ReLU lets through: where (x - mean) * factor + shift >
// 0.
void backprop_batch_norm_sums(
    int64_t outer, int64_t channels, int64_t inner, float epsilon, const float *x, const float *mean,
    const float *variance, const float *upstream, const float *factor, const float *shift, float *scale_gradient,
    float *shift_gradient);

// y = (x - mean) * inverse * scale + shift for each row, mean[rows] and inverse[rows] = 1 / sqrt(variance + epsilon).
void backprop_layer_norm(
    int64_t rows, int64_t width, float epsilon, const float *x, const float *scale, const float *shift, float *y,
    float *mean, float *inverse);

// The gradients y of x, and of scale and shift [width].
void backprop_layer_norm_gradient(
    int64_t rows, int64_t width, const float *x, const float *mean, const float *inverse, const float *scale,
    const float *upstream, float *y, float *scale_gradient, float *shift_gradient);

// y = (x - mean) * inverse * scale + shift for x[outer, channels, inner], with mean[outer, groups] and
// inverse[outer, groups] = 1 / sqrt(variance + epsilon) of the channels / groups channels of each group;
// scale and shift [channels].
void backprop_group_norm(
    int64_t outer, int64_t channels, int64_t groups, int64_t inner, float epsilon, const float *x, const float *scale,
    const float *shift, float *y, float *mean, float *inverse);

// The gradients y of x, and of scale and shift [channels].
void backprop_group_norm_gradient(
    int64_t outer, int64_t channels, int64_t groups, int64_t inner, const float *x, const float *mean,
    const float *inverse, const float *scale, const float *upstream, float *y, float *scale_gradient,
    float *shift_gradient);

#ifdef __cplusplus
}
#endif
