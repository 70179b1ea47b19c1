// The statistics of a row in double, for rows where floats overflow or squares underflow to zero.
#pragma once
#include <math.h>
#include <stdint.h>

// The mean and 1 / sqrt(variance + epsilon).
typedef struct {
  double mean, inverse;
} statistics;

static inline statistics careful_statistics(int64_t width, double epsilon, const float *x) {
  double mean = 0, squares = 0;
  for (int64_t j = 0; j < width; j++) mean += (double)x[j];
  mean /= (double)width;
  for (int64_t j = 0; j < width; j++) squares += ((double)x[j] - mean) * ((double)x[j] - mean);
  return (statistics){mean, 1 / sqrt(squares / (double)width + epsilon)};
}

// Those of the backward pass, from the row and the inverse of the forward pass. An inverse that a float cannot hold is
// that of a variance which is so large that epsilon does not count, or of one that is 0.
static inline statistics careful_backward_statistics(int64_t width, float inverse, const float *x) {
  statistics s = careful_statistics(width, 0, x);
  if (inverse > 0 && inverse < INFINITY) s.inverse = (double)inverse;
  return s;
}

// Whether a row's deviation is not representable as a float, or nearly so.
static inline int is_extreme(float inverse) { return !(inverse > 1e-18f && inverse < 1e18f); }
