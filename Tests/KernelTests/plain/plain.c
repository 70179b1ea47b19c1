// The plain kernels, which have one source for all types: each kernel with one or two of them, and all conversions.
#include "check.h"

#include <string.h>

static double *doubles(int64_t count) {
  double *x = (double *)(void *)bytes(8 * count);
  for (int64_t i = 0; i < count; i++) x[i] = draw(-2, 2);
  return x;
}

static int64_t *wide(int64_t count) {
  int64_t *x = (int64_t *)(void *)bytes(8 * count);
  for (int64_t i = 0; i < count; i++) x[i] = pick(-1000, 1000);
  return x;
}

// [rows, columns], where the first operand is transposed and the second is repeated along the rows.
static backprop_plain_layout transposed(int64_t rows, int64_t columns, int result) {
  backprop_plain_layout layout = {.rank = 2, .shape = {rows, columns}, .strides = {{1, rows}, {0, 1}}};
  layout.strides[result][0] = columns, layout.strides[result][1] = 1;
  return layout;
}

static void check_elementwise(int64_t rows, int64_t columns) {
  begin_case("backprop_plain_elementwise", "[%lld, %lld]", (long long)rows, (long long)columns);
  backprop_plain_layout layout = transposed(rows, columns, 2);
  const double *a = doubles(rows * columns), *b = doubles(columns);
  double *y = doubles(rows * columns);
  float *less = floats(rows * columns);
  backprop_plain_elementwise(BACKPROP_FLOAT64, BACKPROP_DIVIDE_F, &layout, a, b, y);
  backprop_plain_elementwise(BACKPROP_FLOAT64, BACKPROP_LESS_F, &layout, a, b, less);
  for (int64_t i = 0; i < rows * columns; i++) {
    double left = a[i % columns * rows + i / columns], right = b[i % columns];
    expect_integer(i, y[i] == left / right, 1);
    expect(i, less[i], left < right, 0);
  }
  int8_t *p = (int8_t *)bytes(rows * columns), *q = (int8_t *)bytes(columns), *r = (int8_t *)bytes(rows * columns);
  for (int64_t i = 0; i < rows * columns; i++) p[i] = (int8_t)pick(-128, 127);
  for (int64_t i = 0; i < columns; i++) q[i] = (int8_t)pick(-128, 127);
  backprop_plain_elementwise(BACKPROP_INT8, BACKPROP_MULTIPLY_F, &layout, p, q, r);
  for (int64_t i = 0; i < rows * columns; i++)
    expect_integer(i, r[i], (int8_t)(p[i % columns * rows + i / columns] * q[i % columns]));
}

static void check_moves(int64_t rows, int64_t columns) {
  begin_case("backprop_plain_copy", "[%lld, %lld]", (long long)rows, (long long)columns);
  backprop_plain_layout copy = transposed(rows, columns, 1), select = transposed(rows, columns, 3);
  select.strides[2][1] = 1;
  uint8_t *x = bytes(2 * rows * columns), *y = bytes(2 * rows * columns);
  for (int64_t i = 0; i < 2 * rows * columns; i++) x[i] = (uint8_t)pick(0, 255);
  backprop_plain_copy(2, &copy, x, y);
  for (int64_t i = 0; i < rows * columns; i++)
    for (int64_t part = 0; part < 2; part++)
      expect_integer(i, y[2 * i + part], x[2 * (i % columns * rows + i / columns) + part]);
  name_kernel("backprop_plain_select");
  float *condition = floats(rows * columns);
  for (int64_t i = 0; i < rows * columns; i++) condition[i] = (float)pick(0, 1);
  const int64_t *a = wide(columns), *b = wide(columns);
  int64_t *z = wide(rows * columns);
  backprop_plain_select(8, &select, condition, a, b, z);
  for (int64_t i = 0; i < rows * columns; i++)
    expect_integer(i, z[i], (condition[i % columns * rows + i / columns] != 0 ? a : b)[i % columns]);
}

static void check_reduce(int64_t outer, int64_t count, int64_t inner) {
  begin_case("backprop_plain_reduce", "float64 [%lld, %lld, %lld]", (long long)outer, (long long)count, (long long)inner);
  const double *x = doubles(outer * count * inner);
  double *y = doubles(outer * inner);
  int32_t *position = integers(outer * inner, 0, 0);
  for (int kind = 0; kind <= BACKPROP_NORM; kind++) {
    backprop_plain_reduce(BACKPROP_FLOAT64, (backprop_reduction)kind, outer, count, inner, inner, x, y);
    backprop_plain_argmax(BACKPROP_FLOAT64, outer, count, inner, x, position);
    for (int64_t i = 0; i < outer * inner; i++) {
      const double *from = x + i / inner * count * inner + i % inner;
      double sum = 0, squares = 0, greatest = -INFINITY, least = INFINITY;
      int64_t best = 0;
      for (int64_t k = 0; k < count; k++) {
        double v = from[k * inner];
        sum += v, squares += v * v;
        if (v > greatest) greatest = v, best = k;
        if (v < least) least = v;
      }
      double all[] = {sum, greatest, least, sum / (double)count, sqrt(squares)};
      expect_integer(i, fabs(y[i] - all[kind]) <= 1e-14 * (double)count, 1);
      expect_integer(i, position[i], best);
    }
  }
}

static void check_matmul(int64_t m, int64_t n, int64_t k) {
  begin_case("backprop_plain_matmul", "[%lld, %lld] by [%lld, %lld]", (long long)m, (long long)k, (long long)k, (long long)n);
  const double *a = doubles(m * k), *b = doubles(k * n);
  double *c = doubles(m * n);
  backprop_plain_matmul(BACKPROP_FLOAT64, m, n, k, a, 1, m, b, n, 1, c);
  for (int64_t i = 0; i < m * n; i++) {
    double sum = 0;
    for (int64_t p = 0; p < k; p++) sum += a[p * m + i / n] * b[p * n + i % n];
    expect_integer(i, fabs(c[i] - sum) <= 1e-13, 1);
  }
}

static void check_rows(int64_t rows, int64_t width, int64_t count) {
  begin_case("backprop_plain_gather", "%lld of [%lld, %lld]", (long long)count, (long long)rows, (long long)width);
  const int64_t *x = wide(rows * width), *parts = wide(count * width);
  const int32_t *indices = integers(count, -1, rows);
  int64_t *y = wide(count * width), *sums = wide(rows * width);
  backprop_plain_gather(BACKPROP_INT64, rows, width, count, x, indices, y);
  for (int64_t i = 0; i < count * width; i++) {
    int64_t row = indices[i / width];
    expect_integer(i, y[i], row < 0 || row >= rows ? 0 : x[row * width + i % width]);
  }
  name_kernel("backprop_plain_scatter_add");
  backprop_plain_scatter_add(BACKPROP_INT64, rows, width, count, indices, parts, sums);
  for (int64_t i = 0; i < rows * width; i++) {
    int64_t sum = 0;
    for (int64_t k = 0; k < count; k++) sum += indices[k] == i / width ? parts[k * width + i % width] : 0;
    expect_integer(i, sums[i], sum);
  }
  name_kernel("backprop_plain_replace_slice");
  int64_t *whole = wide(rows * width);
  int32_t position = (int32_t)pick(-1, rows);
  int64_t part = pick(1, rows), start = position < 0 ? 0 : position > rows - part ? rows - part : position;
  backprop_plain_replace_slice(8, 1, rows, part, width, x, &position, whole);
  for (int64_t i = 0; i < part * width; i++) expect_integer(i, whole[start * width + i], x[i]);
}

static void check_windows(int64_t height, int64_t width) {
  begin_case("backprop_plain_unfold", "[2, %lld, %lld]", (long long)height, (long long)width);
  backprop_window w = {.batch = 1, .channels = 2, .height = height, .width = width, .out_height = height,
                       .out_width = width, .kernel = {3, 3}, .stride = {1, 1}, .padding = {1, 1}, .dilation = {1, 1}};
  const double *x = doubles(2 * height * width);
  double *y = doubles(18 * height * width), *sums = doubles(2 * height * width);
  backprop_plain_unfold(BACKPROP_FLOAT64, &w, 7, x, y);
  for (int64_t i = 0; i < 18 * height * width; i++) {
    int64_t at = i / 9, plane = at / (height * width);
    int64_t row = at / width % height + i / 3 % 3 - 1, column = at % width + i % 3 - 1;
    int inside = row >= 0 && row < height && column >= 0 && column < width;
    expect_integer(i, y[i] == (inside ? x[(plane * height + row) * width + column] : 7), 1);
  }
  name_kernel("backprop_plain_fold");
  backprop_plain_fold(BACKPROP_FLOAT64, &w, y, sums);
  for (int64_t i = 0; i < 2 * height * width; i++) {  // each pixel is in as many windows as have it inside
    int64_t row = i / width % height, column = i % width;
    int64_t times = (1 + (row > 0) + (row + 1 < height)) * (1 + (column > 0) + (column + 1 < width));
    expect_integer(i, fabs(sums[i] - (double)times * x[i]) <= 1e-14 * 9, 1);
  }
}

// What a number becomes, as a double.
static double converted(backprop_type from, backprop_type to, double x) {
  uint8_t source[8], middle[8];
  double y;
  backprop_plain_cast(BACKPROP_FLOAT64, from, 1, &x, source);
  backprop_plain_cast(from, to, 1, source, middle);
  backprop_plain_cast(to, BACKPROP_FLOAT64, 1, middle, &y);
  return y;
}

// Whole numbers that all types hold stay what they are in all conversions; other numbers at the ends of the types.
static void check_casts(void) {
  begin_case("backprop_plain_cast", "all types");
  for (int from = 0; from <= BACKPROP_BOOL; from++)
    for (int to = 0; to <= BACKPROP_BOOL; to++)
      for (int64_t x = 0; x <= 127; x++)
        expect_integer(x, (int64_t)converted((backprop_type)from, (backprop_type)to, (double)x),
                       from == BACKPROP_BOOL || to == BACKPROP_BOOL ? x != 0 : x);
  expect_integer(0, (int64_t)converted(BACKPROP_FLOAT64, BACKPROP_INT8, -1e9), -128);
  expect_integer(1, (int64_t)converted(BACKPROP_FLOAT32, BACKPROP_UINT8, 255.9), 255);
  expect_integer(2, (int64_t)converted(BACKPROP_INT32, BACKPROP_INT8, 300), 44);
  expect_integer(3, (int64_t)converted(BACKPROP_FLOAT64, BACKPROP_INT32, NAN), 0);
  expect(4, (float)converted(BACKPROP_FLOAT32, BACKPROP_FLOAT16, 65519), 65504, 0);
  expect(5, (float)converted(BACKPROP_FLOAT32, BACKPROP_FLOAT16, 65520), INFINITY, 0);
  expect(6, (float)converted(BACKPROP_FLOAT32, BACKPROP_FLOAT16, 0x1.8p-24), 0x1p-23, 0);
  expect(7, (float)converted(BACKPROP_FLOAT32, BACKPROP_BFLOAT16, 1.01171875), 1.015625, 0);
  expect(8, (float)converted(BACKPROP_FLOAT32, BACKPROP_BFLOAT16, NAN), NAN, 0);
}

void test_plain(void) {
  check_casts();
  for (int64_t i = repeated(30); i > 0; i--) {
    check_elementwise(pick(1, 9), pick(1, 9));
    check_moves(pick(1, 9), pick(1, 9));
    check_reduce(pick(1, 4), pick(1, 50), pick(1, 9));
    check_matmul(pick(1, 9), pick(1, 9), pick(0, 20));
    check_rows(pick(1, 6), pick(1, 6), pick(1, 30));
    check_windows(pick(1, 6), pick(1, 6));
  }
}
