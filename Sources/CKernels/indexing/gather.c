// Rows of a table chosen by index (gather), and the transpose: rows added up by index (scatter-add).
#include "CKernels.h"
#include "simd/simd.h"
#include "threading/grain.h"

typedef struct {
  int64_t rows, width, count;
  const int32_t *indices;
  const float *x;
  int64_t x_row;
  float *y;
} table;

static void gather_rows(void *context, int64_t begin, int64_t end) {
  const table *t = context;
  for (int64_t i = begin; i < end; i++) {
    float *y = t->y + i * t->width;
    int32_t number = t->indices[i];
    if (number >= 0 && number < t->rows) {
      memcpy(y, t->x + number * t->x_row, (size_t)t->width * sizeof(float));
    } else {
      for (int64_t j = 0; j < t->width; j++) y[j] = NAN;
    }
  }
}

// Positions of `indices` sorted by index: those of index r are order[first[r]] ..< order[first[r + 1]], ascending.
typedef struct {
  const table *t;
  const int64_t *first;
  const int32_t *order;
} sorted;

enum {
  FLOAT_ROWS = 64,  // rows that are added up in float before they go into a double
  COLUMNS = 512,    // whose sums stay in the first-level cache
};

// Each thread adds up a range of columns of all rows, those of one index in order: no two threads write one element,
// and the sum has the same bits whatever the thread count. Its error does not grow with the number of rows.
CLONES static void add_columns(void *context, int64_t begin, int64_t end) {
  const sorted *s = context;
  const table *t = s->t;
  for (int64_t row = 0; row < t->rows; row++) {
    for (int64_t from = begin; from < end; from += COLUMNS) {
      int64_t count = end - from < COLUMNS ? end - from : COLUMNS;
      float *y = t->y + row * t->width + from;
      double total[COLUMNS];
      int64_t last = s->first[row + 1];
      memset(y, 0, (size_t)count * sizeof(float));
      for (int64_t i = s->first[row], stretch = 0; i < last; stretch++) {
        int64_t stop = last - i < FLOAT_ROWS ? last : i + FLOAT_ROWS;
        for (; i < stop; i++) {
          const float *x = t->x + s->order[i] * t->x_row + from;
          int64_t j = 0;
          for (; j + LANES <= count; j += LANES) STORE(y + j, LOAD(y + j) + LOAD(x + j));
          for (; j < count; j++) y[j] += x[j];
        }
        if (stretch == 0 && i == last) break;
        for (int64_t j = 0; j < count; j++) total[j] = (double)y[j] + (stretch ? total[j] : 0);
        if (i < last) memset(y, 0, (size_t)count * sizeof(float));
        else for (int64_t j = 0; j < count; j++) y[j] = (float)total[j];
      }
    }
  }
}

// A counting sort.
static void sort_positions(const table *t, int64_t *first, int32_t *order) {
  memset(first, 0, (size_t)(t->rows + 1) * sizeof *first);
  for (int64_t i = 0; i < t->count; i++) {
    int32_t number = t->indices[i];
    if (number >= 0 && number < t->rows) first[number + 1]++;
  }
  for (int64_t row = 0; row < t->rows; row++) first[row + 1] += first[row];
  // Filled from the front of each index's part, which advances `first` to the next part's start; then it is moved back.
  for (int64_t i = 0; i < t->count; i++) {
    int32_t number = t->indices[i];
    if (number >= 0 && number < t->rows) order[first[number]++] = (int32_t)i;
  }
  for (int64_t row = t->rows; row > 0; row--) first[row] = first[row - 1];
  first[0] = 0;
}

void backprop_gather(
    int64_t rows, int64_t width, int64_t count, const float *x, const int32_t *indices, float *y) {
  if (width <= 0 || count <= 0) return;
  table t = {rows, width, count, indices, x, width, y};
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

int backprop_scatter_add(
    int64_t rows, int64_t width, int64_t count, const int32_t *indices, const float *x, int64_t x_row, float *y) {
  if (width <= 0 || rows <= 0) return 0;
  table t = {rows, width, count, indices, x, x_row, y};
  int64_t *first = backprop_scratch(0, (rows + 1) * (int64_t)sizeof(int64_t) + count * (int64_t)sizeof(int32_t));
  if (!first) return -1;
  sorted s = {&t, first, (int32_t *)(first + rows + 1)};
  sort_positions(&t, first, (int32_t *)(first + rows + 1));
  int64_t grain = backprop_grain(width, (double)(rows + 2 * count) * 0.15);
  grain = (grain + LANES - 1) / LANES * LANES;  // whole cache lines for each thread
  backprop_parallel(width, grain, add_columns, &s);
  return 0;
}
