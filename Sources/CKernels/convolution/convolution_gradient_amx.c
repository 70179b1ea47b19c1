// The gradient of the weights of a 3 x 3 convolution of stride 1 or 2 on AMX, as sums of products in three
// bfloat16 parts (matmul_amx.c) over all pixels.
//
// What is summed over is the depth of the tiles: pairs of the same pixel of two images. Then a tile of the images for
// one column of taps is the split row of pairs, some places further on, and only the results' gradient has to be
// transposed. A unit is some rows of the images of a pair, split while the unit before it is multiplied.
#include "CKernels.h"
#include "convolution/convolution_direct.h"
#include "simd/amx.h"
#include "threading/grain.h"

#if BACKPROP_AMX
#include <stdatomic.h>
#include <stddef.h>

#include "simd/transpose.h"

enum {
  PLACE = 64,             // bytes of a place: 16 channels of a pixel of two images in one of the parts
  MOST_IMAGES = 2,        // pairs of them whose pixels alternate in a row
  LEAST_DEPTH = 16,       // tiles
  UNIT_BYTES = 3 << 17,   // two of them, and the sums, stay in the second-level cache of 2 MB
  ROWS_AT_ONCE = 4,       // of a tile
  PLACES_AT_ONCE = 4,
  AHEAD = 256,            // floats prefetched
  WHOLE = 256,            // shares of a piece
  CALLS = 5,              // of split_share for each depth of a tile
};

typedef struct {
  const backprop_winograd *shape;
  const float *x, *y;
  float *weights, *sums;         // sums[chunks][outputs / 16][inputs / 16][3][3][16, 16]
  int64_t pairs, pairs_shift;    // how many pairs alternate in a row
  int64_t tiles, places;         // of a row of the results, of the images
  int64_t stride, phase;         // pixels a stride apart are contiguous; places between those and the next ones
  int64_t rights, lefts;         // inputs / 16, outputs / 16
  int64_t band, bands, units;    // a unit is `band` rows of results
  int64_t chunks;                // of units; each has its own sum, whichever thread makes it
  int64_t right_bytes, left_bytes;
  int64_t share;                 // of a piece, done at a time
  _Atomic int64_t *next;         // the first chunk that no thread has taken
  _Atomic int *fails;            // for want of memory
  _Atomic int *has_nan;          // among the results
} gradient;

static int64_t sum_floats(const gradient *g) { return g->lefts * g->rights * 9 * TILE * TILE; }
static int64_t row_bytes(const gradient *g) { return SPLITS * g->places * PLACE; }
static int64_t image_rows(const gradient *g, int64_t rows) { return (rows - 1) * g->stride + 3; }

// MARK: A unit, split a piece at a time

typedef struct {
  const gradient *g;
  int64_t image, row, rows;  // of results
  char *right, *left;        // right[inputs / 16][row][part][places], left[outputs / 16][row][tile][part]
  int64_t r, pair, phase, block;  // the run of the images at work; done when r is past the last row
  const float *x, *y;
  int64_t x_step, y_step, to_step, places;  // what is left of it
  char *to;
  int64_t credit;            // of a piece
  int64_t left_row, tile, left_block, stage;  // the tile of the results' gradient at work
  _Alignas(64) float transposed[2][TILE * TILE];
} splitter;

static void begin_unit(splitter *s, const gradient *g, int64_t index, char *to) {
  s->g = g;
  s->image = index / g->bands * 2 * g->pairs;
  s->row = index % g->bands * g->band;
  s->rows = least(g->band, g->shape->out_height - s->row);
  s->right = to, s->left = to + g->right_bytes;
  s->r = s->pair = s->phase = s->block = s->places = s->left_row = s->tile = s->left_block = s->stage = s->credit = 0;
}

static const float zeros[LANES];

// Channels of the pixels of a row of an image from a column on, zeros outside.
static const float *pixels(
    const gradient *g, int64_t image, int64_t row, int64_t column, int64_t channel, int64_t *step) {
  const backprop_winograd *s = g->shape;
  *step = row >= 0 && row < s->height && image < s->batch ? s->inputs * g->stride : 0;
  return *step ? g->x + ((image * s->height + row) * s->width + column) * s->inputs + channel : zeros;
}

static void begin_run(splitter *s) {
  const gradient *g = s->g;
  const int64_t row = s->row * g->stride + s->r - g->shape->padding[0], padding = g->shape->padding[1];
  const int64_t seen = least(g->shape->width, (g->shape->out_width - 1) * g->stride + 3 - padding);  // columns
  const int64_t column = (s->phase + padding) % g->stride;  // the first of the phase
  s->x = pixels(g, s->image + s->pair, row, column, s->block * TILE, &s->x_step);
  s->y = pixels(g, s->image + s->pair + g->pairs, row, column, s->block * TILE, &s->y_step);
  s->places = seen > column ? parts(seen - column, g->stride) : 0;
  s->to_step = g->pairs * PLACE;
  s->to = s->right + (s->block * image_rows(g, g->band) + s->r) * row_bytes(g) +
          (s->phase * g->phase + (column + padding) / g->stride * g->pairs + s->pair) * PLACE;
}

static void end_run(splitter *s) {
  if (++s->block < s->g->rights) return;
  s->block = 0;
  if (++s->phase < s->g->stride) return;
  s->phase = 0;
  if (++s->pair < s->g->pairs) return;
  s->pair = 0;
  s->r++;
}

AMX_INLINE void split_places(splitter *s) {
  if (s->places == 0) begin_run(s);
  const int64_t count = least(PLACES_AT_ONCE, s->places);
  s->places -= count;
  split_places_from(count, &s->x, s->x_step, &s->y, s->y_step, &s->to, s->to_step, s->g->places * PLACE, AHEAD);
  if (s->places == 0) end_run(s);
}

// transposed[outputs][places] of the images of one half of the pairs
AMX_INLINE void transpose_half(splitter *s, int half) {
  const gradient *g = s->g;
  const backprop_winograd *shape = g->shape;
  lanes r[TILE];
#pragma clang loop unroll(full)
  for (int i = 0; i < TILE; i++) {
    const int64_t place = s->tile * TILE + i, column = place >> g->pairs_shift;
    const int64_t image = s->image + half * g->pairs + (place & (g->pairs - 1));
    const float *from = g->y + ((image * shape->out_height + s->row + s->left_row) * shape->out_width + column) * shape->outputs +
                        s->left_block * TILE;
    __builtin_prefetch(from + AHEAD);
    r[i] = LOAD(column < shape->out_width && image < shape->batch ? from : zeros);
  }
  exchange_16(r);
#pragma clang loop unroll(full)
  for (int i = 0; i < TILE; i++) STORE(s->transposed[half] + i * TILE, r[i]);
}

AMX_INLINE void split_left(splitter *s) {
  const gradient *g = s->g;
  const int64_t stage = s->stage++;
  if (stage < 2) {
    transpose_half(s, (int)stage);
    return;
  }
  const int64_t first = (stage - 2) * ROWS_AT_ONCE;
  char *to = s->left + ((s->left_block * g->band + s->left_row) * g->tiles + s->tile) * SPLITS * TILE_BYTES;
#pragma clang loop unroll(full)
  for (int64_t i = 0; i < ROWS_AT_ONCE; i++) {
    const int64_t row = first + i;
    split_pairs(
        _mm512_load_ps(s->transposed[0] + row * TILE), _mm512_load_ps(s->transposed[1] + row * TILE), to + row * 64,
        to + TILE_BYTES + row * 64, to + 2 * TILE_BYTES + row * 64);
  }
  if (first + ROWS_AT_ONCE < TILE) return;
  s->stage = 0;
  if (++s->left_block < g->lefts) return;
  s->left_block = 0;
  if (++s->tile < g->tiles) return;
  s->tile = 0;
  s->left_row++;
}

static int is_split(const splitter *s) { return s->left_row >= s->rows && s->r >= image_rows(s->g, s->rows); }

AMX_INLINE void split_piece(splitter *s) {
  if (s->left_row < s->rows) split_left(s);
  else if (s->r < image_rows(s->g, s->rows)) split_places(s);
}

// What is to be split between a few products: seldom more than a piece, or products would wait for it.
AMX_INLINE void split_share(splitter *s, int64_t share) {
  for (s->credit += share; s->credit >= WHOLE; s->credit -= WHOLE) split_piece(s);
}

// MARK: The products

// to[3][16, 16] = the sums of a unit for one row of taps.
AMX_INLINE void multiply(const gradient *g, int64_t rows, const char *left, const char *right, float *to, splitter *next) {
  const int64_t part = g->places * PLACE, share = g->share, row = row_bytes(g) * g->stride;
  const int64_t second = (g->stride == 1 ? g->pairs : g->phase) * PLACE, third = (g->stride == 1 ? 2 : 1) * g->pairs * PLACE;
  _tile_zero(0);
  _tile_zero(1);
  _tile_zero(2);
#define RIGHT(split)                                       \
  _tile_loadd(5, b + (split) * part, PLACE);               \
  _tile_loadd(6, b + (split) * part + second, PLACE);      \
  _tile_loadd(7, b + (split) * part + third, PLACE)
#define MULTIPLY(a, ahead)                                 \
  _tile_dpbf16ps(0, a, 5);                                 \
  prefetch_half_tile(ahead);                                \
  _tile_dpbf16ps(1, a, 6);                                 \
  prefetch_half_tile((ahead) + TILE_BYTES / 2);             \
  _tile_dpbf16ps(2, a, 7);                                 \
  prefetch_half_tile((ahead) + TILE_BYTES)
  for (int64_t r = 0; r < rows; r++)
    for (int64_t t = 0; t < g->tiles; t++, left += SPLITS * TILE_BYTES) {
      const char *b = right + r * row + t * TILE * PLACE;
      const char *next_left = left + SPLITS * TILE_BYTES, *next_b = b + TILE * PLACE;
      _tile_loadd(3, left, 64);
      RIGHT(0);
      MULTIPLY(3, next_left);
      split_share(next, share);
      _tile_loadd(4, left + TILE_BYTES, 64);
      MULTIPLY(4, next_left + TILE_BYTES);
      split_share(next, share);
      _tile_loadd(3, left + 2 * TILE_BYTES, 64);
      MULTIPLY(3, next_left + 2 * TILE_BYTES);
      split_share(next, share);
      RIGHT(1);
      MULTIPLY(4, next_b);
      split_share(next, share);
      _tile_loadd(3, left, 64);
      MULTIPLY(3, next_b + part);
      split_share(next, share);
      RIGHT(2);
      MULTIPLY(3, next_b + 2 * part);
    }
#undef RIGHT
#undef MULTIPLY
  _tile_stored(0, to, 64);
  _tile_stored(1, to + TILE * TILE, 64);
  _tile_stored(2, to + 2 * TILE * TILE, 64);
}

// What multiply gave, to be added to the sums of a chunk after the next product: sums of sums round less than long
// sums, and AMX is still computing the last one.
typedef struct {
  const float *from;
  float *to;
  int adds;
} result;

AMX_INLINE void add_result(const result *r) {
  if (!r->to) return;
  if (r->adds)
    for (int64_t i = 0; i < 3 * TILE * TILE; i += LANES) STORE(r->to + i, LOAD(r->to + i) + LOAD(r->from + i));
  else
    memcpy(r->to, r->from, 3 * TILE * TILE * sizeof(float));
}

static int64_t first_unit(const gradient *g, int64_t chunk) { return g->units * chunk / g->chunks; }
static int64_t take_chunk(const gradient *g) { return atomic_fetch_add_explicit(g->next, 1, memory_order_relaxed); }

AMX static void run_chunks(void *context, int64_t first_piece, int64_t last_piece) {
  (void)first_piece, (void)last_piece;
  const gradient *g = context;
  const int64_t bytes = g->right_bytes + g->left_bytes;
  char *workspace = backprop_scratch(1, 2 * bytes);
  if (!workspace) {
    atomic_store_explicit(g->fails, 1, memory_order_relaxed);
    return;
  }
  int64_t chunk = take_chunk(g);
  if (chunk >= g->chunks) return;
  // The padding stays zero.
  memset(workspace, 0, (size_t)g->right_bytes);
  memset(workspace + bytes, 0, (size_t)g->right_bytes);
  int64_t index = first_unit(g, chunk);
  splitter s;
  begin_unit(&s, g, index, workspace);
  while (!is_split(&s)) split_piece(&s);
  _Alignas(64) float aside[2][3 * TILE * TILE];
  result last = {0};
  int64_t products = 0;
  open_tiles();
  for (int odd = 0; chunk < g->chunks; odd = !odd) {
    const int64_t rows = s.rows, here = chunk, first = first_unit(g, chunk);
    const int adds = index > first;
    const char *right = workspace + odd * bytes, *left = right + g->right_bytes;
    if (++index == first_unit(g, chunk + 1)) {
      chunk = take_chunk(g);
      index = first_unit(g, least(chunk, g->chunks));
    }
    if (chunk < g->chunks) begin_unit(&s, g, index, workspace + !odd * bytes);
    float *sums = g->sums + here * sum_floats(g);
    for (int64_t k = 0; k < g->lefts; k++)
      for (int64_t c = 0; c < g->rights; c++)
        for (int64_t r = 0; r < 3; r++, sums += 3 * TILE * TILE) {
          float *to = aside[products++ % 2];
          multiply(
              g, rows, left + k * g->band * g->tiles * SPLITS * TILE_BYTES,
              right + (c * image_rows(g, g->band) + r) * row_bytes(g), to, &s);
          add_result(&last);
          last = (result){to, sums, adds};
        }
    while (!is_split(&s)) split_piece(&s);
  }
  add_result(&last);
  close_tiles();
}

// weights[outputs, inputs, 3, 3] for begin...end of the outputs, from the sums of all chunks in order.
static void gather_weights(void *context, int64_t begin, int64_t end) {
  const gradient *g = context;
  const int64_t chunk_floats = sum_floats(g);
  words nan = {0};
  for (int64_t k = begin; k < end; k++)
    for (int64_t c = 0; c < g->rights; c++) {
      const float *from = g->sums + (k / TILE * g->rights + c) * 9 * TILE * TILE + k % TILE * TILE;
      float *to = g->weights + (k * g->shape->inputs + c * TILE) * 9;
      for (int t = 0; t < 9; t++) {
        lanes sum = LOAD(from + t * TILE * TILE);
        for (int64_t chunk = 1; chunk < g->chunks; chunk++) sum += LOAD(from + t * TILE * TILE + chunk * chunk_floats);
        nan |= sum != sum;
        for (int lane = 0; lane < LANES; lane++) to[lane * 9 + t] = sum[lane];
      }
    }
  if (any_lane(&nan)) atomic_store_explicit(g->has_nan, 1, memory_order_relaxed);
}

int backprop_convolution_gradient_amx(
    const backprop_winograd *s, const float *x, const float *y_gradient, float *weights_gradient, int64_t workers) {
  int64_t pairs = 1;
  if (s->batch > 2 && parts(s->out_width * 2, TILE) < 2 * parts(s->out_width, TILE)) pairs = MOST_IMAGES;
  _Atomic int64_t next = 0;
  _Atomic int fails = 0, has_nan = 0;
  gradient g = {
      .shape = s, .x = x, .y = y_gradient, .weights = weights_gradient, .pairs = pairs, .pairs_shift = pairs / 2,
      .tiles = parts(s->out_width * pairs, TILE), .rights = s->inputs / TILE, .lefts = s->outputs / TILE, .next = &next,
      .fails = &fails, .has_nan = &has_nan};
  g.stride = s->stride;
  g.phase = g.tiles * TILE + (s->stride == 1 ? 2 : 1) * pairs;
  g.places = s->stride * g.phase;
  // As many rows as make a product long, and no more than stay in the cache.
  const int64_t row = g.rights * s->stride * row_bytes(&g) + g.lefts * g.tiles * SPLITS * TILE_BYTES;
  g.band = least(s->out_height, parts(LEAST_DEPTH, g.tiles));
  if (g.band * row > UNIT_BYTES) g.band = UNIT_BYTES / row < 2 ? least(2, s->out_height) : UNIT_BYTES / row;
  g.bands = parts(s->out_height, g.band);
  g.band = parts(s->out_height, g.bands);
  g.units = parts(s->batch, 2 * pairs) * g.bands;
  g.chunks = least(g.units, 4 * workers);
  g.right_bytes = g.rights * image_rows(&g, g.band) * row_bytes(&g);
  g.left_bytes = g.lefts * g.band * g.tiles * SPLITS * TILE_BYTES;
  // What is split while a unit is multiplied, and a fifth more.
  const int64_t runs = g.rights * image_rows(&g, g.band) * pairs * s->stride;
  const int64_t pieces = runs * parts(parts(s->width, s->stride), PLACES_AT_ONCE) +
                         g.lefts * g.band * g.tiles * (2 + TILE / ROWS_AT_ONCE);
  const int64_t calls = g.lefts * g.rights * 3 * g.band * g.tiles * CALLS;
  g.share = pieces * (WHOLE + WHOLE / 8) / calls + 1;
  g.sums = backprop_scratch(0, g.chunks * sum_floats(&g) * (int64_t)sizeof(float));
  if (!g.sums) return 0;
  backprop_parallel(least(workers, g.chunks), 1, run_chunks, &g);
  if (fails) return 0;
  backprop_parallel(s->outputs, backprop_grain(s->outputs, 60.0 * (double)s->inputs), gather_weights, &g);
  if (has_nan) backprop_recompute_weights_gradient(s, x, y_gradient, weights_gradient);
  return 1;
}

#else

int backprop_convolution_gradient_amx(
    const backprop_winograd *s, const float *x, const float *y_gradient, float *weights_gradient, int64_t workers) {
  (void)s, (void)x, (void)y_gradient, (void)weights_gradient, (void)workers;
  return 0;
}
#endif
