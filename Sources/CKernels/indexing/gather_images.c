// Images of bytes, chosen by index, as floats.
#include "CKernels.h"
#include "simd/simd.h"
#include "threading/grain.h"

typedef uint8_t bytes __attribute__((vector_size(16), aligned(1), may_alias));

typedef struct {
  int64_t count, channels, plane;
  const int32_t *indices;
  const uint8_t *x;
  float greatest;
  const float *scales, *offsets;
  float *y;
} images;

// y[plane] = x[plane] / greatest * scale + offset. Each operation is rounded, so that every instruction set gives the
// same bits; memory takes longer than the division.
INLINE void convert_plane(int64_t plane, const uint8_t *x, float greatest, float scale, float offset, float *y) {
#pragma STDC FP_CONTRACT OFF
  int64_t j = 0;
  for (; j + LANES <= plane; j += LANES) {
    lanes v = __builtin_convertvector(*(const bytes *)(x + j), lanes);
    STORE(y + j, v / greatest * scale + offset);
  }
  for (; j < plane; j++) y[j] = (float)x[j] / greatest * scale + offset;
}

CLONES static void convert_images(void *context, int64_t begin, int64_t end) {
  const images *t = context;
  int64_t size = t->channels * t->plane;
  for (int64_t i = begin; i < end; i++) {
    const uint8_t *x = t->x + t->indices[i] * size;
    if (i + 1 < t->count) {  // the hardware cannot predict the addresses of shuffled images
      const uint8_t *next = t->x + t->indices[i + 1] * size;
      for (int64_t j = 0; j < size; j += 64) __builtin_prefetch(next + j);
    }
    for (int64_t c = 0; c < t->channels; c++) {
      convert_plane(
          t->plane, x + c * t->plane, t->greatest, t->scales[c], t->offsets[c], t->y + i * size + c * t->plane);
    }
  }
}

void backprop_gather_images(
    int64_t count, int64_t channels, int64_t plane, const int32_t *indices, const uint8_t *x, float greatest,
    const float *scales, const float *offsets, float *y) {
  if (count <= 0 || channels <= 0 || plane <= 0) return;
  images t = {count, channels, plane, indices, x, greatest, scales, offsets, y};
  backprop_parallel(count, backprop_grain(count, 0.2 * (double)(channels * plane)), convert_images, &t);
}

void backprop_gather_images_overlapped(
    int64_t count, int64_t channels, int64_t plane, const int32_t *indices, const uint8_t *x, float greatest,
    const float *scales, const float *offsets, float *y, int64_t *done, backprop_work work, void *context) {
  images t = {count, channels, plane, indices, x, greatest, scales, offsets, y};
  backprop_overlapped(count, done, convert_images, &t, work, context);
}
