// Functions of the C library, element by element on all threads, and the few that it lacks.
#include <float.h>
#include <math.h>
#include <stddef.h>

#include "CKernels.h"
#include "threading/grain.h"

// Its inverse by Newton's method with a second-order term, from an approximation by elementary functions. The
// complement, which is exact for |x| > 1/2, keeps its digits near 1.
//
// Source: Winitzki, "A handy approximation for the error function and its inverse", 2008 (the approximation).
static double erf_inverse(double x) {
  double magnitude = fabs(x);
  if (!(magnitude < 1)) return magnitude == 1 ? copysign(INFINITY, x) : NAN;
  if (magnitude < 1e-8) return x * 0.886226925452758014;
  double a = 0.147, logarithm = log1p(-x * x), half = 2 / (M_PI * a) + logarithm / 2;
  double y = sqrt(sqrt(half * half - logarithm / a) - half);
  for (int i = 0; i < 4; i++) {
    double error = magnitude > 0.5 ? (1 - magnitude) - erfc(y) : erf(y) - magnitude;
    double step = error / (M_2_SQRTPI * exp(-y * y));
    y -= step / (1 + y * step);
  }
  return copysign(y, x);
}

// lgamma without the sign, which it would store in a variable of the process.
static double log_gamma(double x) {
  int sign;
  return lgamma_r(x, &sign);
}

// The asymptotic series from 15 on, where it is exact in double; below by recurrence.
//
// Source: Abramowitz & Stegun, "Handbook of Mathematical Functions", 1964, 6.4.6 and 6.4.11.
static double polygamma_of_positive(int order, double x) {
  static const double bernoulli[] = {1.0 / 6, -1.0 / 30, 1.0 / 42, -1.0 / 30, 5.0 / 66, -691.0 / 2730, 7.0 / 6, -3617.0 / 510};
  double sign = order % 2 ? 1 : -1, factorial = 1, sum = 0;  // (-1)^(order + 1), order!
  for (int i = 2; i <= order; i++) factorial *= i;
  for (; x < 15 + order; x++) sum += sign * factorial / pow(x, order + 1);
  double series = order == 0 ? -log(x) : factorial / order / pow(x, order);
  series += factorial / (2 * pow(x, order + 1));
  double term = factorial * (order + 1) / 2;  // (2k + order - 1)! / (2k)!
  for (int k = 1; k <= 8; k++) {
    series += bernoulli[k - 1] * term / pow(x, order + 2 * k);
    term *= (double)(2 * k + order) * (2 * k + order + 1) / ((2 * k + 1) * (2 * k + 2));
  }
  return sum + sign * series;
}

// Below 0 by recurrence or, of the first two orders, by reflection.
static double polygamma(int order, double x) {
  if (x > 0) return isinf(x) ? (order ? 0 : x) : polygamma_of_positive(order, x);
  if (x == 0) return order % 2 ? INFINITY : copysign(INFINITY, -x);
  if (!(x > -INFINITY) || x == floor(x)) return order % 2 && x > -INFINITY ? INFINITY : NAN;
  double angle = M_PI * (x - rint(x));  // from the nearest pole, which is exact
  if (order == 0) return polygamma_of_positive(0, 1 - x) - M_PI / tan(angle);
  if (order == 1) return M_PI / sin(angle) * (M_PI / sin(angle)) - polygamma_of_positive(1, 1 - x);
  if (x < -1000) return NAN;
  double sign = order % 2 ? 1 : -1, factorial = 1, sum = 0;
  for (int i = 2; i <= order; i++) factorial *= i;
  for (; x < 0; x++) sum += sign * factorial / pow(x, order + 1);
  return sum + polygamma_of_positive(order, x);
}

typedef struct {
  backprop_type type;
  int function;  // or the order
  const void *a, *b;
  void *y;
} call;

// Denormal numbers as zeros, since they count as zero and the C library looks at their bits.
static float flushed_float(float x) { return fabsf(x) < FLT_MIN ? copysignf(0, x) : x; }
static double flushed_double(double x) { return fabs(x) < DBL_MIN ? copysign(0, x) : x; }

#define EACH(TYPE, expression)                                  \
  for (int64_t i = begin; i < end; i++) {                       \
    TYPE x = ((const TYPE *)c->a)[i];                           \
    ((TYPE *)c->y)[i] = (TYPE)(expression);                     \
  }                                                             \
  break;
#define EACH_FLOAT(TYPE, expression)                            \
  for (int64_t i = begin; i < end; i++) {                       \
    TYPE x = flushed_##TYPE(((const TYPE *)c->a)[i]);           \
    ((TYPE *)c->y)[i] = (TYPE)(expression);                     \
  }                                                             \
  break;
#define SECOND(TYPE) ((const TYPE *)c->b)[i]
#define SECOND_FLOAT(TYPE) flushed_##TYPE(SECOND(TYPE))

// `f`: the suffix of the library's functions.
#define FLOATS(TYPE, f)                                                             \
  static void floats_##TYPE(const call *c, int64_t begin, int64_t end) {            \
    switch (c->function) {                                                          \
    case BACKPROP_TAN: EACH_FLOAT(TYPE, tan##f(x))                                  \
    case BACKPROP_ASIN: EACH_FLOAT(TYPE, asin##f(x))                                \
    case BACKPROP_ACOS: EACH_FLOAT(TYPE, acos##f(x))                                \
    case BACKPROP_ATAN: EACH_FLOAT(TYPE, atan##f(x))                                \
    case BACKPROP_SINH: EACH_FLOAT(TYPE, sinh##f(x))                                \
    case BACKPROP_COSH: EACH_FLOAT(TYPE, cosh##f(x))                                \
    case BACKPROP_ASINH: EACH_FLOAT(TYPE, asinh##f(x))                              \
    case BACKPROP_ACOSH: EACH_FLOAT(TYPE, acosh##f(x))                              \
    case BACKPROP_ATANH: EACH_FLOAT(TYPE, atanh##f(x))                              \
    case BACKPROP_EXP2: EACH_FLOAT(TYPE, exp2##f(x))                                \
    case BACKPROP_LOG2: EACH_FLOAT(TYPE, log2##f(x))                                \
    case BACKPROP_LOG10: EACH_FLOAT(TYPE, log10##f(x))                              \
    case BACKPROP_LOG1P: EACH_FLOAT(TYPE, log1p##f(x))                              \
    case BACKPROP_EXPM1: EACH_FLOAT(TYPE, expm1##f(x))                              \
    case BACKPROP_ERFC: EACH_FLOAT(TYPE, erfc##f(x))                                \
    case BACKPROP_ERF_INVERSE: EACH_FLOAT(TYPE, erf_inverse((double)x))             \
    case BACKPROP_LOG_GAMMA: EACH_FLOAT(TYPE, log_gamma((double)x))                 \
    case BACKPROP_ATAN2: EACH_FLOAT(TYPE, atan2##f(x, SECOND_FLOAT(TYPE)))          \
    case BACKPROP_HYPOT: EACH_FLOAT(TYPE, hypot##f(x, SECOND_FLOAT(TYPE)))          \
    case BACKPROP_FMOD: EACH_FLOAT(TYPE, fmod##f(x, SECOND_FLOAT(TYPE)))            \
    default: break;                                                                 \
    }                                                                               \
  }
FLOATS(float, f)
FLOATS(double, )

static int64_t remainder_of(int64_t x, int64_t y) { return y == 0 || y == -1 ? 0 : x % y; }

#define WHOLE(TYPE, UNSIGNED)                                                                          \
  static void whole_##TYPE(const call *c, int64_t begin, int64_t end) {                                \
    const int bits = 8 * (int)sizeof(TYPE);                                                            \
    switch (c->function) {                                                                             \
    case BACKPROP_FMOD: EACH(TYPE, remainder_of(x, SECOND(TYPE)))                                      \
    case BACKPROP_AND: EACH(TYPE, x & SECOND(TYPE))                                                    \
    case BACKPROP_OR: EACH(TYPE, x | SECOND(TYPE))                                                     \
    case BACKPROP_XOR: EACH(TYPE, x ^ SECOND(TYPE))                                                    \
    case BACKPROP_SHIFT_LEFT:                                                                          \
      EACH(TYPE, (uint64_t)SECOND(TYPE) < (uint64_t)bits ? (uint64_t)(UNSIGNED)x << SECOND(TYPE) : 0)  \
    case BACKPROP_SHIFT_RIGHT:                                                                         \
      EACH(TYPE, x >> ((uint64_t)SECOND(TYPE) < (uint64_t)bits ? SECOND(TYPE) : bits - 1) & BEYOND(TYPE, bits)) \
    default: break;                                                                                    \
    }                                                                                                  \
  }
// Of a number without sign nothing is left when all bits are shifted out.
#define BEYOND(TYPE, bits) ((TYPE)-1 < 0 || (uint64_t)SECOND(TYPE) < (uint64_t)bits ? (TYPE)-1 : 0)
WHOLE(int8_t, uint8_t)
WHOLE(uint8_t, uint8_t)
WHOLE(int32_t, uint32_t)
WHOLE(int64_t, uint64_t)

static void apply(void *context, int64_t begin, int64_t end) {
  const call *c = context;
  switch (c->type) {
  case BACKPROP_FLOAT32: floats_float(c, begin, end); break;
  case BACKPROP_FLOAT64: floats_double(c, begin, end); break;
  case BACKPROP_INT8: whole_int8_t(c, begin, end); break;
  case BACKPROP_UINT8: whole_uint8_t(c, begin, end); break;
  case BACKPROP_INT32: whole_int32_t(c, begin, end); break;
  case BACKPROP_INT64: whole_int64_t(c, begin, end); break;
  default: break;
  }
}

static void polygammas(void *context, int64_t begin, int64_t end) {
  const call *c = context;
  switch (c->type) {
  case BACKPROP_FLOAT32: EACH_FLOAT(float, polygamma(c->function, (double)x))
  default: EACH_FLOAT(double, polygamma(c->function, x))
  }
}

void backprop_library(
    backprop_type type, backprop_function function, int64_t count, const void *a, const void *b, void *y) {
  call c = {type, (int)function, a, b, y};
  backprop_parallel(count, backprop_grain(count, 10), apply, &c);
}

void backprop_polygamma(backprop_type type, int order, int64_t count, const void *x, void *y) {
  call c = {type, order, x, NULL, y};
  backprop_parallel(count, backprop_grain(count, 200), polygammas, &c);
}
