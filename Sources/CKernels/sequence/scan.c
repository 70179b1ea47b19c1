// Scans along an axis. Lines of neighbors along the inner axes run together, a block at a time.
#include <stddef.h>

#include "CKernels.h"
#include "threading/grain.h"

enum { BLOCK = 64 };

typedef struct {
  backprop_type type;
  int flag;  // reversed, or whether it is a minimum
  int64_t count, inner;
  const void *factors, *x;
  void *y;
} scan;

// The lines begin ..< end, `width` at most BLOCK at a time; `at` is where the first element of a block is.
#define EACH_BLOCK(body)                                            \
  for (int64_t line = begin; line < end;) {                         \
    int64_t column = line % s->inner, width = s->inner - column;    \
    if (width > end - line) width = end - line;                     \
    if (width > BLOCK) width = BLOCK;                               \
    int64_t at = line / s->inner * s->count * s->inner + column;    \
    if (width == 1) { body(1) } else { body(width) }                \
    line += width;                                                  \
  }

// SUM: what it runs in, where integers may overflow.
#define LINEAR(TYPE, SUM)                                                            \
  static void linear_##TYPE(const scan *s, int64_t begin, int64_t end) {             \
    const TYPE *factors = s->factors, *terms = s->x;                                 \
    TYPE *y = s->y;                                                                  \
    EACH_BLOCK(LINEAR_BLOCK_##SUM)                                                   \
  }
#define LINEAR_BLOCK(SUM, WIDTH)                                                     \
  SUM sums[BLOCK];                                                                   \
  int64_t step = s->flag ? -s->inner : s->inner, i = s->flag ? at + (s->count - 1) * s->inner : at; \
  for (int64_t j = 0; j < WIDTH; j++) y[i + j] = terms[i + j], sums[j] = (SUM)terms[i + j]; \
  for (int64_t t = 1; t < s->count; t++) {                                           \
    int64_t factor = s->flag ? i : i + step;                                         \
    i += step;                                                                       \
    if (factors)                                                                     \
      for (int64_t j = 0; j < WIDTH; j++) sums[j] *= (SUM)factors[factor + j];       \
    for (int64_t j = 0; j < WIDTH; j++) {                                            \
      sums[j] += (SUM)terms[i + j];                                                  \
      STORE_SUM(SUM)                                                                 \
    }                                                                                \
  }
#define STORE_SUM(SUM) y[i + j] = (__typeof__(*y))sums[j];
#define LINEAR_BLOCK_double(WIDTH) LINEAR_BLOCK(double, WIDTH)
#define LINEAR_BLOCK_uint64_t(WIDTH) LINEAR_BLOCK(uint64_t, WIDTH)

LINEAR(float, double)
LINEAR(double, double)
LINEAR(int8_t, uint64_t)
LINEAR(uint8_t, uint64_t)
LINEAR(int32_t, uint64_t)
LINEAR(int64_t, uint64_t)

#define IS_NAN(x) ((x) != (x))
#define ARGMAX(TYPE)                                                                 \
  static void argmax_##TYPE(const scan *s, int64_t begin, int64_t end) {             \
    const TYPE *x = s->x;                                                            \
    int32_t *y = s->y;                                                               \
    EACH_BLOCK(ARGMAX_BLOCK_##TYPE)                                                  \
  }
#define ARGMAX_BLOCK(TYPE, WIDTH)                                                    \
  TYPE best[BLOCK];                                                                  \
  int32_t positions[BLOCK] = {0};                                                    \
  for (int64_t j = 0; j < WIDTH; j++) best[j] = x[at + j];                           \
  for (int64_t t = 0; t < s->count; t++, at += s->inner)                             \
    for (int64_t j = 0; j < WIDTH; j++) {                                            \
      TYPE value = x[at + j];                                                        \
      int is_beyond = s->flag ? value <= best[j] : value >= best[j];                 \
      if (IS_NAN(value) || (is_beyond && !IS_NAN(best[j]))) best[j] = value, positions[j] = (int32_t)t; \
      y[at + j] = positions[j];                                                      \
    }
#define ARGMAX_BLOCK_float(WIDTH) ARGMAX_BLOCK(float, WIDTH)
#define ARGMAX_BLOCK_double(WIDTH) ARGMAX_BLOCK(double, WIDTH)
#define ARGMAX_BLOCK_int8_t(WIDTH) ARGMAX_BLOCK(int8_t, WIDTH)
#define ARGMAX_BLOCK_uint8_t(WIDTH) ARGMAX_BLOCK(uint8_t, WIDTH)
#define ARGMAX_BLOCK_int32_t(WIDTH) ARGMAX_BLOCK(int32_t, WIDTH)
#define ARGMAX_BLOCK_int64_t(WIDTH) ARGMAX_BLOCK(int64_t, WIDTH)

ARGMAX(float)
ARGMAX(double)
ARGMAX(int8_t)
ARGMAX(uint8_t)
ARGMAX(int32_t)
ARGMAX(int64_t)

#define FOR_TYPE(name)                                                   \
  const scan *s = context;                                               \
  switch (s->type) {                                                     \
  case BACKPROP_FLOAT32: name##_float(s, begin, end); break;             \
  case BACKPROP_FLOAT64: name##_double(s, begin, end); break;            \
  case BACKPROP_INT8: name##_int8_t(s, begin, end); break;               \
  case BACKPROP_UINT8: name##_uint8_t(s, begin, end); break;             \
  case BACKPROP_INT32: name##_int32_t(s, begin, end); break;             \
  case BACKPROP_INT64: name##_int64_t(s, begin, end); break;             \
  default: break;                                                        \
  }

static void linear_lines(void *context, int64_t begin, int64_t end) { FOR_TYPE(linear) }
static void argmax_lines(void *context, int64_t begin, int64_t end) { FOR_TYPE(argmax) }

void backprop_linear_scan(
    backprop_type type, int reversed, int64_t outer, int64_t count, int64_t inner, const void *factors,
    const void *terms, void *y) {
  if (count <= 0 || inner <= 0) return;
  scan s = {type, reversed, count, inner, factors, terms, y};
  backprop_parallel(outer * inner, backprop_grain(outer * inner, (double)count), linear_lines, &s);
}

void backprop_cumulative_argmax(
    backprop_type type, int is_minimum, int64_t outer, int64_t count, int64_t inner, const void *x, int32_t *y) {
  if (count <= 0 || inner <= 0) return;
  scan s = {type, is_minimum, count, inner, NULL, x, y};
  backprop_parallel(outer * inner, backprop_grain(outer * inner, (double)count), argmax_lines, &s);
}
