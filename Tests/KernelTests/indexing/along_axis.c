// Elements chosen by index along an axis, and those that go where an index says.
#include "check.h"

#include <stddef.h>
#include <stdlib.h>

static void check(int64_t outer, int64_t size, int64_t count, int64_t inner) {
  begin_case("backprop_gather_along", "%lld of [%lld, %lld, %lld]", (long long)count, (long long)outer,
             (long long)size, (long long)inner);
  float *x = random_floats(outer * size * inner, -1, 1), *y = floats(outer * count * inner);
  int32_t *indices = integers(outer * count * inner, -2, size + 1);
  backprop_gather_along(4, outer, size, count, inner, x, indices, 0x7FC00000, y);
  for (int64_t i = 0; i < outer * count * inner; i++) {
    int64_t index = indices[i], o = i / (count * inner);
    float expected = index >= 0 && index < size ? x[(o * size + index) * inner + i % inner] : NAN;
    expect_bits(i, y[i], expected);
  }
  name_kernel("backprop_scatter_along");
  float *part = random_floats(outer * count * inner, -1, 1);
  for (int kind = BACKPROP_SCATTER_SET; kind <= BACKPROP_SCATTER_MINIMUM; kind++) {
    float *result = copied(x, outer * size * inner), *expected = copied(x, outer * size * inner);
    backprop_scatter_along(
        BACKPROP_FLOAT32, 4, (backprop_scatter)kind, outer, size, count, inner, indices, part, result);
    for (int64_t i = 0; i < outer * count * inner; i++) {
      int64_t index = indices[i], o = i / (count * inner);
      if (index < 0 || index >= size) continue;
      float *to = expected + (o * size + index) * inner + i % inner;
      *to = kind == BACKPROP_SCATTER_SET       ? part[i]
            : kind == BACKPROP_SCATTER_ADD     ? *to + part[i]
            : kind == BACKPROP_SCATTER_MAXIMUM ? fmaxf(*to, part[i])
                                               : fminf(*to, part[i]);
    }
    for (int64_t i = 0; i < outer * size * inner; i++) expect_bits(i, result[i], expected[i]);
  }
}

static void check_sparse_product(int64_t outer, int64_t count, int64_t size, int64_t inner, int is_double) {
  begin_case("backprop_sparse_product", "[%lld, %lld] of [%lld, %lld, %lld]%s", (long long)count, (long long)size,
             (long long)outer, (long long)size, (long long)inner, is_double ? " float64" : "");
  int32_t *counts = integers(count, 0, 6), *starts = integers(count + 1, 0, 0);
  for (int64_t i = 0; i < count; i++) starts[i + 1] = starts[i] + counts[i];
  int32_t *indices = integers(starts[count], 0, size - 1);
  float *coefficients = random_floats(starts[count], -1, 1), *numbers = random_floats(outer * size * inner, -1, 1);
  double *weights = calloc((size_t)starts[count] + 1, sizeof *weights);
  double *wide = calloc((size_t)(outer * size * inner) + 1, sizeof *wide);
  double *wide_result = calloc((size_t)(outer * count * inner) + 1, sizeof *wide_result);
  for (int64_t t = 0; t < starts[count]; t++) weights[t] = coefficients[t];
  for (int64_t i = 0; i < outer * size * inner; i++) wide[i] = numbers[i];
  float *result = floats(outer * count * inner);
  if (is_double) {
    backprop_sparse_product(
        BACKPROP_FLOAT64, outer, count, size, inner, starts, indices, weights, wide, wide_result);
  } else {
    backprop_sparse_product(BACKPROP_FLOAT32, outer, count, size, inner, starts, indices, weights, numbers, result);
  }
  for (int64_t i = 0; i < outer * count * inner; i++) {
    int64_t row = i / inner % count, o = i / (count * inner);
    double expected = 0;
    for (int64_t t = starts[row]; t < starts[row + 1]; t++)
      expected += weights[t] * wide[(o * size + indices[t]) * inner + i % inner];
    expect(i, is_double ? (float)wide_result[i] : result[i], expected, 16 * ROUNDING);
  }
  free(weights), free(wide), free(wide_result);
}

void test_along_axis(void) {
  for (int64_t i = 0; i < repeated(60); i++)
    check_sparse_product(
        pick(1, 5), pick(1, 20), pick(1, 20), one_in(2) ? pick(1, 3) : pick(1, 300), one_in(3));
  check_sparse_product(500, 40, 20, 1, 0);
  check_sparse_product(30, 40, 20, 700, 0);
  for (int64_t i = 0; i < repeated(60); i++)
    check(pick(1, 5), pick(1, 20), pick(0, 30), one_in(2) ? 1 : pick(1, 150));
  check(600, 20, 30, 1);
}
