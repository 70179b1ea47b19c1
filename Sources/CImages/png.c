#include <png.h>
#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include "CImages.h"

// What libpng's callbacks are given.
struct source {
  const uint8_t *bytes;
  size_t count;
  size_t position;
  char *message;
};

static void fail(png_structp png, png_const_charp reason) {
  struct source *source = png_get_error_ptr(png);
  snprintf(source->message, BACKPROP_IMAGE_MESSAGE, "%s", reason);
  png_longjmp(png, 1);
}

static void warn(png_structp png, png_const_charp reason) {
  (void)png;
  (void)reason;
}

static void read_bytes(png_structp png, png_bytep target, size_t count) {
  struct source *source = png_get_io_ptr(png);
  if (count > source->count - source->position) png_error(png, "it ends too early");
  memcpy(target, source->bytes + source->position, count);
  source->position += count;
}

// Opens a PNG, with limits for what its chunks may allocate.
static png_structp open_png(struct source *source, png_infop *info) {
  png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, source, fail, warn);
  if (!png) {
    snprintf(source->message, BACKPROP_IMAGE_MESSAGE, "there is not enough memory");
    return NULL;
  }
  *info = png_create_info_struct(png);
  if (!*info) {
    snprintf(source->message, BACKPROP_IMAGE_MESSAGE, "there is not enough memory");
    png_destroy_read_struct(&png, NULL, NULL);
    return NULL;
  }
  png_set_user_limits(png, BACKPROP_IMAGE_SIDE, BACKPROP_IMAGE_SIDE);
  png_set_chunk_cache_max(png, 16);
  png_set_chunk_malloc_max(png, 1 << 20);
#ifdef PNG_HANDLE_AS_UNKNOWN_SUPPORTED
  // Texts, color profiles and the like are not needed: all chunks are skipped but those that pixels depend on.
  png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, NULL, -1);
#endif
  png_set_read_fn(png, source, read_bytes);
  return png;
}

static int32_t kind_of(int color, int has_transparent_color) {
  int32_t has_alpha = (color & PNG_COLOR_MASK_ALPHA) || has_transparent_color;
  return color & PNG_COLOR_MASK_COLOR ? BACKPROP_IMAGE_RGB + has_alpha : BACKPROP_IMAGE_GRAY + has_alpha;
}

static void describe(png_structp png, png_infop info, struct backprop_image_header *header) {
  header->width = (int32_t)png_get_image_width(png, info);
  header->height = (int32_t)png_get_image_height(png, info);
  header->kind = kind_of(png_get_color_type(png, info), png_get_valid(png, info, PNG_INFO_tRNS) != 0);
  header->samples = header->kind;
  header->bits = png_get_bit_depth(png, info) * png_get_channels(png, info);
}

int32_t backprop_png_header(
  const uint8_t *bytes, int64_t count, struct backprop_image_header *header, char message[BACKPROP_IMAGE_MESSAGE]
) {
  struct source source = {bytes, (size_t)count, 0, message};
  png_infop info = NULL;
  png_structp png = open_png(&source, &info);
  if (!png) return BACKPROP_IMAGE_BROKEN;
  if (setjmp(png_jmpbuf(png))) {
    png_destroy_read_struct(&png, &info, NULL);
    return BACKPROP_IMAGE_BROKEN;
  }
  png_read_info(png, info);
  describe(png, info, header);
  png_destroy_read_struct(&png, &info, NULL);
  return BACKPROP_IMAGE_READ;
}

int32_t backprop_png_decode(
  const uint8_t *bytes, int64_t count, const struct backprop_image_header *header, uint8_t *pixels,
  char message[BACKPROP_IMAGE_MESSAGE]
) {
  struct source source = {bytes, (size_t)count, 0, message};
  png_infop info = NULL;
  png_structp png = open_png(&source, &info);
  if (!png) return BACKPROP_IMAGE_BROKEN;
  if (setjmp(png_jmpbuf(png))) {
    png_destroy_read_struct(&png, &info, NULL);
    return BACKPROP_IMAGE_BROKEN;
  }
  png_read_info(png, info);
  png_set_expand(png);
  png_set_scale_16(png);
  const int passes = png_set_interlace_handling(png);
  png_read_update_info(png, info);
  const size_t row = (size_t)header->width * (size_t)header->samples;
  // Both must be so, as the bytes are the same; what is written depends on it.
  if (png_get_rowbytes(png, info) != row || png_get_image_height(png, info) != (png_uint_32)header->height) {
    png_error(png, "its rows are not those of its header");
  }
  for (int pass = 0; pass < passes; ++pass) {
    for (int32_t y = 0; y < header->height; ++y) png_read_row(png, pixels + (size_t)y * row, NULL);
  }
  // Reads to the end: the checksums of the last pixels stand behind them.
  png_read_end(png, NULL);
  png_destroy_read_struct(&png, &info, NULL);
  return BACKPROP_IMAGE_READ;
}
