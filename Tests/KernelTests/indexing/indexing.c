// Rows chosen by index and added up by index, slices that are replaced, and images of bytes.
#include "check.h"

#include <stdlib.h>
#include <string.h>

static void check_gather(int64_t rows, int64_t width, int64_t count) {
  begin_case("backprop_gather", "[%lld] of [%lld, %lld]", (long long)count, (long long)rows, (long long)width);
  float *x = random_floats(rows * width, -1, 1), *y = floats(count * width);
  int32_t *indices = integers(count, -1, rows);
  if (count > 0 && one_in(2)) indices[0] = INT32_MIN;
  backprop_gather(rows, width, count, x, indices, y);
  for (int64_t i = 0; i < count * width; i++) {
    int32_t row = indices[i / width];
    expect_bits(i, y[i], row >= 0 && row < rows ? x[row * width + i % width] : NAN);
  }
}

static void check_scatter_add(int64_t rows, int64_t width, int64_t count) {
  int64_t x_row = width + (one_in(2) ? pick(1, 9) : 0);
  begin_case("backprop_scatter_add", "[%lld, %lld], rows %lld apart, into [%lld, %lld]", (long long)count,
             (long long)width, (long long)x_row, (long long)rows, (long long)width);
  float *x = random_floats(count > 0 ? (count - 1) * x_row + width : 0, -1, 1), *y = floats(rows * width);
  int32_t *indices = integers(count, -2, rows + 1);
  expect_integer(-1, backprop_scatter_add(rows, width, count, indices, x, x_row, y), 0);
  double *sums = calloc((size_t)(rows * width), sizeof *sums);
  for (int64_t i = 0; i < count; i++)
    for (int64_t j = 0; j < width && indices[i] >= 0 && indices[i] < rows; j++)
      sums[indices[i] * width + j] += (double)x[i * x_row + j];
  // Sums of 64 numbers are floats.
  for (int64_t i = 0; i < rows * width; i++) expect(i, y[i], sums[i], ROUNDING * (64 + 8 * sqrt((double)count)));
  free(sums);
}

static void check_used_rows(int64_t rows, int64_t width, int64_t count) {
  begin_case("backprop_sum_rows", "[%lld, %lld] of %lld rows", (long long)count, (long long)width, (long long)rows);
  float *x = random_floats(count * width, -1, 1), *y = floats(count * width), *expected = floats(count * width);
  int32_t *indices = integers(count, -2, rows + 1), *used = integers(count, 0, 1);
  expect_integer(-1, backprop_sum_rows(4, rows, width, count, indices, x, used, y), 0);
  for (int64_t i = 0; i < count; i++) {
    int64_t first = 0;
    while (indices[first] != indices[i]) first++;
    int is_inside = indices[i] >= 0 && indices[i] < rows;
    expect_integer(i, used[i], is_inside && first == i ? indices[i] : -1);
    for (int64_t j = 0; j < width; j++) {
      expected[i * width + j] = is_inside && first == i ? x[i * width + j] : 0;
      if (is_inside && first != i) expected[first * width + j] += x[i * width + j];
    }
  }
  for (int64_t i = 0; i < count * width; i++) expect_bits(i, y[i], expected[i]);
  name_kernel("backprop_replace_rows");
  float *table = random_floats(rows * width, 2, 3), *before = copied(table, rows * width);
  backprop_replace_rows(4 * width, rows, count, used, y, table);
  for (int64_t i = 0; i < count; i++)
    for (int64_t j = 0; j < width && used[i] >= 0; j++) before[used[i] * width + j] = y[i * width + j];
  for (int64_t i = 0; i < rows * width; i++) expect_bits(i, table[i], before[i]);
}

static void check_replace_slice(int64_t outer, int64_t size, int64_t count, int64_t inner, int32_t position) {
  begin_case("backprop_replace_slice", "[%lld, %lld, %lld] over [%lld, %lld, %lld] from %d on", (long long)outer,
             (long long)count, (long long)inner, (long long)outer, (long long)size, (long long)inner, position);
  float *x = random_floats(outer * count * inner, -1, 1), *y = random_floats(outer * size * inner, 2, 3);
  float *before = copied(y, outer * size * inner);
  backprop_replace_slice(outer, size, count, inner, x, &position, y);
  int64_t start = position > size - count ? size - count : position < 0 ? 0 : position;
  for (int64_t i = 0; i < outer * size * inner; i++) {
    int64_t row = i / inner % size - start;
    float expected = row >= 0 && row < count ? x[(i / inner / size * count + row) * inner + i % inner] : before[i];
    expect_bits(i, y[i], expected);
  }
}

// Each operation is rounded, so the bits are the same everywhere.
static float converted(const uint8_t *x, float greatest, float scale, float offset) {
  float part = (float)*x / greatest;
  float scaled = part * scale;
  return scaled + offset;
}

typedef struct {
  int64_t calls;
  float *products;
} other_work;

// What overlaps with the images: forks of its own, which run on the caller.
static void multiply(void *context) {
  other_work *work = context;
  enum { SIDE = 40 };
  float a[SIDE * SIDE], b[SIDE * SIDE];
  for (int i = 0; i < SIDE * SIDE; i++) a[i] = 1, b[i] = (float)(i % SIDE);
  for (int round = 0; round < 20; round++) backprop_matmul(SIDE, SIDE, SIDE, a, SIDE, 1, b, SIDE, 1, work->products);
  work->calls++;
}

static void check_images(int64_t count, int64_t channels, int64_t plane, int overlapped) {
  begin_case(overlapped ? "backprop_gather_images_overlapped" : "backprop_gather_images", "%lld images of [%lld, %lld]",
             (long long)count, (long long)channels, (long long)plane);
  int64_t images = pick(1, 9), size = channels * plane;
  uint8_t *x = bytes(images * size);
  int32_t *indices = integers(count, 0, images - 1);
  float *scales = random_floats(channels, -2, 2), *offsets = random_floats(channels, -1, 1), *y = floats(count * size);
  int64_t first = overlapped ? pick(0, count) : 0, done = first;
  if (overlapped) {
    other_work work = {0, floats(1600)};
    backprop_gather_images_overlapped(
        count, channels, plane, indices, x, 255, scales, offsets, y, &done, multiply, &work);
    expect_integer(-1, work.calls, 1);
    for (int64_t i = 0; i < 1600; i++) expect(i, work.products[i], (double)(40 * (i % 40)), 0);
    if (done < first || done > count) expect_integer(-2, done, count);
  } else {
    backprop_gather_images(count, channels, plane, indices, x, 255, scales, offsets, y);
    done = count;
  }
  // Images before and after those that are done are not touched, so they are NaN.
  for (int64_t i = 0; i < count * size; i++) {
    int64_t image = i / size, channel = i / plane % channels;
    float expected = converted(x + indices[image] * size + i % size, 255, scales[channel], offsets[channel]);
    expect_bits(i, y[i], image >= first && image < done ? expected : NAN);
  }
}

void test_indexing(void) {
  for (int64_t i = repeated(60); i > 0; i--) {
    check_gather(pick(1, 40), pick(1, 90), pick(0, 60));
    check_scatter_add(pick(1, 40), pick(1, 90), pick(0, 120));
    check_used_rows(pick(1, 40), pick(1, 90), pick(0, 120));
    int64_t size = pick(1, 12), count = pick(0, size);
    check_replace_slice(pick(1, 5), size, count, pick(1, 20), (int32_t)pick(-3, size + 3));
    check_images(pick(0, 9), pick(1, 4), pick(1, 120), one_in(2));
  }
  check_replace_slice(2, 5, 3, 4, INT32_MAX);
  check_replace_slice(2, 5, 3, 4, INT32_MIN);
  check_gather(100, 300, 300);
  check_scatter_add(3, 1100, 700);
  check_scatter_add(2000, 65, 900);
  check_used_rows(100000, 300, 700);
  check_images(60, 3, 1024, 0);
  check_images(60, 3, 1024, 1);
}
