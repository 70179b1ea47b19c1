// Softmax, its logarithm, cross entropy and its gradient.
#include "check.h"

#include <stdlib.h>

typedef enum { ORDINARY, LARGE, MASKED, INFINITE, WITH_NAN, VALUES } value_range;

// Rows of logits. Masked ones have minus infinities, but each row a number that is not.
static float *make_logits(int64_t rows, int64_t width, value_range values) {
  double scale = values == LARGE ? 1e4 : 8;
  float *x = random_floats(rows * width, -scale, scale);
  for (int64_t i = 0; i < rows * width && values == MASKED; i++)
    if (i % width != 0 && one_in(3)) x[i] = -INFINITY;
  if (rows * width > 0 && values == INFINITE) x[pick(0, rows * width - 1)] = INFINITY;
  if (rows * width > 0 && values == WITH_NAN) x[pick(0, rows * width - 1)] = NAN;
  return x;
}

typedef struct {
  double greatest, sum;  // of exp(x - greatest)
  int is_bad;            // has NaN or infinity: all of the row is NaN
} row_sum;

static row_sum sum_of(int64_t width, const float *x) {
  row_sum s = {-INFINITY, 0, 0};
  for (int64_t j = 0; j < width; j++) {
    if (isnan(x[j]) || x[j] == INFINITY) s.is_bad = 1;
    if ((double)x[j] > s.greatest) s.greatest = (double)x[j];
  }
  for (int64_t j = 0; j < width; j++) s.sum += exp((double)x[j] - s.greatest);
  return s;
}

static void check_softmax(int64_t rows, int64_t width, value_range values, int is_log, int in_place) {
  begin_case(is_log ? "backprop_log_softmax" : "backprop_softmax", "[%lld, %lld], values %d%s", (long long)rows,
             (long long)width, values, in_place ? ", in place" : "");
  float *x = make_logits(rows, width, values), *before = copied(x, rows * width);
  float *y = in_place ? x : floats(rows * width);
  (is_log ? backprop_log_softmax : backprop_softmax)(rows, width, x, y);
  for (int64_t i = 0; i < rows; i++) {
    row_sum s = sum_of(width, before + i * width);
    for (int64_t j = 0; j < width; j++) {
      double difference = (double)before[i * width + j] - s.greatest, expected, error;
      if (is_log) {
        expected = difference - log(s.sum), error = ROUNDING * (2 * fabs(difference) + 2 * fabs(expected) + 32);
      } else {
        // The difference is rounded before its exponential is taken.
        expected = exp(difference) / s.sum, error = ROUNDING * expected * (24 + fabs(difference));
      }
      if (!isfinite(difference)) error = 0;
      expect(i * width + j, y[i * width + j], s.is_bad ? NAN : expected, error);
    }
  }
}

static int32_t *make_labels(int64_t rows, int64_t classes, int may_be_outside) {
  int32_t *labels = integers(rows, 0, classes - 1);
  for (int64_t i = 0; i < rows && may_be_outside; i++)
    if (one_in(4)) labels[i] = one_in(2) ? -1 : (int32_t)classes;
  return labels;
}

static void check_cross_entropy(int64_t rows, int64_t classes, value_range values, int outside) {
  begin_case("backprop_cross_entropy", "[%lld, %lld], values %d%s", (long long)rows, (long long)classes, values,
             outside ? ", labels outside" : "");
  float *x = make_logits(rows, classes, values), *losses = floats(rows);
  int32_t *labels = make_labels(rows, classes, outside);
  backprop_cross_entropy(rows, classes, x, labels, losses);
  for (int64_t i = 0; i < rows; i++) {
    row_sum s = sum_of(classes, x + i * classes);
    int is_outside = labels[i] < 0 || labels[i] >= classes;
    double at = is_outside ? 0 : (double)x[i * classes + labels[i]], expected = log(s.sum) + (s.greatest - at);
    expect(i, losses[i], is_outside || s.is_bad ? NAN : expected, ROUNDING * (2 * fabs(expected) + 64));
  }
}

static void check_gradient(int64_t rows, int64_t classes, value_range values, int outside, int in_place) {
  begin_case("backprop_cross_entropy_gradient", "[%lld, %lld], values %d%s%s", (long long)rows, (long long)classes,
             values, outside ? ", labels outside" : "", in_place ? ", in place" : "");
  float *x = make_logits(rows, classes, values), *before = copied(x, rows * classes);
  float *upstream = random_floats(rows, -2, 2), *y = in_place ? x : floats(rows * classes);
  int32_t *labels = make_labels(rows, classes, outside);
  for (int64_t i = 0; i < rows; i++)
    if (one_in(3)) upstream[i] = 0;
  backprop_cross_entropy_gradient(rows, classes, x, labels, upstream, y);
  for (int64_t i = 0; i < rows; i++) {
    row_sum s = sum_of(classes, before + i * classes);
    int is_outside = labels[i] < 0 || labels[i] >= classes;
    for (int64_t j = 0; j < classes; j++) {
      double difference = (double)before[i * classes + j] - s.greatest, share = exp(difference) / s.sum;
      double expected = (share - (j == labels[i])) * (double)upstream[i];
      double error = ROUNDING * fabs((double)upstream[i]) * share * (48 + (share > 0 ? fabs(difference) : 0));
      error += fabs((double)upstream[i]) * (double)FLT_MIN;  // an exponential that became 0
      if (upstream[i] == 0) expected = 0, error = 0;
      else if (is_outside || s.is_bad) expected = NAN;
      expect(i * classes + j, y[i * classes + j], expected, error + ROUNDING * fabs(expected));
    }
  }
}

void test_softmax(void) {
  for (int64_t i = repeated(120); i > 0; i--) {
    int64_t rows = pick(1, 12), width = one_in(6) ? pick(1, 2000) : pick(1, 70);
    value_range values = (value_range)pick(0, VALUES - 1);
    check_softmax(rows, width, values, one_in(2), one_in(3));
    check_cross_entropy(rows, width, values, one_in(3));
    check_gradient(rows, width, values, one_in(3), one_in(3));
  }
  for (int is_log = 0; is_log < 2; is_log++) {
    check_softmax(0, 5, ORDINARY, is_log, 0);
    check_softmax(200, 100, ORDINARY, is_log, 0);
  }
  check_softmax(1, 20000, ORDINARY, 0, 0);
  check_cross_entropy(300, 100, ORDINARY, 1);
  check_gradient(300, 100, ORDINARY, 1, 0);
}
