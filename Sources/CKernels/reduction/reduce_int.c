// Sums, maxima and minima of int32: x[outer, count, inner] -> y[outer, inner].
#include "CKernels.h"
#include "simd/simd.h"
#include "threading/grain.h"

enum { TILE = 64 };  // columns whose results stay in registers

typedef struct {
  backprop_reduction kind;
  int64_t outer, count, inner, row, tiles;
  const int32_t *x;
  int32_t *y;
} work;

INLINE int32_t combined(backprop_reduction kind, int32_t a, int32_t b) {
  if (kind == BACKPROP_SUM) return (int32_t)((uint32_t)a + (uint32_t)b);  // unsigned: it may wrap around
  return kind == BACKPROP_MAXIMUM ? (a > b ? a : b) : (a < b ? a : b);
}

INLINE int32_t start_value(backprop_reduction kind) {
  return kind == BACKPROP_SUM ? 0 : kind == BACKPROP_MAXIMUM ? INT32_MIN : INT32_MAX;
}

// Units are (outer, tile), the tile fastest.
INLINE void reduce_units(const work *w, backprop_reduction kind, int64_t begin, int64_t end) {
  for (int64_t unit = begin; unit < end; unit++) {
    int64_t column = unit % w->tiles * TILE, o = unit / w->tiles;
    int64_t width = w->inner - column < TILE ? w->inner - column : TILE;
    const int32_t *x = w->x + o * w->count * w->row + column;
    int32_t results[TILE];
    if (w->inner == 1) {
      results[0] = start_value(kind);
      for (int64_t i = 0; i < w->count; i++) results[0] = combined(kind, results[0], x[i]);
    } else {
      for (int64_t j = 0; j < width; j++) results[j] = start_value(kind);
      for (int64_t i = 0; i < w->count; i++)
        for (int64_t j = 0; j < width; j++) results[j] = combined(kind, results[j], x[i * w->row + j]);
    }
    memcpy(w->y + o * w->inner + column, results, (size_t)width * sizeof *results);
  }
}

CLONES static void run_units(void *context, int64_t begin, int64_t end) {
  const work *w = context;
  if (w->kind == BACKPROP_SUM) {
    reduce_units(w, BACKPROP_SUM, begin, end);
  } else if (w->kind == BACKPROP_MAXIMUM) {
    reduce_units(w, BACKPROP_MAXIMUM, begin, end);
  } else {
    reduce_units(w, BACKPROP_MINIMUM, begin, end);
  }
}

void backprop_reduce_int(
    backprop_reduction kind, int64_t outer, int64_t count, int64_t inner, int64_t row, const int32_t *x, int32_t *y) {
  if (outer <= 0 || inner <= 0) return;
  work w = {kind, outer, count, inner, row, (inner + TILE - 1) / TILE, x, y};
  int64_t units = outer * w.tiles;
  double cost = 0.1 * (double)(outer * count * inner) / (double)units + 5;
  backprop_parallel(units, backprop_grain(units, cost), run_units, &w);
}
