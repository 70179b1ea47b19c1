// Moments of channels, the sums of batch normalization's gradient, and layer normalization with its gradient.
#include "check.h"

#include <stdlib.h>

static void check_moments(int64_t outer, int64_t channels, int64_t inner, double offset) {
  begin_case("backprop_moments", "[%lld, %lld, %lld], offset %g", (long long)outer, (long long)channels,
             (long long)inner, offset);
  float *x = random_floats(outer * channels * inner, offset - 1, offset + 1);
  float *mean = floats(channels), *variance = floats(channels);
  backprop_moments(outer, channels, inner, x, mean, variance);
  for (int64_t c = 0; c < channels; c++) {
    double count = (double)(outer * inner), sum = 0, squares = 0;
    for (int64_t o = 0; o < outer; o++)
      for (int64_t i = 0; i < inner; i++) sum += (double)x[(o * channels + c) * inner + i];
    double center = sum / count;
    for (int64_t o = 0; o < outer; o++)
      for (int64_t i = 0; i < inner; i++) {
        double d = (double)x[(o * channels + c) * inner + i] - center;
        squares += d * d;
      }
    // A large mean costs no precision of the variance.
    expect(c, mean[c], center, ROUNDING * (2 * fabs(center) + 8));
    expect(c, variance[c], squares / count, 16 * ROUNDING * squares / count);
  }
}

static void check_batch_norm_sums(int64_t outer, int64_t channels, int64_t inner, int has_relu) {
  begin_case("backprop_batch_norm_sums", "[%lld, %lld, %lld]%s", (long long)outer, (long long)channels,
             (long long)inner, has_relu ? ", ReLU" : "");
  int64_t count = outer * channels * inner;
  float epsilon = 1e-5f, *x = random_floats(count, -2, 2), *upstream = random_floats(count, -1, 1);
  float *mean = random_floats(channels, -0.1, 0.1), *variance = random_floats(channels, 0.1, 3);
  float *factor = random_floats(channels, -2, 2), *shift = random_floats(channels, -1, 1);
  float *scale_gradient = floats(channels), *shift_gradient = floats(channels);
  backprop_batch_norm_sums(
      outer, channels, inner, epsilon, x, mean, variance, upstream, has_relu ? factor : NULL, has_relu ? shift : NULL,
      scale_gradient, shift_gradient);
  for (int64_t c = 0; c < channels; c++) {
    double product = 0, sum = 0, products = 0, sums = 0;
    for (int64_t o = 0; o < outer; o++)
      for (int64_t i = 0; i < inner; i++) {
        int64_t at = (o * channels + c) * inner + i;
        double u = (double)upstream[at];
        if (has_relu) {  // with the roundings of the elementwise kernels: three of them
          float y = x[at] - mean[c];
          y *= factor[c];
          y += shift[c];
          if (!(y > 0)) u = 0;
        }
        double d = (double)x[at] - (double)mean[c];
        product += u * d, sum += u;
        products += u * d * u * d, sums += u * u;
      }
    double inverse = 1 / sqrt((double)variance[c] + (double)epsilon), n = sqrt((double)(outer * inner));
    expect(c, scale_gradient[c], product * inverse, 8 * ROUNDING * inverse * sqrt(products) * n);
    expect(c, shift_gradient[c], sum, 8 * ROUNDING * sqrt(sums) * n);
  }
}

// Rows of ordinary numbers, or of numbers whose squares leave the range of a float.
static float *make_rows(int64_t rows, int64_t width, int has_extremes) {
  float *x = floats(rows * width);
  for (int64_t i = 0; i < rows; i++) {
    double scale = has_extremes && one_in(2) ? one_in(2) ? 1e30 : 1e-20 : 1, offset = one_in(3) ? 20 * scale : 0;
    for (int64_t j = 0; j < width; j++) x[i * width + j] = (float)(draw(-scale, scale) + offset);
  }
  return x;
}

typedef struct {
  double mean, inverse, greatest;  // |x - mean| at most
} row_statistics;

static row_statistics statistics_of(int64_t width, const float *x, double epsilon) {
  double sum = 0, squares = 0;
  for (int64_t j = 0; j < width; j++) sum += (double)x[j];
  row_statistics s = {.mean = sum / (double)width};
  for (int64_t j = 0; j < width; j++) {
    double d = (double)x[j] - s.mean;
    squares += d * d;
    if (fabs(d) > s.greatest) s.greatest = fabs(d);
  }
  s.inverse = 1 / sqrt(squares / (double)width + epsilon);
  return s;
}

static void check_layer_norm(int64_t rows, int64_t width, int has_extremes) {
  begin_case("backprop_layer_norm", "[%lld, %lld]%s", (long long)rows, (long long)width,
             has_extremes ? ", extremes" : "");
  float epsilon = 1e-5f, *x = make_rows(rows, width, has_extremes);
  float *scale = random_floats(width, -2, 2), *shift = random_floats(width, -1, 1);
  float *y = floats(rows * width), *mean = floats(rows), *inverse = floats(rows);
  backprop_layer_norm(rows, width, epsilon, x, scale, shift, y, mean, inverse);
  for (int64_t i = 0; i < rows; i++) {
    row_statistics s = statistics_of(width, x + i * width, (double)epsilon);
    // The mean is rounded to float, which moves all of the row.
    double moved = ROUNDING * (4 * fabs(s.mean) + 64 * s.greatest);
    expect(i, mean[i], s.mean, moved);
    expect(i, inverse[i], s.inverse, s.inverse * (64 * ROUNDING + 4 * moved * s.inverse));
    for (int64_t j = 0; j < width; j++) {
      double normalized = ((double)x[i * width + j] - s.mean) * s.inverse, factor = (double)scale[j];
      double error = fabs(factor) * (moved * s.inverse * (1 + 4 * fabs(normalized)) + 64 * ROUNDING * fabs(normalized));
      expect(i * width + j, y[i * width + j], normalized * factor + (double)shift[j], error + ROUNDING * 4);
    }
  }
}

// The statistics are given, so the reference takes them as the kernel does.
static void check_layer_norm_gradient(int64_t rows, int64_t width) {
  begin_case("backprop_layer_norm_gradient", "[%lld, %lld]", (long long)rows, (long long)width);
  float *x = make_rows(rows, width, 0), *scale = random_floats(width, -2, 2);
  float *upstream = random_floats(rows * width, -1, 1);
  float *mean = floats(rows), *inverse = floats(rows);
  float *y = floats(rows * width), *scale_gradient = floats(width), *shift_gradient = floats(width);
  double *sums = calloc((size_t)(4 * width), sizeof *sums);  // of both gradients, and of squares
  for (int64_t i = 0; i < rows; i++) {
    row_statistics s = statistics_of(width, x + i * width, 1e-5);
    mean[i] = (float)s.mean, inverse[i] = (float)s.inverse;
  }
  backprop_layer_norm_gradient(rows, width, x, mean, inverse, scale, upstream, y, scale_gradient, shift_gradient);
  for (int64_t i = 0; i < rows; i++) {
    double total = 0, product = 0, length = 0, factor = (double)inverse[i], greatest = 0;
    const float *row = x + i * width, *u = upstream + i * width;
    for (int64_t j = 0; j < width; j++) {
      double v = (double)u[j] * (double)scale[j], normalized = ((double)row[j] - (double)mean[i]) * factor;
      total += v, product += v * normalized, length += v * v;
      if (fabs(normalized) > greatest) greatest = fabs(normalized);
      sums[4 * j] += (double)u[j] * normalized, sums[4 * j + 1] += (double)u[j];
      sums[4 * j + 2] += (double)u[j] * normalized * (double)u[j] * normalized;
      sums[4 * j + 3] += (double)u[j] * (double)u[j];
    }
    length = sqrt(length / (double)width);
    for (int64_t j = 0; j < width; j++) {
      double v = (double)u[j] * (double)scale[j], normalized = ((double)row[j] - (double)mean[i]) * factor;
      double expected = factor * (v - total / (double)width - normalized * product / (double)width);
      double error = 12 * ROUNDING * factor * (fabs(v) + length * (1 + greatest * greatest));
      expect(i * width + j, y[i * width + j], expected, error);
    }
  }
  for (int64_t j = 0; j < width; j++) {
    double n = sqrt((double)rows);
    expect(j, scale_gradient[j], sums[4 * j], 12 * ROUNDING * n * sqrt(sums[4 * j + 2]));
    expect(j, shift_gradient[j], sums[4 * j + 1], 12 * ROUNDING * n * sqrt(sums[4 * j + 3]));
  }
  free(sums);
}

static void check_group_norm(int64_t outer, int64_t groups, int64_t per_group, int64_t inner, int has_extremes) {
  begin_case("backprop_group_norm", "[%lld, %lld, %lld] in %lld groups%s", (long long)outer,
             (long long)(groups * per_group), (long long)inner, (long long)groups, has_extremes ? ", extremes" : "");
  int64_t channels = groups * per_group, rows = outer * groups, width = per_group * inner;
  float epsilon = 1e-5f, *x = make_rows(rows, width, has_extremes);
  float *scale = random_floats(channels, -2, 2), *shift = random_floats(channels, -1, 1);
  float *y = floats(rows * width), *mean = floats(rows), *inverse = floats(rows);
  backprop_group_norm(outer, channels, groups, inner, epsilon, x, scale, shift, y, mean, inverse);
  for (int64_t i = 0; i < rows; i++) {
    row_statistics s = statistics_of(width, x + i * width, (double)epsilon);
    // The mean is rounded to float, which moves all of the group.
    double moved = ROUNDING * (4 * fabs(s.mean) + 64 * s.greatest);
    expect(i, mean[i], s.mean, moved);
    expect(i, inverse[i], s.inverse, s.inverse * (64 * ROUNDING + 4 * moved * s.inverse));
    for (int64_t j = 0; j < width; j++) {
      int64_t channel = i % groups * per_group + j / inner;
      double normalized = ((double)x[i * width + j] - s.mean) * s.inverse, factor = (double)scale[channel];
      double error = fabs(factor) * (moved * s.inverse * (1 + 4 * fabs(normalized)) + 64 * ROUNDING * fabs(normalized));
      expect(i * width + j, y[i * width + j], normalized * factor + (double)shift[channel], error + ROUNDING * 4);
    }
  }
}

// The statistics are given, so the reference takes them as the kernel does.
static void check_group_norm_gradient(int64_t outer, int64_t groups, int64_t per_group, int64_t inner) {
  begin_case("backprop_group_norm_gradient", "[%lld, %lld, %lld] in %lld groups", (long long)outer,
             (long long)(groups * per_group), (long long)inner, (long long)groups);
  int64_t channels = groups * per_group, rows = outer * groups, width = per_group * inner;
  float *x = make_rows(rows, width, 0), *scale = random_floats(channels, -2, 2);
  float *upstream = random_floats(rows * width, -1, 1), *mean = floats(rows), *inverse = floats(rows);
  float *y = floats(rows * width), *scale_gradient = floats(channels), *shift_gradient = floats(channels);
  double *sums = calloc((size_t)(4 * channels), sizeof *sums);  // of both gradients, and of squares
  for (int64_t i = 0; i < rows; i++) {
    row_statistics s = statistics_of(width, x + i * width, 1e-5);
    mean[i] = (float)s.mean, inverse[i] = (float)s.inverse;
  }
  backprop_group_norm_gradient(
      outer, channels, groups, inner, x, mean, inverse, scale, upstream, y, scale_gradient, shift_gradient);
  for (int64_t i = 0; i < rows; i++) {
    double total = 0, product = 0, length = 0, factor = (double)inverse[i], greatest = 0;
    const float *row = x + i * width, *u = upstream + i * width;
    for (int64_t j = 0; j < width; j++) {
      int64_t channel = i % groups * per_group + j / inner;
      double v = (double)u[j] * (double)scale[channel], normalized = ((double)row[j] - (double)mean[i]) * factor;
      total += v, product += v * normalized, length += v * v;
      if (fabs(normalized) > greatest) greatest = fabs(normalized);
      double along = (double)u[j] * normalized, *sum = sums + 4 * channel;
      sum[0] += along, sum[1] += (double)u[j], sum[2] += along * along, sum[3] += (double)u[j] * (double)u[j];
    }
    length = sqrt(length / (double)width);
    for (int64_t j = 0; j < width; j++) {
      int64_t channel = i % groups * per_group + j / inner;
      double v = (double)u[j] * (double)scale[channel], normalized = ((double)row[j] - (double)mean[i]) * factor;
      double expected = factor * (v - total / (double)width - normalized * product / (double)width);
      double error = 12 * ROUNDING * factor * (fabs(v) + length * (1 + greatest * greatest));
      expect(i * width + j, y[i * width + j], expected, error);
    }
  }
  for (int64_t c = 0; c < channels; c++) {
    double n = sqrt((double)(outer * inner));
    expect(c, scale_gradient[c], sums[4 * c], 12 * ROUNDING * n * sqrt(sums[4 * c + 2]));
    expect(c, shift_gradient[c], sums[4 * c + 1], 12 * ROUNDING * n * sqrt(sums[4 * c + 3]));
  }
  free(sums);
}

void test_normalization(void) {
  for (int64_t i = repeated(80); i > 0; i--) {
    int64_t inner = one_in(2) ? 1 : pick(2, 120), outer = pick(1, inner == 1 ? 300 : 9), channels = pick(1, 70);
    check_moments(outer, channels, inner, one_in(3) ? 1000 : one_in(2) ? -7 : 0);
    check_batch_norm_sums(outer, channels, inner, one_in(2));
  }
  check_moments(5000, 20, 1, 3);
  check_moments(3, 5, 5000, 3);
  check_moments(2, 1, 70000, 0);
  for (int has_relu = 0; has_relu < 2; has_relu++) {
    check_batch_norm_sums(4000, 20, 1, has_relu);
    check_batch_norm_sums(3, 5, 9000, has_relu);
  }
  for (int64_t i = repeated(80); i > 0; i--) {
    int64_t rows = pick(1, 20), width = one_in(5) ? pick(1, 900) : pick(1, 70);
    check_layer_norm(rows, width, one_in(3));
    check_layer_norm_gradient(rows, width);
  }
  for (int64_t i = repeated(80); i > 0; i--) {
    int64_t outer = pick(1, 5), groups = pick(1, 5), per_group = pick(1, 6), inner = one_in(3) ? 1 : pick(1, 90);
    check_group_norm(outer, groups, per_group, inner, one_in(3));
    check_group_norm_gradient(outer, groups, per_group, inner);
  }
  check_group_norm(2, 2, 3, 5000, 0);
  check_group_norm_gradient(2, 2, 3, 5000);
  check_layer_norm(300, 64, 0);
  check_layer_norm_gradient(300, 64);
  check_layer_norm_gradient(700, 33);
}
