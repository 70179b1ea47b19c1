// Pixels to floats.
#include "CKernels.h"
#include "simd.h"
#include "threads.h"

typedef uint8_t bytes __attribute__((vector_size(16), aligned(1), may_alias));

typedef struct {
  int64_t count;
  const uint8_t *x;
  float scale;
  float *y;
} scaling;

// y[begin..<end] = x[begin..<end] * scale
CLONES static void scale_range(const scaling *s, int64_t begin, int64_t end) {
  int64_t i = begin;
  for (; i + LANES <= end; i += LANES) {
    bytes b = *(const bytes *)(s->x + i);
    STORE(s->y + i, __builtin_convertvector(b, lanes) * s->scale);
  }
  for (; i < end; i++) s->y[i] = (float)s->x[i] * s->scale;
}

static void scale_task(void *context, int64_t begin, int64_t end) {
  const scaling *s = context;
  scale_range(s, begin * 64, end * 64 < s->count ? end * 64 : s->count);
}

// x[count] -> y[count]
void backprop_scale_bytes(int64_t count, const uint8_t *x, float scale, float *y) {
  if (count <= 0) return;
  scaling s = {count, x, scale, y};
  int64_t groups = (count - 1) / 64 + 1;
  backprop_parallel(groups, backprop_grain(groups, 8), scale_task, &s);
}
