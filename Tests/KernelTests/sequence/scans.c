// Scans along an axis, against the recurrences written out.
#include "check.h"

#include <stdlib.h>
#include <string.h>

static void check_linear(int64_t outer, int64_t count, int64_t inner, int reversed, int has_factors) {
  begin_case("backprop_linear_scan", "[%lld, %lld, %lld]%s%s", (long long)outer, (long long)count, (long long)inner,
             reversed ? ", reversed" : "", has_factors ? ", factors" : "");
  int64_t total = outer * count * inner;
  float *factors = random_floats(total, -1, 1), *terms = random_floats(total, -1, 1), *y = floats(total);
  backprop_linear_scan(BACKPROP_FLOAT32, reversed, outer, count, inner, has_factors ? factors : NULL, terms, y);
  int32_t *a = integers(total, INT32_MIN, INT32_MAX), *b = integers(total, INT32_MIN, INT32_MAX);
  int32_t *z = integers(total, 0, 0);
  backprop_linear_scan(BACKPROP_INT32, reversed, outer, count, inner, has_factors ? a : NULL, b, z);
  for (int64_t o = 0; o < outer; o++)
    for (int64_t j = 0; j < inner; j++) {
      double sum = 0, magnitude = 0;
      uint32_t whole = 0;
      for (int64_t t = 0; t < count; t++) {
        int64_t step = reversed ? count - 1 - t : t, i = (o * count + step) * inner + j, f = reversed ? i + inner : i;
        double factor = t > 0 && has_factors ? (double)factors[f] : 1;
        sum = (t > 0 ? factor * sum : 0) + (double)terms[i];
        magnitude = fabs(factor) * magnitude + fabs((double)terms[i]);
        whole = (t > 0 ? (has_factors ? (uint32_t)a[f] : 1) * whole : 0) + (uint32_t)b[i];
        expect(i, y[i], sum, ROUNDING * (fabs(sum) + 1e-6 * magnitude));
        expect_integer(i, z[i], (int32_t)whole);
      }
    }
}

static void check_argmax(int64_t outer, int64_t count, int64_t inner, int is_minimum) {
  begin_case("backprop_cumulative_argmax", "[%lld, %lld, %lld]%s", (long long)outer, (long long)count,
             (long long)inner, is_minimum ? ", least" : "");
  int64_t total = outer * count * inner;
  float *x = random_floats(total, -1, 1);
  for (int64_t i = 0; i < total; i++) {
    if (one_in(2)) x[i] = (float)pick(-1, 1);
    if (one_in(30)) x[i] = NAN;
  }
  int32_t *y = integers(total, -1, -1);
  backprop_cumulative_argmax(BACKPROP_FLOAT32, is_minimum, outer, count, inner, x, y);
  for (int64_t o = 0; o < outer; o++)
    for (int64_t j = 0; j < inner; j++)
      for (int64_t t = 0; t < count; t++) {
        int64_t best = 0;
        for (int64_t s = 0; s <= t; s++) {
          float value = x[(o * count + s) * inner + j], extreme = x[(o * count + best) * inner + j];
          if (isnan(value) || (!isnan(extreme) && (is_minimum ? value <= extreme : value >= extreme))) best = s;
        }
        int64_t i = (o * count + t) * inner + j;
        expect_integer(i, y[i], best);
      }
}

void test_scans(void) {
  for (int64_t i = 0; i < repeated(60); i++) {
    int64_t inner = one_in(2) ? 1 : pick(1, 150);
    check_linear(pick(1, 5), pick(1, 60), inner, one_in(2), one_in(2));
    check_argmax(pick(1, 5), pick(1, 40), inner, one_in(2));
  }
  check_linear(300, 70, 1, 0, 0);
  check_linear(2, 50, 900, 1, 1);
}
