// Elements chosen by index along an axis, and their transpose: elements that go where an index says.
#include <stddef.h>

#include "CKernels.h"
#include "simd/simd.h"
#include "threading/grain.h"

enum { BLOCK = 64 };

// x[outer, size, inner], indices and part[outer, count, inner], y
typedef struct {
  int64_t bytes, size, count, inner;
  backprop_type type;
  backprop_scatter kind;
  const void *x, *part;
  const int32_t *indices;
  uint64_t outside;
  void *y;
} lines;

// Runs `body` for each index of the lines begin ..< end, those of neighboring lines together: `to` is the element's
// place among the indices, `from` that in x or y.
#define EACH_INDEX(body)                                                   \
  for (int64_t line = begin; line < end;) {                                \
    int64_t o = line / l->inner, column = line % l->inner;                 \
    int64_t width = l->inner - column < end - line ? l->inner - column : end - line; \
    if (width > BLOCK) width = BLOCK;                                      \
    for (int64_t i = 0; i < l->count; i++)                                 \
      for (int64_t j = 0; j < width; j++) {                                \
        int64_t to = (o * l->count + i) * l->inner + column + j, index = l->indices[to]; \
        int64_t from = (o * l->size + index) * l->inner + column + j;      \
        int is_inside = index >= 0 && index < l->size;                     \
        body;                                                              \
      }                                                                    \
    line += width;                                                         \
  }

#define GATHER(TYPE)                                                                             \
  static void gather_##TYPE(const lines *l, int64_t begin, int64_t end) {                        \
    const TYPE *x = l->x, outside = (TYPE)l->outside;                                            \
    TYPE *y = l->y;                                                                              \
    EACH_INDEX(y[to] = is_inside ? x[from] : outside)                                            \
  }                                                                                              \
  static void set_##TYPE(const lines *l, int64_t begin, int64_t end) {                           \
    const TYPE *part = l->part;                                                                  \
    TYPE *y = l->y;                                                                              \
    EACH_INDEX(if (is_inside) y[from] = part[to])                                                \
  }
GATHER(uint8_t)
GATHER(uint16_t)
GATHER(uint32_t)
GATHER(uint64_t)

#define IS_NAN(x) ((x) != (x))
// SUM: the type in which it may overflow.
#define SCATTER(TYPE, SUM)                                                                                  \
  static void scatter_##TYPE(const lines *l, int64_t begin, int64_t end) {                                  \
    const TYPE *part = l->part;                                                                             \
    TYPE *y = l->y;                                                                                         \
    if (l->kind == BACKPROP_SCATTER_ADD) {                                                                  \
      EACH_INDEX(if (is_inside) y[from] = (TYPE)((SUM)y[from] + (SUM)part[to]))                             \
    } else if (l->kind == BACKPROP_SCATTER_MAXIMUM) {                                                       \
      EACH_INDEX(if (is_inside && (part[to] > y[from] || IS_NAN(part[to]))) y[from] = part[to])             \
    } else {                                                                                                \
      EACH_INDEX(if (is_inside && (part[to] < y[from] || IS_NAN(part[to]))) y[from] = part[to])             \
    }                                                                                                       \
  }
SCATTER(float, float)
SCATTER(double, double)
SCATTER(int8_t, uint8_t)
SCATTER(uint8_t, uint8_t)
SCATTER(int32_t, uint32_t)
SCATTER(int64_t, uint64_t)

#define FOR_BYTES(name)                                        \
  switch (l->bytes) {                                          \
  case 1: name##_uint8_t(l, begin, end); break;                \
  case 2: name##_uint16_t(l, begin, end); break;               \
  case 4: name##_uint32_t(l, begin, end); break;               \
  default: name##_uint64_t(l, begin, end); break;              \
  }

static void gather_lines(void *context, int64_t begin, int64_t end) {
  const lines *l = context;
  FOR_BYTES(gather)
}

static void scatter_lines(void *context, int64_t begin, int64_t end) {
  const lines *l = context;
  if (l->kind == BACKPROP_SCATTER_SET) {
    FOR_BYTES(set)
    return;
  }
  switch (l->type) {
  case BACKPROP_FLOAT32: scatter_float(l, begin, end); break;
  case BACKPROP_FLOAT64: scatter_double(l, begin, end); break;
  case BACKPROP_INT8: scatter_int8_t(l, begin, end); break;
  case BACKPROP_UINT8: scatter_uint8_t(l, begin, end); break;
  case BACKPROP_INT32: scatter_int32_t(l, begin, end); break;
  case BACKPROP_INT64: scatter_int64_t(l, begin, end); break;
  default: break;
  }
}

static void run(lines *l, int64_t outer, backprop_task task) {
  if (l->count <= 0 || l->inner <= 0) return;
  int64_t count = outer * l->inner;
  backprop_parallel(count, backprop_grain(count, 1.5 * (double)l->count), task, l);
}

void backprop_gather_along(
    int64_t bytes, int64_t outer, int64_t size, int64_t count, int64_t inner, const void *x, const int32_t *indices,
    uint64_t outside, void *y) {
  lines l = {.bytes = bytes, .size = size, .count = count, .inner = inner};
  l.x = x, l.indices = indices, l.outside = outside, l.y = y;
  run(&l, outer, gather_lines);
}

void backprop_scatter_along(
    backprop_type type, int64_t bytes, backprop_scatter kind, int64_t outer, int64_t size, int64_t count,
    int64_t inner, const int32_t *indices, const void *part, void *y) {
  lines l = {.bytes = bytes, .size = size, .count = count, .inner = inner, .type = type, .kind = kind};
  l.part = part, l.indices = indices, l.y = y;
  run(&l, outer, scatter_lines);
}
