// Strided views: collapsing of dimensions, copies between views and dense blocks.
#include "indexing/views.h"

#include "simd/simd.h"
#include "simd/transpose.h"

void space_collapse(space *s, view *const *views, int count) {
  int kept = 0;  // dimensions 0..<kept are done
  for (int d = 0; d < s->rank; d++) {
    int64_t size = s->shape[d];
    if (size == 1) continue;
    int joins = kept > 0;
    for (int i = 0; joins && i < count; i++)
      joins = views[i]->strides[kept - 1] == views[i]->strides[d] * size;
    int to = joins ? kept - 1 : kept++;
    s->shape[to] = joins ? s->shape[to] * size : size;
    for (int i = 0; i < count; i++) views[i]->strides[to] = views[i]->strides[d];
  }
  s->rank = kept;
}

int view_is_dense(const view *v, const space *s, int first) {
  int64_t expected = 1;
  for (int d = s->rank - 1; d >= first; d--) {
    if (v->strides[d] != expected) return 0;
    expected *= s->shape[d];
  }
  return 1;
}

int view_leading_zeros(const view *v, const space *s) {
  int d = 0;
  while (d < s->rank && v->strides[d] == 0) d++;
  return d;
}

// MARK: Runs along the last dimension

// The bits of one element in every lane: an arithmetic splat would change integers.
INLINE void fill_run(float *to, const float *value, int64_t count) {
  int32_t bits;
  memcpy(&bits, value, 4);
  lanes v = (lanes)SPLAT_WORD(bits);
  int64_t i = 0;
  for (; i + LANES <= count; i += LANES) STORE(to + i, v);
  store_part(to + i, &v, count - i);
}

CLONES void run_fill(float *to, const float *value, int64_t count) { fill_run(to, value, count); }

INLINE void copy_run(float *to, const float *from, int64_t count) {
  int64_t i = 0;
  for (; i + LANES <= count; i += LANES) STORE(to + i, LOAD(from + i));
  if (count & 8) memcpy(to + i, from + i, 32), i += 8;
  if (count & 4) memcpy(to + i, from + i, 16), i += 4;
  if (count & 2) memcpy(to + i, from + i, 8), i += 2;
  if (count & 1) memcpy(to + i, from + i, 4);
}

// Walks runs along the last dimension from element `start` on. `p` is the address of a run's first element,
// `run` its length, `block` its position in the dense block.
#define WALK_RUNS(action)                                                 \
  int last = s->rank - 1;                                                 \
  int64_t at[BACKPROP_MAX_RANK], stride = v->strides[last];               \
  float *p = v->base;                                                     \
  for (int d = last; d >= 0; d--) {                                       \
    at[d] = d > 0 ? start % s->shape[d] : start;                          \
    start = d > 0 ? start / s->shape[d] : 0;                              \
    p += at[d] * v->strides[d];                                           \
  }                                                                       \
  while (1) {                                                             \
    int64_t run = s->shape[last] - at[last];                              \
    if (run > count) run = count;                                         \
    action;                                                               \
    count -= run;                                                         \
    if (count == 0) return;                                               \
    block += run;                                                         \
    p -= at[last] * stride;                                               \
    at[last] = 0;                                                         \
    for (int d = last - 1; d >= 0; d--) {                                 \
      p += v->strides[d];                                                 \
      if (++at[d] < s->shape[d]) break;                                   \
      p -= at[d] * v->strides[d];                                         \
      at[d] = 0;                                                          \
    }                                                                     \
  }

CLONES void view_gather(const view *v, const space *s, int64_t start, int64_t count, float *block) {
  if (v->strides[s->rank - 1] == 1) {
    WALK_RUNS(copy_run(block, p, run))
  } else if (v->strides[s->rank - 1] == 0) {
    WALK_RUNS(fill_run(block, p, run))
  } else {
    WALK_RUNS(for (int64_t i = 0; i < run; i++) block[i] = p[i * stride])
  }
}

CLONES void view_scatter(const view *v, const space *s, int64_t start, int64_t count, const float *block) {
  if (v->strides[s->rank - 1] == 1) {
    WALK_RUNS(copy_run(p, block, run))
  } else {
    WALK_RUNS(for (int64_t i = 0; i < run; i++) p[i * stride] = block[i])
  }
}

// MARK: Tiles

CLONES void tile_gather(
    const float *x, int64_t row_stride, int64_t column_stride, int64_t rows, int64_t columns, float *block) {
  if (column_stride == 1) {
    for (int64_t i = 0; i < rows; i++) copy_run(block + i * columns, x + i * row_stride, columns);
  } else if (column_stride == 0) {
    for (int64_t i = 0; i < rows; i++) fill_run(block + i * columns, x + i * row_stride, columns);
  } else if (row_stride == 1 && rows == 16) {
    int64_t j = 0;
    for (; j + 16 <= columns; j += 16) transpose_16(x + j * column_stride, column_stride, block + j, columns);
    for (; j < columns; j++)
      for (int64_t i = 0; i < rows; i++) block[i * columns + j] = x[i + j * column_stride];
  } else {
    for (int64_t j = 0; j < columns; j++)
      for (int64_t i = 0; i < rows; i++) block[i * columns + j] = x[i * row_stride + j * column_stride];
  }
}

CLONES void tile_scatter(
    float *y, int64_t row_stride, int64_t column_stride, int64_t rows, int64_t columns, const float *block) {
  if (column_stride == 1) {
    for (int64_t i = 0; i < rows; i++) copy_run(y + i * row_stride, block + i * columns, columns);
  } else if (row_stride == 1 && rows == 16) {
    int64_t j = 0;
    for (; j + 16 <= columns; j += 16) transpose_16(block + j, columns, y + j * column_stride, column_stride);
    for (; j < columns; j++)
      for (int64_t i = 0; i < rows; i++) y[i + j * column_stride] = block[i * columns + j];
  } else {
    for (int64_t j = 0; j < columns; j++)
      for (int64_t i = 0; i < rows; i++) y[i * row_stride + j * column_stride] = block[i * columns + j];
  }
}
