// Which positions of a window meet an image.
#pragma once
#include <stdint.h>

#include "CKernels.h"

// Of the `kernel` positions of a window that begins at `start`, those first..<last that are in 0..<size.
static inline void backprop_inside(
    int64_t start, int64_t kernel, int64_t dilation, int64_t size, int64_t *first, int64_t *last) {
  int64_t a = start < 0 ? (-start + dilation - 1) / dilation : 0;
  int64_t b = start < size ? (size - start + dilation - 1) / dilation : 0;
  if (a > kernel) a = kernel;
  if (b > kernel) b = kernel;
  *first = a;
  *last = b > a ? b : a;
}
