// Reductions along an axis, and the index of the greatest.
#include "check.h"

#include <stdlib.h>

static const char *const names[] = {"sum", "maximum", "minimum", "mean", "norm"};

typedef enum { ORDINARY, HUGE_VALUES, TINY_VALUES, INFINITE, WITH_NAN, VALUES } value_range;

static float *make_values(int64_t count, value_range values) {
  double scale = values == HUGE_VALUES ? 3e38 : values == TINY_VALUES ? 1e-25 : 1;
  float *x = random_floats(count, values == HUGE_VALUES ? scale / 4 : -scale, scale);
  if (count > 0 && values == INFINITE) x[pick(0, count - 1)] = one_in(2) ? INFINITY : -INFINITY;
  if (count > 0 && values == WITH_NAN) x[pick(0, count - 1)] = NAN;
  return x;
}

// Of x[count], elements `row` apart. `size` becomes what errors are relative to.
static double reduced(backprop_reduction kind, int64_t count, int64_t row, const float *x, double *size) {
  double sum = 0, squares = 0, greatest = -INFINITY, least = INFINITY;
  int has_nan = 0;
  for (int64_t i = 0; i < count; i++) {
    double v = (double)x[i * row];
    sum += v, squares += v * v;
    if (v > greatest) greatest = v;
    if (v < least) least = v;
    has_nan |= isnan(v);
  }
  *size = 0;
  switch (kind) {
  case BACKPROP_SUM: *size = sqrt((double)count * squares); return sum;
  case BACKPROP_MEAN: *size = sqrt(squares / (double)(count ? count : 1)); return count ? sum / (double)count : NAN;
  case BACKPROP_NORM: *size = sqrt(squares); return sqrt(squares);
  case BACKPROP_MAXIMUM: return has_nan ? NAN : greatest;
  case BACKPROP_MINIMUM: return has_nan ? NAN : least;
  }
  return NAN;
}

static void check_reduce(
    backprop_reduction kind, int64_t outer, int64_t count, int64_t inner, int64_t row, value_range values) {
  begin_case("backprop_reduce", "%s, [%lld, %lld, %lld], rows %lld apart, values %d", names[kind], (long long)outer,
             (long long)count, (long long)inner, (long long)row, values);
  float *x = make_values(outer * count > 0 ? (outer * count - 1) * row + inner : 0, values);
  float *y = floats(outer * inner), *again = floats(outer * inner);
  backprop_reduce(kind, outer, count, inner, row, x, y);
  backprop_reduce(kind, outer, count, inner, row, x, again);
  for (int64_t o = 0; o < outer; o++)
    for (int64_t j = 0; j < inner; j++) {
      double size, expected = reduced(kind, count, row, x + o * count * row + j, &size);
      // Errors do not grow with the count: floats are sums of 64 to 4096 elements.
      expect(o * inner + j, y[o * inner + j], expected, 16 * ROUNDING * size);
      expect_bits(o * inner + j, again[o * inner + j], y[o * inner + j]);
    }
}

static void check_reduce_int(
    backprop_reduction kind, int64_t outer, int64_t count, int64_t inner, int64_t row, int has_greatest) {
  begin_case("backprop_plain_reduce", "%s, [%lld, %lld, %lld], rows %lld apart%s", names[kind], (long long)outer,
             (long long)count, (long long)inner, (long long)row, has_greatest ? ", greatest" : "");
  int64_t greatest = has_greatest ? INT32_MAX : 1000;
  int32_t *x = integers(outer * count > 0 ? (outer * count - 1) * row + inner : 0, -greatest - 1, greatest);
  int32_t *y = integers(outer * inner, 7, 7);
  backprop_plain_reduce(BACKPROP_INT32, kind, outer, count, inner, row, x, y);
  for (int64_t o = 0; o < outer; o++)
    for (int64_t j = 0; j < inner; j++) {
      uint32_t sum = 0;
      int32_t most = INT32_MIN, least = INT32_MAX;
      for (int64_t i = 0; i < count; i++) {
        int32_t value = x[(o * count + i) * row + j];
        sum += (uint32_t)value;
        if (value > most) most = value;
        if (value < least) least = value;
      }
      int32_t expected = kind == BACKPROP_SUM ? (int32_t)sum : kind == BACKPROP_MAXIMUM ? most : least;
      expect_integer(o * inner + j, y[o * inner + j], expected);
    }
}

static void check_argmax(int64_t outer, int64_t count, int64_t inner, value_range values, int has_ties) {
  begin_case("backprop_argmax", "[%lld, %lld, %lld], values %d%s", (long long)outer, (long long)count, (long long)inner,
             values, has_ties ? ", ties" : "");
  float *x = make_values(outer * count * inner, values);
  if (has_ties)
    for (int64_t i = 0; i < outer * count * inner; i++) x[i] = isnan(x[i]) ? x[i] : (float)pick(-2, 2);
  int32_t *y = integers(outer * inner, 0, 0);
  backprop_argmax(outer, count, inner, x, y);
  for (int64_t o = 0; o < outer; o++)
    for (int64_t j = 0; j < inner; j++) {
      const float *from = x + o * count * inner + j;
      int64_t best = 0;
      for (int64_t i = 1; i < count; i++) {
        float v = from[i * inner], greatest = from[best * inner];
        if (!isnan(greatest) && (v > greatest || isnan(v))) best = i;
      }
      expect_integer(o * inner + j, y[o * inner + j], best);
    }
}

void test_reductions(void) {
  static const int64_t shapes[][3] = {{1, 0, 3}, {0, 4, 3}, {3, 4, 0}, {2, 0, 70}, {5, 0, 1}, {1, 1, 1}, {1, 100000, 1},
                                      {3, 9000, 1}, {1, 40000, 5}, {1, 900, 130}, {200, 300, 1}, {2, 200, 260}};
  for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++)
    for (int kind = 0; kind <= BACKPROP_NORM; kind++)
      check_reduce((backprop_reduction)kind, shapes[s][0], shapes[s][1], shapes[s][2], shapes[s][2], ORDINARY);
  for (int64_t i = repeated(250); i > 0; i--) {
    int64_t inner = one_in(3) ? 1 : one_in(2) ? pick(2, 63) : pick(64, 200);
    int64_t row = inner >= 64 && one_in(2) ? inner + pick(1, 30) : inner;
    value_range values = one_in(2) ? ORDINARY : (value_range)pick(0, VALUES - 1);
    backprop_reduction kind = (backprop_reduction)pick(0, BACKPROP_NORM);
    check_reduce(kind, pick(1, 6), one_in(4) ? pick(1, 700) : pick(1, 80), inner, row, values);
  }
  for (int kind = 0; kind <= BACKPROP_MINIMUM; kind++) {
    check_reduce_int((backprop_reduction)kind, 2, 0, 3, 3, 0);
    check_reduce_int((backprop_reduction)kind, 0, 4, 3, 3, 0);
    check_reduce_int((backprop_reduction)kind, 1, 100000, 1, 1, 1);
    check_reduce_int((backprop_reduction)kind, 3, 500, 300, 300, 1);
  }
  for (int64_t i = repeated(80); i > 0; i--) {
    int64_t inner = one_in(3) ? 1 : pick(2, 200), row = inner >= 64 && one_in(2) ? inner + pick(1, 30) : inner;
    check_reduce_int((backprop_reduction)pick(0, BACKPROP_MINIMUM), pick(1, 6), pick(1, 90), inner, row, one_in(2));
  }
  for (int64_t i = repeated(120); i > 0; i--) {
    value_range values = one_in(2) ? ORDINARY : one_in(2) ? INFINITE : WITH_NAN;
    check_argmax(pick(1, 9), pick(1, 90), one_in(2) ? 1 : pick(2, 50), values, one_in(2));
  }
  check_argmax(3, 1, 1, WITH_NAN, 0);
  check_argmax(400, 100, 1, ORDINARY, 1);
}
