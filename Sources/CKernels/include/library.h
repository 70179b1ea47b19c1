// Functions of each element that are calls of the C library, or as long: a kernel of their own, since fusing them would
// not make them faster.
#pragma once
#include <stdint.h>
#include "plain.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum {
  // Of one number, for float32 and float64.
  BACKPROP_TAN, BACKPROP_ASIN, BACKPROP_ACOS, BACKPROP_ATAN, BACKPROP_SINH, BACKPROP_COSH, BACKPROP_ASINH,
  BACKPROP_ACOSH, BACKPROP_ATANH, BACKPROP_EXP2, BACKPROP_LOG2, BACKPROP_LOG10, BACKPROP_LOG1P, BACKPROP_EXPM1,
  BACKPROP_ERFC, BACKPROP_ERF_INVERSE, BACKPROP_LOG_GAMMA,
  // Of two numbers, for float32 and float64.
  BACKPROP_ATAN2, BACKPROP_HYPOT,
  // Of two numbers, for integers, too: the remainder with the sign of a. Of integers divided by 0 it is 0.
  BACKPROP_FMOD,
  // Of two integers. Shifts by negative numbers, or by all bits, shift everything out; to the right the sign comes in.
  BACKPROP_AND, BACKPROP_OR, BACKPROP_XOR, BACKPROP_SHIFT_LEFT, BACKPROP_SHIFT_RIGHT,
} backprop_function;

// y[count] = f(a[count]) or f(a[count], b[count]), all of one type.
void backprop_library(
    backprop_type type, backprop_function function, int64_t count, const void *a, const void *b, void *y);

// y[count] = the derivative of this order (0 and up) of the logarithmic derivative of the gamma function at x[count],
// float32 or float64.
void backprop_polygamma(backprop_type type, int order, int64_t count, const void *x, void *y);

#ifdef __cplusplus
}
#endif
