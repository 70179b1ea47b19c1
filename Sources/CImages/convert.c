#include "CImages.h"

// The rounded quotient of `x` and 255, for `x` up to 255 * 255: there are no ties, as 255 is odd.
static inline uint32_t divided_by_255(uint32_t x) { return (x + 127) / 255; }

static inline uint8_t on_white(uint8_t value, uint8_t alpha) {
  return (uint8_t)divided_by_255(value * alpha + 255u * (255u - alpha));
}

// Weights of ITU-R BT.601 as multiples of 2⁻¹⁶: 0.299, 0.587, 0.114. Their sum is 1.
static inline uint8_t luma(const uint8_t rgb[3]) {
  return (uint8_t)((rgb[0] * 19595u + rgb[1] * 38470u + rgb[2] * 7471u + 32768u) >> 16);
}

// Red, green and blue of one pixel.
static inline void to_rgb(const uint8_t *pixel, int32_t kind, uint8_t rgb[3]) {
  const int32_t is_gray = kind == BACKPROP_IMAGE_GRAY || kind == BACKPROP_IMAGE_GRAY_ALPHA;
  for (int32_t channel = 0; channel < 3; ++channel) {
    const uint8_t value = pixel[is_gray ? 0 : channel];
    switch (kind) {
      case BACKPROP_IMAGE_GRAY_ALPHA: rgb[channel] = on_white(value, pixel[1]); break;
      case BACKPROP_IMAGE_RGBA: rgb[channel] = on_white(value, pixel[3]); break;
      // What one ink lets pass, the black one lets pass in part.
      case BACKPROP_IMAGE_CMYK: rgb[channel] = (uint8_t)(pixel[3] - divided_by_255((255u - value) * pixel[3])); break;
      default: rgb[channel] = value;
    }
  }
}

static inline void convert(uint8_t *pixels, int64_t count, int32_t kind, int32_t channels) {
  const int32_t samples = kind == BACKPROP_IMAGE_CMYK ? 4 : kind;
  const int32_t is_gray = samples <= 2;
  // Where pixels grow, from the last: none is written before it is read.
  const int32_t grows = channels > samples;
  for (int64_t step = 0; step < count; ++step) {
    const int64_t place = grows ? count - 1 - step : step;
    uint8_t rgb[3];
    to_rgb(pixels + place * samples, kind, rgb);
    uint8_t *target = pixels + place * channels;
    if (channels == 1) {
      target[0] = is_gray ? rgb[0] : luma(rgb);
    } else {
      target[0] = rgb[0];
      target[1] = rgb[1];
      target[2] = rgb[2];
    }
  }
}

void backprop_image_convert(uint8_t *pixels, int64_t count, int32_t kind, int32_t channels) {
  if (kind == channels) return;
  // With constants, so that each loop is compiled for its kind.
  switch (kind) {
    case BACKPROP_IMAGE_GRAY: convert(pixels, count, BACKPROP_IMAGE_GRAY, 3); break;
    case BACKPROP_IMAGE_GRAY_ALPHA: convert(pixels, count, BACKPROP_IMAGE_GRAY_ALPHA, channels); break;
    case BACKPROP_IMAGE_RGB: convert(pixels, count, BACKPROP_IMAGE_RGB, 1); break;
    case BACKPROP_IMAGE_RGBA: convert(pixels, count, BACKPROP_IMAGE_RGBA, channels); break;
    default: convert(pixels, count, BACKPROP_IMAGE_CMYK, channels);
  }
}

void backprop_image_planes(const uint8_t *pixels, int64_t count, int64_t channels, uint8_t *result) {
  for (int64_t channel = 0; channel < channels; ++channel) {
    uint8_t *plane = result + channel * count;
    for (int64_t i = 0; i < count; ++i) plane[i] = pixels[i * channels + channel];
  }
}
