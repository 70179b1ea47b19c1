// Plain kernels that move elements of any type, of which only the size matters.
#include <math.h>
#include <string.h>

#include "plain/layout.h"

#define FOR_SIZE(bytes, ACTION)               \
  switch (bytes) {                            \
  case 1: { ACTION(uint8_t) } break;          \
  case 2: { ACTION(uint16_t) } break;         \
  case 4: { ACTION(uint32_t) } break;         \
  default: { ACTION(uint64_t) }               \
  }

#define SELECT_ROW(TYPE)                                                                                    \
  const TYPE *yes = (const TYPE *)a + r.start[1], *no = (const TYPE *)b + r.start[2];                       \
  TYPE *to = (TYPE *)y + r.start[3];                                                                        \
  for (int64_t i = 0; i < r.size; i++)                                                                      \
    to[i * r.step[3]] = condition[r.start[0] + i * r.step[0]] != 0 ? yes[i * r.step[1]] : no[i * r.step[2]];

void backprop_plain_select(
    int64_t bytes, const backprop_plain_layout *layout, const float *condition, const void *a, const void *b, void *y) {
  for (rows r = rows_of(layout); r.rows > 0; next_row(&r)) { FOR_SIZE(bytes, SELECT_ROW) }
}

#define COPY_ROW(TYPE)                               \
  const TYPE *from = (const TYPE *)x + r.start[0];   \
  TYPE *to = (TYPE *)y + r.start[1];                 \
  for (int64_t i = 0; i < r.size; i++) to[i * r.step[1]] = from[i * r.step[0]];

void backprop_plain_copy(int64_t bytes, const backprop_plain_layout *layout, const void *x, void *y) {
  for (rows r = rows_of(layout); r.rows > 0; next_row(&r)) { FOR_SIZE(bytes, COPY_ROW) }
}

static int64_t bytes_of(backprop_type type) {
  switch (type) {
  case BACKPROP_FLOAT64: case BACKPROP_INT64: return 8;
  case BACKPROP_FLOAT32: case BACKPROP_INT32: return 4;
  case BACKPROP_BFLOAT16: case BACKPROP_FLOAT16: return 2;
  default: return 1;
  }
}

void backprop_plain_gather(
    backprop_type type, int64_t rows, int64_t width, int64_t count, const void *x, const int32_t *indices, void *y) {
  int64_t row = bytes_of(type) * width;
  char *to = y;
  for (int64_t i = 0; i < count; i++, to += row) {
    if (indices[i] >= 0 && indices[i] < rows) {
      memcpy(to, (const char *)x + indices[i] * row, (size_t)row);
      continue;
    }
    memset(to, 0, (size_t)row);
    for (int64_t j = 0; j < width; j++) {
      if (type == BACKPROP_FLOAT64) ((double *)to)[j] = NAN;
      if (type == BACKPROP_BFLOAT16) ((uint16_t *)to)[j] = 0x7FC0;
      if (type == BACKPROP_FLOAT16) ((uint16_t *)to)[j] = 0x7E00;
    }
  }
}

void backprop_plain_replace_slice(
    int64_t bytes, int64_t outer, int64_t size, int64_t count, int64_t inner, const void *x, const int32_t *position,
    void *y) {
  int64_t start = *position < 0 ? 0 : *position < size - count ? *position : size - count;
  for (int64_t o = 0; o < outer; o++)
    memcpy((char *)y + (o * size + start) * inner * bytes, (const char *)x + o * count * inner * bytes,
           (size_t)(count * inner * bytes));
}
