// Reductions along an axis, softmax and cross entropy.
#pragma once
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// Reductions. x[outer, count, inner] -> y[outer, inner]

// The mean and the Euclidean norm are right even where sums or squares leave the range of a float.
typedef enum { BACKPROP_SUM, BACKPROP_MAXIMUM, BACKPROP_MINIMUM, BACKPROP_MEAN, BACKPROP_NORM } backprop_reduction;

// count 0 gives 0, -inf, +inf, NaN, 0.  Sums keep partial sums apart, so that their error does not grow with count.
// x has `row` elements from one of `count` to the next: inner, or more where inner is at least 64.
void backprop_reduce(
    backprop_reduction kind, int64_t outer, int64_t count, int64_t inner, int64_t row, const float *x, float *y);

// The index of the first greatest (NaN counts as greatest).
void backprop_argmax(int64_t outer, int64_t count, int64_t inner, const float *x, int32_t *y);

// Softmax and cross entropy. x[rows, width]

// y may be x.
void backprop_softmax(int64_t rows, int64_t width, const float *x, float *y);
void backprop_log_softmax(int64_t rows, int64_t width, const float *x, float *y);

// losses[rows] = log(sum(exp(logits[r, :]))) - logits[r, labels[r]].  A label outside 0..<classes gives NaN.
void backprop_cross_entropy(
    int64_t rows, int64_t classes, const float *logits, const int32_t *labels, float *losses);

// gradient[rows, classes] = (softmax(logits) - one_hot(labels)) * upstream[row].  gradient may be logits.
// A label outside 0..<classes gives a row of NaN; an upstream of 0 gives a row of zeros, whatever the logits and the
// label are.
void backprop_cross_entropy_gradient(
    int64_t rows, int64_t classes, const float *logits, const int32_t *labels, const float *upstream,
    float *gradient);

#ifdef __cplusplus
}
#endif
