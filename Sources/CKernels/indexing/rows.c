// The rows of a table that a batch uses: each once, with the sum of what belongs to it, and back into the table.
#include <string.h>

#include "CKernels.h"
#include "threading/grain.h"

typedef struct {
  int64_t bytes, width, count;
  const int32_t *first;
  const void *x;
  void *y;
} sums;

// For each place the first one with its index, in `first`; indices outside 0..<rows have none. `slots` are `size` places
// of a hash table, a power of two above `count`.
static void find_first(
    int64_t rows, int64_t count, const int32_t *indices, int32_t *first, int32_t *slots, int64_t size) {
  for (int64_t i = 0; i < size; i++) slots[i] = -1;
  for (int64_t i = 0; i < count; i++) {
    first[i] = -1;
    if (indices[i] < 0 || indices[i] >= rows) continue;
    uint64_t slot = ((uint64_t)indices[i] * 0x9E3779B97F4A7C15u) >> 20 & (uint64_t)(size - 1);
    while (slots[slot] >= 0 && indices[slots[slot]] != indices[i]) slot = (slot + 1) & (uint64_t)(size - 1);
    if (slots[slot] < 0) slots[slot] = (int32_t)i;
    first[i] = slots[slot];
  }
}

// Columns begin ..< end of all rows, in the order of the places.
#define ADD_COLUMNS(TYPE)                                                            \
  static void add_columns_##TYPE(void *context, int64_t begin, int64_t end) {        \
    const sums *s = context;                                                         \
    const TYPE *x = s->x;                                                            \
    TYPE *y = s->y;                                                                  \
    for (int64_t i = 0; i < s->count; i++) {                                         \
      int64_t first = s->first[i];                                                   \
      const TYPE *from = x + i * s->width;                                           \
      TYPE *own = y + i * s->width, *to = y + (first < 0 ? 0 : first) * s->width;    \
      if (first == i) {                                                              \
        for (int64_t j = begin; j < end; j++) own[j] = from[j];                      \
      } else {                                                                       \
        for (int64_t j = begin; j < end; j++) own[j] = 0;                            \
        if (first >= 0)                                                              \
          for (int64_t j = begin; j < end; j++) to[j] += from[j];                    \
      }                                                                              \
    }                                                                                \
  }
ADD_COLUMNS(float)
ADD_COLUMNS(double)

int backprop_sum_rows(
    int64_t bytes, int64_t rows, int64_t width, int64_t count, const int32_t *indices, const void *x,
    int32_t *used, void *y) {
  int64_t size = 16;
  while (size < 2 * count) size *= 2;
  int32_t *first = backprop_scratch(0, (count + size) * (int64_t)sizeof(int32_t));
  if (!first) return -1;
  find_first(rows, count, indices, first, first + count, size);
  for (int64_t i = 0; i < count; i++) used[i] = first[i] == i ? indices[i] : -1;
  sums s = {bytes, width, count, first, x, y};
  backprop_parallel(
      width, backprop_grain(width, (double)count * 0.3), bytes == 8 ? add_columns_double : add_columns_float, &s);
  return 0;
}

typedef struct {
  int64_t row_bytes, rows;
  const int32_t *indices;
  const char *x;
  char *y;
} replaced;

static void replace(void *context, int64_t begin, int64_t end) {
  const replaced *r = context;
  for (int64_t i = begin; i < end; i++)
    if (r->indices[i] >= 0 && r->indices[i] < r->rows)
      memcpy(r->y + r->indices[i] * r->row_bytes, r->x + i * r->row_bytes, (size_t)r->row_bytes);
}

void backprop_replace_rows(
    int64_t row_bytes, int64_t rows, int64_t count, const int32_t *indices, const void *x, void *y) {
  replaced r = {row_bytes, rows, indices, x, y};
  backprop_parallel(count, backprop_grain(count, 50 + 0.1 * (double)row_bytes), replace, &r);
}
