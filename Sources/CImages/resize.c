#include <string.h>

#include "CImages.h"

// The same bits on every processor: products are rounded before they are added.
#pragma STDC FP_CONTRACT OFF

// Compiled twice, and chosen by the processor when the program is loaded, where the system's loader can do that.
// The functions that choose a clone run before ThreadSanitizer is ready, which instruments them.
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define WITHOUT_CLONES
#endif
#endif
#if defined(__x86_64__) && defined(__gnu_linux__) && __has_attribute(target_clones) && !defined(WITHOUT_CLONES)
#define FOR_EACH_PROCESSOR __attribute__((target_clones("avx2", "default")))
#else
#define FOR_EACH_PROCESSOR
#endif

enum { TOGETHER = 4 };

// sums[count] (+)= weights[0] * rows[0][count] + … + weights[3] * rows[3][count]; sums are added to where `adds`.
FOR_EACH_PROCESSOR
static void add_rows(
  int64_t count, const float weights[TOGETHER], const uint8_t *const rows[TOGETHER], int32_t adds, float *restrict sums
) {
  const uint8_t *const a = rows[0], *const b = rows[1], *const c = rows[2], *const d = rows[3];
  const float wa = weights[0], wb = weights[1], wc = weights[2], wd = weights[3];
  if (adds) {
    for (int64_t i = 0; i < count; ++i) sums[i] += (wa * a[i] + wb * b[i]) + (wc * c[i] + wd * d[i]);
  } else {
    for (int64_t i = 0; i < count; ++i) sums[i] = (wa * a[i] + wb * b[i]) + (wc * c[i] + wd * d[i]);
  }
}

static inline uint8_t rounded(float value) {
  const int32_t whole = (int32_t)(value + 0.5f);
  return (uint8_t)(whole < 0 ? 0 : whole > 255 ? 255 : whole);
}

// result[columns.output, 1] of row[columns.input, 1]
static void resize_gray_row(const float *row, const struct backprop_image_axis *columns, uint8_t *result) {
  for (int64_t x = 0; x < columns->output; ++x) {
    const float *first = row + columns->firsts[x];
    const float *weights = columns->weights + x * columns->taps;
    float sum = 0;
    for (int64_t tap = 0; tap < columns->taps; ++tap) sum += weights[tap] * first[tap];
    result[x] = rounded(sum);
  }
}

typedef float four_floats __attribute__((vector_size(16)));

// result[columns.output, 3] of row[columns.input, 3]; `row` has one more element.
static void resize_color_row(const float *row, const struct backprop_image_axis *columns, uint8_t *result) {
  for (int64_t x = 0; x < columns->output; ++x) {
    const float *first = row + columns->firsts[x] * 3;
    const float *weights = columns->weights + x * columns->taps;
    four_floats sums = {0, 0, 0, 0};
    for (int64_t tap = 0; tap < columns->taps; ++tap) {
      // Red, green, blue, and what follows them, which is ignored.
      four_floats pixel;
      memcpy(&pixel, first + tap * 3, sizeof pixel);
      sums += weights[tap] * pixel;
    }
    for (int64_t channel = 0; channel < 3; ++channel) result[x * 3 + channel] = rounded(sums[channel]);
  }
}

void backprop_image_resize(
  const uint8_t *image, const struct backprop_image_axis *rows, const struct backprop_image_axis *columns,
  int64_t channels, float *workspace, uint8_t *result
) {
  const int64_t width = columns->input * channels;
  // The columns that count, of a picture that is cropped.
  const int64_t begin = columns->firsts[0] * channels;
  const int64_t end = (columns->firsts[columns->output - 1] + columns->taps) * channels;
  workspace[end] = 0;
  for (int64_t y = 0; y < rows->output; ++y) {
    // Rows first: their sums are over contiguous memory, and fewer rows are then left for the columns.
    const float *all = rows->weights + y * rows->taps;
    for (int64_t tap = 0; tap < rows->taps; tap += TOGETHER) {
      float weights[TOGETHER];
      const uint8_t *some[TOGETHER];
      for (int64_t i = 0; i < TOGETHER; ++i) {
        const int is_there = tap + i < rows->taps;
        weights[i] = is_there ? all[tap + i] : 0;
        some[i] = image + (rows->firsts[y] + (is_there ? tap + i : 0)) * width + begin;
      }
      add_rows(end - begin, weights, some, tap > 0, workspace + begin);
    }
    uint8_t *target = result + y * columns->output * channels;
    if (channels == 1) {
      resize_gray_row(workspace, columns, target);
    } else {
      resize_color_row(workspace, columns, target);
    }
  }
}
