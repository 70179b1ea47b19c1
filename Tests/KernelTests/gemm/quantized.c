// Products with an int8-quantized matrix: close to the product in double, and the same bits everywhere.
#include "check.h"

#include <stdlib.h>

// The greatest magnitude of `count` elements that are `apart`; NaN is ignored.
static float greatest_of(int64_t count, const float *x, int64_t apart) {
  float greatest = 0;
  for (int64_t i = 0; i < count; i++)
    if (fabsf(x[i * apart]) > greatest) greatest = fabsf(x[i * apart]);
  return greatest;
}

// How many steps to 1; 0 where all elements become 0.
static float steps_for(float greatest) {
  float steps = greatest > 0 && greatest <= FLT_MAX ? 127 / greatest : 0;
  return steps <= FLT_MAX ? steps : 0;
}

static int64_t quantized(float x, float steps) {
  float scaled = x * steps;
  if (isnan(scaled)) return 0;
  return (int64_t)(scaled + (scaled < 0 ? -0.5f : 0.5f));
}

static void check(int64_t n, int64_t k, int special) {
  begin_case("backprop_quantized_vector_matrix", "[%lld] · [%lld, %lld]%s", (long long)k, (long long)k, (long long)n,
             special ? ", special" : "");
  int64_t row = n + pick(0, 7);
  double scale = one_in(4) ? 1e-18 : one_in(4) ? 1e15 : 1;
  float *a = random_floats(k, -scale, scale), *b = random_floats((k - 1) * row + n, -1, 1);
  if (special) {
    a[pick(0, k - 1)] = NAN;
    b[pick(0, k - 1) * row + pick(0, n - 1)] = INFINITY;
    b[pick(0, k - 1) * row + pick(0, n - 1)] = NAN;
    for (int64_t p = 0; p < k; p++) b[p * row] = 0;
  }
  if (special && one_in(3)) a[pick(0, k - 1)] = INFINITY;
  void *memory = workspace(backprop_quantized_bytes(n, k));
  float *c = floats(n);
  backprop_quantize_matrix(n, k, b, row, memory);
  expect_integer(-1, backprop_quantized_vector_matrix(n, k, a, memory, c), 0);

  float a_greatest = greatest_of(k, a, 1), a_steps = steps_for(a_greatest);
  float a_scale = a_steps > 0 ? a_greatest / 127 : 0;
  for (int64_t j = 0; j < n; j++) {
    float greatest = greatest_of(k, b + j, row), steps = steps_for(greatest), b_scale = steps > 0 ? greatest / 127 : 0;
    int64_t sum = 0;
    double product = 0, error = 0;
    for (int64_t p = 0; p < k; p++) {
      float x = a[p], y = b[p * row + j];
      sum += quantized(x, a_steps) * quantized(y, steps);
      if (isnan(x) || a_steps == 0) x = 0;
      if (isnan(y) || steps == 0) y = 0;
      product += (double)x * (double)y;
      error += fabs((double)x) * (double)b_scale / 2 + fabs((double)y) * (double)a_scale / 2 +
               (double)a_scale * (double)b_scale / 4;
    }
    float both = a_scale * b_scale;
    expect_bits(j, c[j], (float)sum * both);
    expect(j, c[j], product, error * 1.001);
  }
}

void test_quantized(void) {
  static const int64_t shapes[][2] = {{1, 1}, {16, 4}, {17, 5}, {300, 257}, {1000, 200}, {64, 3000}};
  for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++) check(shapes[s][0], shapes[s][1], 0);
  for (int64_t i = repeated(60); i > 0; i--) check(pick(1, 130), pick(1, 300), one_in(4));

  begin_case("backprop_quantized_vector_matrix", "[0] · [0, 5]");
  void *memory = workspace(backprop_quantized_bytes(5, 0));
  float *none = floats(0), *c = floats(5);
  backprop_quantize_matrix(5, 0, none, 5, memory);
  expect_integer(-1, backprop_quantized_vector_matrix(5, 0, none, memory, c), 0);
  for (int64_t j = 0; j < 5; j++) expect(j, c[j], 0, 0);
}
