// Rows of a table chosen by number, and the transpose: rows added up by number.
#include "CKernels.h"
#include "simd.h"
#include "threads.h"

typedef struct {
  int64_t rows, width, count;
  const int32_t *numbers;
  const float *x;
  int64_t x_row;
  float *y;
} table;

static void gather_rows(void *context, int64_t begin, int64_t end) {
  const table *t = context;
  for (int64_t i = begin; i < end; i++) {
    float *y = t->y + i * t->width;
    int32_t number = t->numbers[i];
    if (number >= 0 && number < t->rows) {
      memcpy(y, t->x + number * t->x_row, (size_t)t->width * sizeof(float));
    } else {
      for (int64_t j = 0; j < t->width; j++) y[j] = NAN;
    }
  }
}

// Each thread adds up a range of columns over all numbers in order: no two threads write one element, and the order of
// the sum is that of the numbers whatever the thread count.
CLONES static void add_columns(void *context, int64_t begin, int64_t end) {
  const table *t = context;
  for (int64_t row = 0; row < t->rows; row++) {
    memset(t->y + row * t->width + begin, 0, (size_t)(end - begin) * sizeof(float));
  }
  for (int64_t i = 0; i < t->count; i++) {
    int32_t number = t->numbers[i];
    if (number < 0 || number >= t->rows) continue;
    const float *x = t->x + i * t->x_row;
    float *y = t->y + number * t->width;
    int64_t j = begin;
    for (; j + LANES <= end; j += LANES) STORE(y + j, LOAD(y + j) + LOAD(x + j));
    for (; j < end; j++) y[j] += x[j];
  }
}

void backprop_gather(
    int64_t rows, int64_t width, int64_t count, const float *x, const int32_t *numbers, float *y) {
  if (width <= 0 || count <= 0) return;
  table t = {rows, width, count, numbers, x, width, y};
  backprop_parallel(count, backprop_grain(count, 5 + (double)width * 0.1), gather_rows, &t);
}

void backprop_replace_slice(
    int64_t outer, int64_t size, int64_t count, int64_t inner, const float *x, const int32_t *position, float *y) {
  int64_t start = *position;
  if (start > size - count) start = size - count;
  if (start < 0) start = 0;
  for (int64_t i = 0; i < outer; i++) {
    memcpy(y + (i * size + start) * inner, x + i * count * inner, (size_t)(count * inner) * sizeof(float));
  }
}

void backprop_scatter_add(
    int64_t rows, int64_t width, int64_t count, const int32_t *numbers, const float *x, int64_t x_row, float *y) {
  if (width <= 0 || rows <= 0) return;
  table t = {rows, width, count, numbers, x, x_row, y};
  int64_t grain = backprop_grain(width, (double)(rows + 2 * count) * 0.15);
  grain = (grain + LANES - 1) / LANES * LANES;  // whole cache lines for each thread
  backprop_parallel(width, grain, add_columns, &t);
}
