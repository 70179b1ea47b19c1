#include <stdio.h>
#include <string.h>
#include <turbojpeg.h>

#include "CImages.h"

// A JPEG of as many scans takes seconds for a small file; those that programs write have some ten.
#ifdef TJFLAG_LIMITSCANS
enum { FLAGS = TJFLAG_LIMITSCANS };
#else
enum { FLAGS = 0 };
#endif

static int32_t fail(char *message, const char *reason) {
  snprintf(message, BACKPROP_IMAGE_MESSAGE, "%s", reason);
  return BACKPROP_IMAGE_BROKEN;
}

// The message of the last call, without the name of TurboJPEG's function.
static void copy_message(tjhandle decoder, char *message) {
  const char *text = tjGetErrorStr2(decoder);
  const char *name_end = strstr(text, "(): ");
  snprintf(message, BACKPROP_IMAGE_MESSAGE, "%s", name_end ? name_end + 4 : text);
}

static tjscalingfactor scaling(int32_t divisor) { return (tjscalingfactor){1, divisor}; }

int32_t backprop_jpeg_side(int32_t length, int32_t divisor) { return TJSCALED(length, scaling(divisor)); }

int32_t backprop_jpeg_header(
  const uint8_t *bytes, int64_t count, struct backprop_image_header *header, char message[BACKPROP_IMAGE_MESSAGE]
) {
  tjhandle decoder = tjInitDecompress();
  if (!decoder) return fail(message, "there is not enough memory");
  int width = 0, height = 0, subsampling = -1, colors = -1;
  const int status =
    tjDecompressHeader3(decoder, bytes, (unsigned long)count, &width, &height, &subsampling, &colors);
  // Ratios of sampling that TurboJPEG has no name for are reported as an error, but are decoded.
  const int is_read = width > 0 && height > 0 && colors >= 0;
  if (status != 0 && !is_read) copy_message(decoder, message);
  tjDestroy(decoder);
  if (!is_read) return status != 0 ? BACKPROP_IMAGE_BROKEN : fail(message, "it has no pixels");
  const int is_cmyk = colors == TJCS_CMYK || colors == TJCS_YCCK;
  header->width = width;
  header->height = height;
  header->kind = is_cmyk ? BACKPROP_IMAGE_CMYK : colors == TJCS_GRAY ? BACKPROP_IMAGE_GRAY : BACKPROP_IMAGE_RGB;
  header->samples = is_cmyk ? 4 : header->kind;
  header->bits = 0;
  return BACKPROP_IMAGE_READ;
}

int32_t backprop_jpeg_decode(
  const uint8_t *bytes, int64_t count, const struct backprop_image_header *header, uint8_t *pixels,
  char message[BACKPROP_IMAGE_MESSAGE]
) {
  tjhandle decoder = tjInitDecompress();
  if (!decoder) return fail(message, "there is not enough memory");
  const int format = header->kind == BACKPROP_IMAGE_CMYK ? TJPF_CMYK
    : header->kind == BACKPROP_IMAGE_GRAY                ? TJPF_GRAY
                                                         : TJPF_RGB;
  int32_t result = BACKPROP_IMAGE_READ;
  // Of several warnings the message is that of the first.
  if (tjDecompress2(
        decoder, bytes, (unsigned long)count, pixels, header->width, header->width * header->samples, header->height,
        format, FLAGS) != 0) {
    copy_message(decoder, message);
    result = tjGetErrorCode(decoder) == TJERR_WARNING ? BACKPROP_IMAGE_DOUBTFUL : BACKPROP_IMAGE_BROKEN;
  }
  tjDestroy(decoder);
  return result;
}
