// What Winograd's convolution and the gradient of its weights share: blocks of tiles and the transform of their images.
//
// A tile is 2 x 2 results of a 3 x 3 convolution and the 4 x 4 pixels that they see (F(2 x 2, 3 x 3) of Lavin & Gray,
// "Fast Algorithms for Convolutional Neural Networks", 2015). Tiles are numbered through all images, row by row. A
// block of them is transformed, multiplied and transformed back while it is in the second-level cache of its core.
// Lanes run along channels, which are contiguous, so transforms need no operation across lanes.
#pragma once
#include "CKernels.h"
#include "simd/simd.h"

enum {
  FREQUENCIES = 16,  // elements of a transformed tile, column after column of the 4 x 4
  GROUP = 6,         // tiles that a product takes at a time; blocks are whole groups
  BLOCK = 48,
};

typedef struct {
  int64_t rows, columns, count;  // of an image; of all images
} winograd_tiles;

INLINE winograd_tiles tiles_of(const backprop_winograd *s) {
  int64_t rows = (s->out_height + 1) / 2, columns = (s->out_width + 1) / 2;
  return (winograd_tiles){rows, columns, s->batch * rows * columns};
}

INLINE int64_t minimum(int64_t a, int64_t b) { return a < b ? a : b; }

// Floats between the same tiles of a block at two frequencies. One cache line more than it takes: at a distance of
// whole kilobytes the sixteen locations that a tile is written to would share a few sets of the first-level cache.
INLINE int64_t frequency_stride(int64_t channels) { return BLOCK * channels + LANES; }

// Where a worker begins: workers take whole blocks, about the same number each.
INLINE int64_t first_tile(const winograd_tiles *tiles, int64_t worker, int64_t workers) {
  int64_t blocks = (tiles->count + BLOCK - 1) / BLOCK;
  return minimum(blocks * worker / workers * BLOCK, tiles->count);
}

// Tiles of a row of tiles that a block takes at once.
typedef struct {
  int64_t image, row, column, count;
} tile_run;

INLINE tile_run run_from(const winograd_tiles *tiles, int64_t first, int64_t end) {
  int64_t column = first % tiles->columns, row = first / tiles->columns;
  return (tile_run){row / tiles->rows, row % tiles->rows, column, minimum(tiles->columns - column, end - first)};
}

#if defined(__x86_64__)
// With 32 registers of 16 floats, so that more sums stay in them.
#define WIDE __attribute__((target("avx512f,avx512vl,avx512dq,avx512bw,fma,avx2")))
INLINE int has_wide_registers(void) {
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
         __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw");
}
#endif

// v[frequency][tiles from first to before end][inputs] = B' d B of the pixels d that each tile sees, zero outside of
// the image. Frequencies are `stride` floats apart.
void backprop_winograd_images(
    const backprop_winograd *s, const float *x, int64_t first, int64_t end, float *v, int64_t stride);

// Memory to prefetch, a little at a time, while products are computed: what the next block reads, and what this one
// writes. The hardware prefetches neither; without this, half of the time goes to waiting for memory where channels are
// few.
typedef struct {
  const char *next, *end;
} ahead;

#define ASK(range, lines, writes)                                              \
  for (int64_t line = 0; line < (lines) && range.next < range.end; line++) {   \
    __builtin_prefetch(range.next, writes);                                    \
    range.next += 64;                                                          \
  }

// About the pixels of the tiles first...end, `later` pixels further on.
INLINE ahead prefetched_pixels(
    const float *x, int64_t height, int64_t width, int64_t channels, int64_t later, const winograd_tiles *tiles,
    int64_t first, int64_t end) {
  int64_t image = tiles->rows * tiles->columns, pixels = height * width;
  int64_t all = tiles->count / image * pixels;
  int64_t from = minimum(first * pixels / image + later, all), to = minimum(end * pixels / image + later, all);
  return (ahead){(const char *)(x + from * channels), (const char *)(x + to * channels)};
}
