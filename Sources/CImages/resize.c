#include <string.h>

#include "CImages.h"

// sums[count] += weight * values[count]
static void add_row(int64_t count, float weight, const uint8_t *restrict values, float *restrict sums) {
  for (int64_t i = 0; i < count; ++i) sums[i] += weight * (float)values[i];
}

static inline uint8_t rounded(float value) {
  const int32_t whole = (int32_t)(value + 0.5f);
  return (uint8_t)(whole < 0 ? 0 : whole > 255 ? 255 : whole);
}

// result[columns.output, channels] of row[columns.input, channels]
static inline void resize_row(
  const float *row, const struct backprop_image_axis *columns, int64_t channels, uint8_t *result
) {
  for (int64_t x = 0; x < columns->output; ++x) {
    const float *first = row + columns->firsts[x] * channels;
    const float *weights = columns->weights + x * columns->taps;
    float sums[3] = {0, 0, 0};
    for (int64_t tap = 0; tap < columns->taps; ++tap) {
      for (int64_t channel = 0; channel < channels; ++channel) {
        sums[channel] += weights[tap] * first[tap * channels + channel];
      }
    }
    for (int64_t channel = 0; channel < channels; ++channel) result[x * channels + channel] = rounded(sums[channel]);
  }
}

void backprop_image_resize(
  const uint8_t *image, const struct backprop_image_axis *rows, const struct backprop_image_axis *columns,
  int64_t channels, float *workspace, uint8_t *result
) {
  const int64_t width = columns->input * channels;
  for (int64_t y = 0; y < rows->output; ++y) {
    // Rows first: their sums are over contiguous memory, and fewer rows are then left for the columns.
    memset(workspace, 0, (size_t)width * sizeof(float));
    for (int64_t tap = 0; tap < rows->taps; ++tap) {
      const float weight = rows->weights[y * rows->taps + tap];
      if (weight != 0) add_row(width, weight, image + (rows->firsts[y] + tap) * width, workspace);
    }
    uint8_t *target = result + y * columns->output * channels;
    if (channels == 1) {
      resize_row(workspace, columns, 1, target);
    } else {
      resize_row(workspace, columns, 3, target);
    }
  }
}
