// Scans: results that run along an axis, each from the one before. x[outer, count, inner], of any type with arithmetic.
#pragma once
#include <stdint.h>
#include "plain.h"

#ifdef __cplusplus
extern "C" {
#endif

// y[t] = factors[t] * y[t - 1] + terms[t] from y[0] = terms[0] on; reversed: y[t] = factors[t + 1] * y[t + 1] + terms[t]
// from the last on. factors may be NULL: all are 1. Floats run in double; integers wrap around.
void backprop_linear_scan(
    backprop_type type, int reversed, int64_t outer, int64_t count, int64_t inner, const void *factors,
    const void *terms, void *y);

// The index of the greatest (least) of x[0...t], the last one of equal ones. NaN counts as greatest and as least.
void backprop_cumulative_argmax(
    backprop_type type, int is_minimum, int64_t outer, int64_t count, int64_t inner, const void *x, int32_t *y);

#ifdef __cplusplus
}
#endif
