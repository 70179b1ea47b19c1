// The order of rows and searches in them, against loops that compare doubles.
#include "check.h"

#include <stdlib.h>
#include <string.h>

// Numbers with equal ones, NaN, infinities and zeros of both signs.
static float *mixed(int64_t count) {
  float *x = random_floats(count, -2, 2);
  for (int64_t i = 0; i < count; i++) {
    if (one_in(3)) x[i] = (float)pick(-3, 3);
    if (one_in(20)) x[i] = one_in(2) ? NAN : one_in(2) ? -NAN : one_in(2) ? INFINITY : -INFINITY;
    if (one_in(20)) x[i] = -0.0f;
  }
  return x;
}

// NaN is the greatest.
static int is_less(double a, double b) { return a < b || (isnan(b) && !isnan(a)); }

static void check_argsort(int64_t rows, int64_t width, int64_t count, int is_descending, int is_wide) {
  begin_case("backprop_argsort", "%lld of [%lld, %lld]%s%s", (long long)count, (long long)rows, (long long)width,
             is_descending ? ", descending" : "", is_wide ? ", float64" : "");
  float *x = mixed(rows * width);
  double *wide = (double *)(void *)bytes(8 * rows * width);
  int32_t *y = integers(rows * count, -1, -1);
  for (int64_t i = 0; i < rows * width; i++) wide[i] = (double)x[i];
  const void *values = is_wide ? (const void *)wide : (const void *)x;
  backprop_type type = is_wide ? BACKPROP_FLOAT64 : BACKPROP_FLOAT32;
  expect_integer(-1, backprop_argsort(type, is_descending, rows, width, count, values, y), 0);
  // The place of an element is how many come before it.
  for (int64_t row = 0; row < rows; row++)
    for (int64_t i = 0; i < width; i++) {
      int64_t place = 0;
      for (int64_t j = 0; j < width; j++) {
        double a = wide[row * width + j], b = wide[row * width + i];
        int before = is_descending ? is_less(b, a) : is_less(a, b), after = is_descending ? is_less(a, b) : is_less(b, a);
        place += before || (!after && j < i);
      }
      if (place < count) expect_integer(row * count + place, y[row * count + place], i);
    }
}

static int compare_numbers(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return is_less(x, y) ? -1 : is_less(y, x);
}

static void check_search(int64_t rows, int64_t width, int64_t count, int is_right, int is_shared) {
  begin_case("backprop_search_sorted", "[%lld, %lld] in rows of %lld%s", (long long)rows, (long long)count,
             (long long)width, is_shared ? ", one row" : "");
  int64_t stored = is_shared ? 1 : rows;
  float *x = mixed(stored * width), *values = mixed(rows * count);
  double *sorted = malloc((size_t)(stored * width + 1) * sizeof *sorted);
  for (int64_t i = 0; i < stored * width; i++) sorted[i] = (double)x[i];
  for (int64_t row = 0; row < stored; row++)
    qsort(sorted + row * width, (size_t)width, sizeof *sorted, compare_numbers);
  for (int64_t i = 0; i < stored * width; i++) x[i] = (float)sorted[i];
  int32_t *y = integers(rows * count, -1, -1);
  backprop_search_sorted(BACKPROP_FLOAT32, is_right, is_shared, rows, width, count, x, values, y);
  for (int64_t i = 0; i < rows * count; i++) {
    int64_t below = 0;
    const double *row = sorted + (is_shared ? 0 : i / count * width);
    double value = (double)values[i];
    for (int64_t j = 0; j < width; j++) below += is_right ? !is_less(value, row[j]) : is_less(row[j], value);
    expect_integer(i, y[i], below);
  }
  free(sorted);
}

void test_sorting(void) {
  for (int64_t i = 0; i < repeated(60); i++) {
    int64_t width = one_in(3) ? pick(1, 900) : pick(1, 60);
    int64_t count = one_in(2) ? width : pick(1, one_in(2) ? width : width < 8 ? width : 8);
    check_argsort(pick(1, 4), width, count, one_in(2), one_in(3));
    check_search(pick(1, 4), pick(0, 50), pick(1, 30), one_in(2), one_in(2));
  }
  check_argsort(1, 1500, 1500, 0, 0);
  check_argsort(2, 1500, 20, 1, 0);
  // Integers of each size, the least and the greatest too.
  begin_case("backprop_argsort", "integers");
  const int8_t a[] = {3, -128, 127, -1}, *all = a;
  const uint8_t b[] = {3, 255, 0, 128};
  const int32_t c[] = {3, INT32_MIN, INT32_MAX, -1};
  const int64_t d[] = {3, INT64_MIN, INT64_MAX, -1};
  const int64_t order[] = {1, 3, 0, 2}, unsigned_order[] = {2, 0, 3, 1};
  int32_t *y = integers(4, -1, -1);
  backprop_argsort(BACKPROP_INT8, 0, 1, 4, 4, all, y);
  for (int i = 0; i < 4; i++) expect_integer(i, y[i], order[i]);
  backprop_argsort(BACKPROP_UINT8, 0, 1, 4, 4, b, y);
  for (int i = 0; i < 4; i++) expect_integer(i, y[i], unsigned_order[i]);
  backprop_argsort(BACKPROP_INT32, 0, 1, 4, 4, c, y);
  for (int i = 0; i < 4; i++) expect_integer(i, y[i], order[i]);
  backprop_argsort(BACKPROP_INT64, 1, 1, 4, 4, d, y);
  for (int i = 0; i < 4; i++) expect_integer(i, y[i], order[3 - i]);
}
