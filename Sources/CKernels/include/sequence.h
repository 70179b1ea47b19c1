// What runs along sequences: scans, Fourier transforms, and connectionist temporal classification.
#pragma once
#include <stdint.h>
#include "plain.h"

#ifdef __cplusplus
extern "C" {
#endif

// Scans: results that run along an axis, each from the one before. x[outer, count, inner], of any type with arithmetic.

// y[t] = factors[t] * y[t - 1] + terms[t] from y[0] = terms[0] on; reversed: y[t] = factors[t + 1] * y[t + 1] + terms[t]
// from the last on. factors may be NULL: all are 1. Floats run in double; integers wrap around.
void backprop_linear_scan(
    backprop_type type, int reversed, int64_t outer, int64_t count, int64_t inner, const void *factors,
    const void *terms, void *y);

// The index of the greatest (least) of x[0...t], the last one of equal ones. NaN counts as greatest and as least.
void backprop_cumulative_argmax(
    backprop_type type, int is_minimum, int64_t outer, int64_t count, int64_t inner, const void *x, int32_t *y);

// Discrete Fourier transforms of lines. A complex number is a pair: its real and its imaginary part.

typedef enum {
  BACKPROP_FOURIER,            // x[lines, n, 2] to y[lines, n, 2]: Σ x e^(−2πi jk / n)
  BACKPROP_FOURIER_INVERSE,    // the same with e^(+2πi jk / n)
  BACKPROP_FOURIER_REAL,       // real x[lines, n] to y[lines, n / 2 + 1, 2], the first half of the transform
  BACKPROP_FOURIER_HERMITIAN,  // x[lines, n / 2 + 1, 2], the first half of what belongs to real numbers, to them: y[lines, n]
} backprop_fourier_kind;

// The roots of unity and such that a transform of n numbers takes: how many bytes, and to compute them (0, or 1 where there
// is no memory).
int64_t backprop_fourier_table_bytes(backprop_type type, backprop_fourier_kind kind, int64_t n);
int backprop_fourier_prepare(backprop_type type, backprop_fourier_kind kind, int64_t n, void *table);

// n at least 1, of any factors, float32 or float64; nothing is divided by n. 0, or 1 where there is no memory.
int backprop_fourier(
    backprop_type type, backprop_fourier_kind kind, int64_t lines, int64_t n, const void *table, const void *x, void *y);

// Connectionist temporal classification.

// The sizes: log probabilities [time, batch, classes], and targets [batch, length] of which each example has as many as its
// target length says; as many of the times count as its input length says.
typedef struct {
  int64_t time, batch, classes, length;
  int32_t blank;
} backprop_ctc_shape;

// losses[batch]; infinite where the targets do not fit into the times, NaN where lengths or labels are not valid. 0, or 1
// where there is no memory.
int backprop_ctc(
    const backprop_ctc_shape *shape, const float *log_probabilities, const int32_t *targets, const int32_t *input_lengths,
    const int32_t *target_lengths, float *losses);

// gradient[time, batch, classes] of the sum of losses[batch] * upstream[batch]; 0 where a loss is not finite.
int backprop_ctc_gradient(
    const backprop_ctc_shape *shape, const float *log_probabilities, const int32_t *targets, const int32_t *input_lengths,
    const int32_t *target_lengths, const float *upstream, float *gradient);

#ifdef __cplusplus
}
#endif
