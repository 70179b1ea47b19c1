// Where values belong in ascending rows: binary searches.
#include "CKernels.h"
#include "sorting/keys.h"
#include "threading/grain.h"

typedef struct {
  backprop_type type;
  int is_right, is_shared;
  int64_t width, count;
  const void *x, *values;
  int32_t *y;
} search;

#define SEARCH(TYPE, KEY)                                                                     \
  static void search_##TYPE(const search *s, int64_t begin, int64_t end) {                    \
    for (int64_t i = begin; i < end; i++) {                                                   \
      const TYPE *x = (const TYPE *)s->x + (s->is_shared ? 0 : i / s->count * s->width);      \
      KEY value = key_of_##TYPE(((const TYPE *)s->values)[i]);                                \
      int64_t low = 0, high = s->width;                                                       \
      while (low < high) {                                                                    \
        int64_t middle = low + (high - low) / 2;                                              \
        KEY key = key_of_##TYPE(x[middle]);                                                   \
        if (s->is_right ? key <= value : key < value) low = middle + 1; else high = middle;   \
      }                                                                                       \
      s->y[i] = (int32_t)low;                                                                 \
    }                                                                                         \
  }

SEARCH(float, uint32_t)
SEARCH(double, uint64_t)
SEARCH(int8_t, uint32_t)
SEARCH(uint8_t, uint32_t)
SEARCH(int32_t, uint32_t)
SEARCH(int64_t, uint64_t)

static void search_rows(void *context, int64_t begin, int64_t end) {
  const search *s = context;
  switch (s->type) {
  case BACKPROP_FLOAT32: search_float(s, begin, end); break;
  case BACKPROP_FLOAT64: search_double(s, begin, end); break;
  case BACKPROP_INT8: search_int8_t(s, begin, end); break;
  case BACKPROP_UINT8: search_uint8_t(s, begin, end); break;
  case BACKPROP_INT32: search_int32_t(s, begin, end); break;
  case BACKPROP_INT64: search_int64_t(s, begin, end); break;
  default: break;
  }
}

void backprop_search_sorted(
    backprop_type type, int is_right, int is_shared, int64_t rows, int64_t width, int64_t count, const void *x,
    const void *values, int32_t *y) {
  search s = {type, is_right, is_shared, width, count, x, values, y};
  backprop_parallel(rows * count, backprop_grain(rows * count, 50), search_rows, &s);
}
