// Conversions between all element types. A number is read as a double or, where it is an integer, as an int64: both
// hold all numbers of the types that are read that way.
#include <math.h>
#include <string.h>

#include "CKernels.h"

// MARK: The two floats of 16 bits, whose bits are converted by hand: not every processor has instructions for them

static float of_bfloat16(uint16_t half) {
  uint32_t bits = (uint32_t)half << 16;
  float x;
  memcpy(&x, &bits, 4);
  return x;
}

static uint16_t to_bfloat16(float x) {
  uint32_t bits;
  memcpy(&bits, &x, 4);
  if ((bits & 0x7FFFFFFF) > 0x7F800000) return 0x7FC0;  // NaN
  return (uint16_t)((bits + 0x7FFF + (bits >> 16 & 1)) >> 16);
}

static double of_float16(uint16_t half) {
  int exponent = half >> 10 & 31, fraction = half & 1023;
  double magnitude = exponent == 31 ? (fraction ? NAN : INFINITY)
                     : exponent == 0 ? ldexp(fraction, -24) : ldexp(fraction + 1024, exponent - 25);
  return half >> 15 ? -magnitude : magnitude;
}

static uint16_t to_float16(float x) {
  uint32_t bits;
  memcpy(&bits, &x, 4);
  uint32_t sign = bits >> 16 & 0x8000, magnitude = bits & 0x7FFFFFFF;
  if (magnitude > 0x7F800000) return (uint16_t)(sign | 0x7E00);   // NaN
  if (magnitude >= 0x477FF000) return (uint16_t)(sign | 0x7C00);  // from 65520 on: infinity
  if (magnitude < 0x33000000) return (uint16_t)sign;              // below 2^-25
  if (magnitude < 0x38800000) {  // below 2^-14: a multiple of 2^-24
    uint32_t shift = 126 - (magnitude >> 23), fraction = (magnitude & 0x7FFFFF) | 0x800000;
    uint32_t half = fraction >> shift, rest = fraction & ((1u << shift) - 1), tie = 1u << (shift - 1);
    return (uint16_t)(sign | (half + (rest > tie || (rest == tie && (half & 1)))));
  }
  return (uint16_t)(sign | ((magnitude + 0xFFF + (magnitude >> 13 & 1) - 0x38000000) >> 13));
}

// MARK: Toward zero, to the nearest that fits; NaN becomes 0

#define TO_INTEGER(NAME, TYPE, LEAST, GREATEST, BEYOND) \
  static TYPE NAME(double x) { return x != x ? 0 : x <= (double)LEAST ? LEAST : x >= BEYOND ? GREATEST : (TYPE)x; }
TO_INTEGER(to_int8, int8_t, INT8_MIN, INT8_MAX, 0x1p7)
TO_INTEGER(to_uint8, uint8_t, 0, UINT8_MAX, 0x1p8)
TO_INTEGER(to_int32, int32_t, INT32_MIN, INT32_MAX, 0x1p31)
TO_INTEGER(to_int64, int64_t, INT64_MIN, INT64_MAX, 0x1p63)

#define EACH(TYPE, expression) for (int64_t i = 0; i < count; i++) ((TYPE *)y)[i] = (expression);

#define WRITE(READ, INTEGER)                                                                    \
  switch (to) {                                                                                 \
  case BACKPROP_FLOAT32: EACH(float, (float)READ) break;                                        \
  case BACKPROP_FLOAT64: EACH(double, (double)READ) break;                                      \
  case BACKPROP_BFLOAT16: EACH(uint16_t, to_bfloat16((float)READ)) break;                       \
  case BACKPROP_FLOAT16: EACH(uint16_t, to_float16((float)READ)) break;                         \
  case BACKPROP_INT8: EACH(int8_t, INTEGER(int8)(READ)) break;                                  \
  case BACKPROP_UINT8: EACH(uint8_t, INTEGER(uint8)(READ)) break;                               \
  case BACKPROP_INT32: EACH(int32_t, INTEGER(int32)(READ)) break;                               \
  case BACKPROP_INT64: EACH(int64_t, INTEGER(int64)(READ)) break;                               \
  case BACKPROP_BOOL: EACH(uint8_t, READ != 0) break;                                           \
  }                                                                                             \
  break;

#define OF_FLOAT(type) to_##type
#define OF_INTEGER(type) (type##_t)

void backprop_plain_cast(backprop_type from, backprop_type to, int64_t count, const void *x, void *y) {
  switch (from) {
  case BACKPROP_FLOAT32: WRITE((double)((const float *)x)[i], OF_FLOAT)
  case BACKPROP_FLOAT64: WRITE(((const double *)x)[i], OF_FLOAT)
  case BACKPROP_BFLOAT16: WRITE((double)of_bfloat16(((const uint16_t *)x)[i]), OF_FLOAT)
  case BACKPROP_FLOAT16: WRITE(of_float16(((const uint16_t *)x)[i]), OF_FLOAT)
  case BACKPROP_INT8: WRITE((int64_t)((const int8_t *)x)[i], OF_INTEGER)
  case BACKPROP_UINT8: WRITE((int64_t)((const uint8_t *)x)[i], OF_INTEGER)
  case BACKPROP_INT32: WRITE((int64_t)((const int32_t *)x)[i], OF_INTEGER)
  case BACKPROP_INT64: WRITE(((const int64_t *)x)[i], OF_INTEGER)
  case BACKPROP_BOOL: WRITE((int64_t)(((const uint8_t *)x)[i] != 0), OF_INTEGER)
  }
}
