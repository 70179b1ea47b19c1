// Image files to samples of 8 bits, by libpng and TurboJPEG, and the resizing of them.
//
// All bytes that are read are hostile until checked. Nothing is allocated here in proportion to a size that a file
// claims, except by the libraries, whose sizes are within the limits below.
#pragma once

#include <stdint.h>

enum {
  // The length of a message, with its zero byte.
  BACKPROP_IMAGE_MESSAGE = 200,
  // The greatest width and height of a PNG; a JPEG has at most 65,535.
  BACKPROP_IMAGE_SIDE = 1 << 20,
};

// What a decoder writes: the samples of a pixel, interleaved.
enum {
  BACKPROP_IMAGE_GRAY = 1,
  BACKPROP_IMAGE_GRAY_ALPHA = 2,
  BACKPROP_IMAGE_RGB = 3,
  BACKPROP_IMAGE_RGBA = 4,
  // Inverted as Adobe's programs write it: 255 is no ink.
  BACKPROP_IMAGE_CMYK = 5,
};

struct backprop_image_header {
  int32_t width;
  int32_t height;
  // One of the values above.
  int32_t kind;
  // How many samples a decoded pixel has: 1 to 4.
  int32_t samples;
  // How many bits a pixel has in the file, before it is compressed; 0 for a JPEG.
  int32_t bits;
};

// How reading ended.
enum {
  BACKPROP_IMAGE_READ = 0,
  // The message says why there is no image.
  BACKPROP_IMAGE_BROKEN = 1,
  // There is an image, and the message says what is wrong with the file.
  BACKPROP_IMAGE_DOUBTFUL = 2,
};

// The header of bytes[count], which should be a PNG. Reads what comes before the pixels.
int32_t backprop_png_header(
  const uint8_t *bytes, int64_t count, struct backprop_image_header *header, char message[BACKPROP_IMAGE_MESSAGE]);

// pixels[height, width, samples] of the PNG that `header` was read from. Palettes, fewer than 8 bits and transparent
// colors are expanded, 16 bits are rounded to 8.
int32_t backprop_png_decode(
  const uint8_t *bytes, int64_t count, const struct backprop_image_header *header, uint8_t *pixels,
  char message[BACKPROP_IMAGE_MESSAGE]);

// The header of bytes[count], which should be a JPEG.
int32_t backprop_jpeg_header(
  const uint8_t *bytes, int64_t count, struct backprop_image_header *header, char message[BACKPROP_IMAGE_MESSAGE]);

// The length of a side of a JPEG that is decoded to a fraction of its size: 1, 2, 4 or 8 divides it, rounded up.
int32_t backprop_jpeg_side(int32_t length, int32_t divisor);

// pixels[height, width, samples] of a JPEG, where `header` has the sides that `backprop_jpeg_side` gives for a divisor.
int32_t backprop_jpeg_decode(
  const uint8_t *bytes, int64_t count, const struct backprop_image_header *header, uint8_t *pixels,
  char message[BACKPROP_IMAGE_MESSAGE]);

// Changes `count` pixels of a kind in place to 1 channel (gray) or 3 (red, green, blue). `pixels` has space for the
// greater of both. What is transparent lies on white; gray is the luma of ITU-R BT.601.
void backprop_image_convert(uint8_t *pixels, int64_t count, int32_t kind, int32_t channels);

// result[channels, count] of pixels[count, channels].
void backprop_image_planes(const uint8_t *pixels, int64_t count, int64_t channels, uint8_t *result);

// The input pixels along an axis that make up each output pixel.
struct backprop_image_axis {
  // Sizes of the input and the output.
  int64_t input;
  int64_t output;
  // How many weights each output pixel has.
  int64_t taps;
  // firsts[output]: the first input pixel of each; firsts[i] + taps <= input.
  const int32_t *firsts;
  // weights[output, taps], whose sum is 1.
  const float *weights;
};

// result[rows.output, columns.output, channels] of image[rows.input, columns.input, channels], for 1 or 3 channels.
// `workspace` has columns.input * channels + 1 elements.
void backprop_image_resize(
  const uint8_t *image, const struct backprop_image_axis *rows, const struct backprop_image_axis *columns,
  int64_t channels, float *workspace, uint8_t *result);
