// How convolution_amx.c splits the images, and in what order.
#pragma once
#include "CKernels.h"
#include "simd/amx.h"

#if BACKPROP_AMX
#include <stdatomic.h>
#include <stddef.h>

enum {
  PLACE = 64,    // bytes of a place: 32 channels of a pixel in one of the parts
  MOST_RING = 16,  // rows
  MOST_IMAGES = 4,
  AHEAD = 1024,  // floats of an image prefetched: about a pair of rows
  WHOLE = 256,   // shares of a place
  CALLS = 6,     // of split_share for each step
};

// Of the taps of a place, those from `begin` to before `end`.
typedef struct {
  int64_t begin, end;
} range;

// Sixteen columns of a product: some channels of one of the pixels that a place gives.
typedef struct {
  int64_t row, pixel, channel;
} column;

// 16 or 32 columns, and where their results are: `to` floats from the first pixel, the second 16 another `second` on.
typedef struct {
  int64_t columns, to, second;
  column at[2];
  range rows, taps;
  int64_t lines;  // of the results to come that are prefetched at each step
  const char *weights;
} column_pair;

typedef struct {
  const backprop_winograd *shape;
  const float *x;
  float *y;
  const column_pair *pairs;            // of all columns
  int64_t images, images_shift;        // whose pixels alternate in a row
  int64_t tiles;                       // of a row of results
  int64_t places;                      // of a row, between its parts
  int64_t stride, phase;               // pixels a stride apart are contiguous; places between those and the next ones
  int64_t blocks;                      // of 32 channels
  int64_t row_bytes;
  int is_paired;                       // two rows of an image are one of the ring
  int is_doubled;                      // and two of results are 32 columns of a product
  int is_spread;                       // the images have zeros between their pixels; results are 2 x 2 for each
  int64_t padding[2];                  // rows and columns of zeros before the images
  int64_t width;                       // places of a row of results
  int64_t tap_rows, tap_columns;       // what results see: 3 x 3, of pairs of rows 2 x 3, of spread images 2 x 2
  int64_t run_columns[2], run_places[2], run_starts[2];  // of each phase: first column, count, first place
  int64_t tap_offsets[3];              // bytes from where a tile of the first column of taps begins
  int64_t row_step;                    // rows of the ring from one row of results to the next
  int64_t ring;                        // rows, a power of two
  int64_t row_results, pixel;          // rows of results that are one below, and floats that a place gives in each
  int64_t rows, band, bands, units;    // of results; a unit is `band` of them of the images that alternate
  int64_t share;                       // of a place, split between four products
  _Atomic int64_t *next;               // the first unit that no thread has taken
  _Atomic int *fails;                  // for want of memory
  _Atomic int *has_nan;                // among the results
} convolution;


// MARK: The images

typedef struct {
  int64_t image, images, row, rows;  // of results
  int64_t first;                     // the number of its first row among all that this thread splits
} unit;

typedef struct {
  const convolution *c;
  char *ring;
  unit units[MOST_RING];     // the last ones taken
  int64_t taken;
  const unit *at;            // the unit at work; NULL when all are done
  int64_t row;               // rows split
  int64_t oldest;            // the first row still needed
  int64_t credit;            // of a place
  int64_t image, phase, block;  // at work
  // What is left of a run of places.
  const float *x, *y;
  int64_t x_step, y_step, to_step, left;
  char *to;
} splitter;

static void take_unit(splitter *s) {
  const convolution *c = s->c;
  const int64_t index = atomic_fetch_add_explicit(c->next, 1, memory_order_relaxed);
  s->at = NULL;
  if (index >= c->units) return;
  unit *u = &s->units[s->taken++ % MOST_RING];
  u->image = index / c->bands * c->images;
  u->images = least(c->images, c->shape->batch - u->image);
  u->row = index % c->bands * c->band;
  u->rows = least(c->band, c->rows - u->row);
  u->first = s->row;
  s->at = u;
}

static int64_t ring_rows(const convolution *c, int64_t rows) { return (rows - 1) * c->row_step + c->tap_rows; }

static int is_inside(const convolution *c, int64_t row) { return row >= 0 && row < c->shape->height; }

// The row of the images that a row of the ring begins with.
static int64_t image_row(const convolution *c, int64_t row) { return row * (c->is_paired ? 2 : 1) - c->padding[0]; }

// Whether there is anything in a row of the ring.
static int is_empty(const convolution *c, int64_t row) {
  row = image_row(c, row);
  return !is_inside(c, row) && !(c->is_paired && is_inside(c, row + 1));
}

// Pixels of a row of an image from a column on, zeros outside.
static const float *pixels(const convolution *c, int64_t image, int64_t row, int64_t column, int64_t *step) {
  static const float zeros[LANES];
  const backprop_winograd *s = c->shape;
  *step = is_inside(c, row) ? s->inputs * c->stride : 0;
  return *step ? c->x + ((image * s->height + row) * s->width + column) * s->inputs : zeros;
}

static void end_row(splitter *s) {
  if (++s->row - s->at->first == ring_rows(s->c, s->at->rows)) take_unit(s);
}

// Continues with the next run: 32 channels of a row of an image. Zero where all is split that may be.
static int begin_run(splitter *s) {
  const convolution *c = s->c;
  int64_t row;
  for (;; end_row(s)) {
    if (!s->at || s->row - s->oldest >= c->ring) return 0;
    row = s->at->row * c->row_step + s->row - s->at->first;
    if (!is_empty(c, row)) break;
  }
  const int64_t image = s->at->image + s->image, column = c->run_columns[s->phase];
  row = image_row(c, row);
  s->x = pixels(c, image, row, column, &s->x_step);
  if (c->is_paired) {
    s->y = pixels(c, image, row + 1, column, &s->y_step);
  } else {
    s->x += s->block * TILE_DEPTH, s->y = s->x + LANES, s->y_step = s->x_step;
    if (s->block * TILE_DEPTH + LANES >= c->shape->inputs) s->y = pixels(c, image, -1, 0, &s->y_step);
  }
  s->left = c->run_places[s->phase];
  s->to_step = c->images * PLACE;
  s->to = s->ring + (s->row & (c->ring - 1)) * c->row_bytes +
          (s->block * SPLITS * c->places + c->run_starts[s->phase] + s->image) * PLACE;
  return 1;
}

static void end_run(splitter *s) {
  if (++s->block < s->c->blocks) return;
  s->block = 0;
  if (++s->phase < s->c->stride) return;
  s->phase = 0;
  if (++s->image < s->at->images) return;
  s->image = 0;
  end_row(s);
}

// At most as many places of the run at work.
AMX_INLINE void split_places(splitter *s, int64_t count) {
  if (s->left == 0 && !begin_run(s)) return;
  count = least(count, s->left);
  s->left -= count;
  split_places_from(count, &s->x, s->x_step, &s->y, s->y_step, &s->to, s->to_step, s->c->places * PLACE, AHEAD);
  if (s->left == 0) end_run(s);
}

// What is split between four products: seldom more than a place, or products would wait for it.
AMX_INLINE void split_share(splitter *s) {
  for (s->credit += s->c->share; s->credit >= WHOLE; s->credit -= WHOLE) split_places(s, 1);
}
#endif
