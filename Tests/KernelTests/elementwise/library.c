// Functions of the C library that have a kernel, against the library in double, and the two that it lacks against
// what they are the inverse or the derivative of.
#include "check.h"

#include <stddef.h>

typedef double (*function)(double);
typedef double (*function_of_two)(double, double);

static void check_library(void) {
  const function unary[] = {tan, asin, acos, atan, sinh, cosh, asinh, acosh, atanh, exp2, log2, log10, log1p, expm1, erfc};
  int64_t count = pick(1, 300);
  begin_case("backprop_library", "[%lld]", (long long)count);
  float *a = random_floats(count, -3, 3), *b = random_floats(count, -3, 3), *y = floats(count);
  for (int code = BACKPROP_TAN; code <= BACKPROP_ERFC; code++) {
    backprop_library(BACKPROP_FLOAT32, (backprop_function)code, count, a, NULL, y);
    for (int64_t i = 0; i < count; i++) {
      double expected = unary[code - BACKPROP_TAN]((double)a[i]);
      expect(i, y[i], expected, 8 * ROUNDING * fabs(expected));
    }
  }
  const function_of_two binary[] = {atan2, hypot, fmod};
  for (int code = BACKPROP_ATAN2; code <= BACKPROP_FMOD; code++) {
    backprop_library(BACKPROP_FLOAT32, (backprop_function)code, count, a, b, y);
    for (int64_t i = 0; i < count; i++) {
      double expected = binary[code - BACKPROP_ATAN2]((double)a[i], (double)b[i]);
      expect(i, y[i], expected, 8 * ROUNDING * fabs(expected));
    }
  }
  backprop_library(BACKPROP_FLOAT32, BACKPROP_ERF_INVERSE, count, a, NULL, y);
  for (int64_t i = 0; i < count; i++) {
    double x = (double)a[i], error = 8 * ROUNDING * fabs((double)y[i]) * M_2_SQRTPI;
    if (fabs(x) < 1) expect(i, (float)erf((double)y[i]), x, error + 2 * ROUNDING);
    else expect_integer(i, isnan(y[i]), 1);
  }
  // The derivative of log gamma as a difference quotient.
  name_kernel("backprop_polygamma");
  backprop_polygamma(BACKPROP_FLOAT32, 0, count, a, y);
  for (int64_t i = 0; i < count; i++) {
    double x = (double)a[i], step = 1e-5, pole = fabs(x - round(x));
    if (pole < 0.01) continue;
    double slope = (lgamma(x + step) - lgamma(x - step)) / (2 * step);
    expect(i, y[i], slope, 1e-5 + 1e-6 * fabs(slope) + 1e-9 / (pole * pole * pole));
  }
}

static void check_integers(void) {
  begin_case("backprop_library", "integers");
  const int8_t a[] = {-128, -128, 127, 7, -7, 7, -1, 5, 5}, b[] = {-1, 0, 3, -3, 3, 8, 1, -1, 7};
  const int8_t expected[][9] = {
      {0, 0, 1, 1, -1, 7, 0, 0, 5},             // the remainder with the sign of a
      {-128, 0, 3, 5, 1, 0, 1, 5, 5},           // and
      {-1, -128, 127, -1, -5, 15, -1, -1, 7},   // or
      {127, -128, 124, -6, -6, 15, -2, -6, 2},  // exclusive or
      {0, -128, -8, 0, -56, 0, -2, 0, -128},    // shifted left
      {-1, -128, 15, 0, -1, 0, -1, 0, 0},       // shifted right
  };
  int8_t y[9];
  for (int code = BACKPROP_FMOD; code <= BACKPROP_SHIFT_RIGHT; code++) {
    backprop_library(BACKPROP_INT8, (backprop_function)code, 9, a, b, y);
    for (int i = 0; i < 9; i++) expect_integer(100 * code + i, y[i], expected[code - BACKPROP_FMOD][i]);
  }
}

void test_library(void) {
  for (int64_t i = 0; i < repeated(10); i++) check_library();
  check_integers();
}
