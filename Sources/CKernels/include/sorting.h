// Sorting and searching, of any type with arithmetic. NaN is greater than all numbers and equal to itself; zeros of both
// signs, and denormal numbers, are equal.
#pragma once
#include <stdint.h>
#include "plain.h"

#ifdef __cplusplus
extern "C" {
#endif

// y[rows, count] = the indices of the `count` least elements of each row of x[rows, width], or of the greatest ones, in
// order; of equal ones the first comes first. Returns -1 where memory is exhausted, otherwise 0.
int backprop_argsort(
    backprop_type type, int is_descending, int64_t rows, int64_t width, int64_t count, const void *x, int32_t *y);

// y[rows, count] = how many elements of the ascending row of x[rows, width] (of the only row, where is_shared) are below
// values[rows, count], or, where is_right, not above it.
void backprop_search_sorted(
    backprop_type type, int is_right, int is_shared, int64_t rows, int64_t width, int64_t count, const void *x,
    const void *values, int32_t *y);

#ifdef __cplusplus
}
#endif
