// Keys: unsigned integers in the order of the elements of any type. NaN is the greatest; zeros of both signs are one key,
// and so are denormal numbers, which count as 0.
#pragma once
#include <stdint.h>
#include <string.h>

#include "simd/simd.h"

INLINE uint32_t key_of_float(float x) {
  uint32_t bits;
  memcpy(&bits, &x, 4);
  uint32_t magnitude = bits & 0x7FFFFFFF, above = magnitude < 0x00800000 ? 0 : magnitude;
  uint32_t key = bits >> 31 ? 0x80000000 - above : 0x80000000 + above;
  return magnitude > 0x7F800000 ? UINT32_MAX : key;
}

INLINE uint64_t key_of_double(double x) {
  uint64_t bits;
  memcpy(&bits, &x, 8);
  uint64_t magnitude = bits & INT64_MAX, above = magnitude < 1ull << 52 ? 0 : magnitude;
  uint64_t key = bits >> 63 ? (1ull << 63) - above : (1ull << 63) + above;
  return magnitude > 0x7FFull << 52 ? UINT64_MAX : key;
}

INLINE uint32_t key_of_int8_t(int8_t x) { return (uint32_t)x ^ 0x80000000; }
INLINE uint32_t key_of_uint8_t(uint8_t x) { return x; }
INLINE uint32_t key_of_int32_t(int32_t x) { return (uint32_t)x ^ 0x80000000; }
INLINE uint64_t key_of_int64_t(int64_t x) { return (uint64_t)x ^ 1ull << 63; }
