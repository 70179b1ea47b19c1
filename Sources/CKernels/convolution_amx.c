// 3 x 3 convolutions on matrix units, as direct sums of products in three bfloat16 parts (matmul_amx.c).
//
// A tile of the left factor is 16 places of a row of results by 32 channels of the pixels that one tap of the weights sees
// from there: for each tap the same split row of the images, some places further on. So rows are split once, into a
// ring of rows that stays in the caches, and never packed for a tap. Where an image has 16 channels, two rows are taken as
// one of 32: two rows of results see two such pairs, and are 32 columns of one product. Where rows are short, the pixels of
// some images alternate. The vector units split the rows to come while the tiles multiply.
#include "amx.h"
#include "CKernels.h"
#include "threads.h"

#if BACKPROP_AMX
#include <stdatomic.h>
#include <stddef.h>

enum {
  SPLITS = 3,
  PLACE = 64,    // bytes of a place: 32 channels of a pixel in one of the parts
  RING = 8,      // rows
  MOST_IMAGES = 4,
};

typedef struct {
  const backprop_winograd *shape;
  const float *x;
  float *y;
  const char *weights;
  int64_t images, images_shift;        // whose pixels alternate in a row
  int64_t tiles;                       // of a row of results
  int64_t places;                      // of a row, between its parts
  int64_t blocks;                      // of 32 channels
  int64_t row_bytes;
  int is_paired;                       // two rows of an image are one of the ring, and two of results are one below
  int64_t tap_rows;                    // rows of the ring that a result sees: 3, or 2 where they are pairs
  int64_t rows, band, bands, units;    // of results; a unit is `band` of them of the images that alternate
  int64_t share;                       // places split at a time
  _Atomic int64_t *next;               // the first unit that no thread has taken
  _Atomic int *fails;                  // for want of memory
} convolution;

static int64_t least(int64_t x, int64_t y) { return x < y ? x : y; }
static int64_t parts(int64_t x, int64_t unit) { return (x + unit - 1) / unit; }

// MARK: The images

typedef struct {
  int64_t image, images, row, rows;  // of results
  int64_t first;                     // the number of its first row among all that this thread splits
} unit;

typedef struct {
  const convolution *c;
  char *ring;
  unit units[RING];          // the last ones taken
  int64_t taken;
  const unit *at;            // the unit at work; NULL when all are done
  int64_t row;               // rows split
  int64_t oldest;            // the first row still needed
  int64_t image, block;      // at work
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
  unit *u = &s->units[s->taken++ % RING];
  u->image = index / c->bands * c->images;
  u->images = least(c->images, c->shape->batch - u->image);
  u->row = index % c->bands * c->band;
  u->rows = least(c->band, c->rows - u->row);
  u->first = s->row;
  s->at = u;
}

static int is_inside(const convolution *c, int64_t row) { return row >= 0 && row < c->shape->height; }

// The row of the images that a row of the ring begins with.
static int64_t image_row(const convolution *c, int64_t row) { return row * (c->is_paired ? 2 : 1) - c->shape->padding[0]; }

// Whether there is anything in a row of the ring.
static int is_empty(const convolution *c, int64_t row) {
  row = image_row(c, row);
  return !is_inside(c, row) && !(c->is_paired && is_inside(c, row + 1));
}

// Pixels of a row of an image, zeros outside.
static const float *pixels(const convolution *c, int64_t image, int64_t row, int64_t *step) {
  static const float zeros[LANES];
  const backprop_winograd *s = c->shape;
  *step = is_inside(c, row) ? s->inputs : 0;
  return *step ? c->x + (image * s->height + row) * s->width * s->inputs : zeros;
}

static void end_row(splitter *s) {
  if (++s->row - s->at->first == s->at->rows + s->c->tap_rows - 1) take_unit(s);
}

// Goes on with the next run: 32 channels of a row of an image. Zero where all is split that may be.
static int begin_run(splitter *s) {
  const convolution *c = s->c;
  for (;; end_row(s)) {
    if (!s->at || s->row - s->oldest >= RING) return 0;
    if (!is_empty(c, s->at->row + s->row - s->at->first)) break;
  }
  const backprop_winograd *shape = c->shape;
  const int64_t row = image_row(c, s->at->row + s->row - s->at->first), image = s->at->image + s->image;
  s->x = pixels(c, image, row, &s->x_step);
  if (c->is_paired) {
    s->y = pixels(c, image, row + 1, &s->y_step);
  } else {
    s->x += s->block * TILE_DEPTH, s->y = s->x + LANES, s->y_step = s->x_step;
    if (s->block * TILE_DEPTH + LANES >= shape->inputs) s->y = pixels(c, image, -1, &s->y_step);
  }
  s->left = least(shape->width, shape->out_width + 2 - shape->padding[1]);  // what results see
  s->to_step = c->images * PLACE;
  s->to = s->ring + s->row % RING * c->row_bytes +
          (s->block * SPLITS * c->places + shape->padding[1] * c->images + s->image) * PLACE;
  return 1;
}

static void end_run(splitter *s) {
  if (++s->block < s->c->blocks) return;
  s->block = 0;
  if (++s->image < s->at->images) return;
  s->image = 0;
  end_row(s);
}

// At most as many places of the run at work.
AMX_INLINE void split_places(splitter *s, int64_t count) {
  if (s->left == 0 && !begin_run(s)) return;
  count = least(count, s->left);
  s->left -= count;
  split_places_from(count, &s->x, s->x_step, &s->y, s->y_step, &s->to, s->to_step, s->c->places * PLACE);
  if (s->left == 0) end_run(s);
}

// MARK: The weights

// As tiles [32 columns][row of taps][column of taps][block of channels][part][16 columns].
typedef struct {
  const convolution *c;
  const float *weights;
  int turned;
  char *to;
} weights_task;

static int64_t columns_of(const convolution *c) { return c->shape->outputs / TILE * (c->is_paired ? 2 : 1); }

// For begin...end of the 16 columns and blocks.
AMX static void split_weights(void *context, int64_t begin, int64_t end) {
  const weights_task *task = context;
  const convolution *c = task->c;
  const int64_t inputs = c->shape->inputs, outputs = c->shape->outputs, steps = c->tap_rows * 3 * c->blocks;
  // Weights lie [outputs, inputs, 3, 3], those to be turned [inputs, outputs, 3, 3].
  const int64_t output_step = task->turned ? 9 : 9 * inputs, input_step = task->turned ? 9 * outputs : 9;
  for (int64_t item = begin; item < end; item++) {
    const int64_t column = item / c->blocks, block = item % c->blocks;
    const int64_t across = least(2, columns_of(c) - column / 2 * 2), odd = column % 2;
    char *to = task->to + (column / 2 * 2 * steps * SPLITS + odd) * TILE_BYTES;
    for (int64_t i = 0; i < TILE; i++) {
      float numbers[2][9][LANES] = {0};
      for (int64_t half = 0; half < 2; half++) {
        const int64_t input = block * TILE_DEPTH + half * TILE + i;
        if (input >= inputs) continue;
        const float *from = task->weights + (c->is_paired ? column / 2 : column) * TILE * output_step + input * input_step;
        for (int lane = 0; lane < LANES; lane++)
          for (int t = 0; t < 9; t++) numbers[half][task->turned ? 8 - t : t][lane] = from[lane * output_step + t];
      }
      for (int64_t r = 0; r < c->tap_rows; r++)
        for (int64_t t = 0; t < 3; t++) {
          // Of a pair of results the second sees its first row of taps a row further down.
          const int64_t above = 2 * r - odd, below = above + 1;
          __m512 x = _mm512_loadu_ps(numbers[0][3 * r + t]), y = _mm512_loadu_ps(numbers[1][3 * r + t]);
          if (c->is_paired) {
            x = above >= 0 ? _mm512_loadu_ps(numbers[0][3 * above + t]) : _mm512_setzero_ps();
            y = below <= 2 ? _mm512_loadu_ps(numbers[0][3 * below + t]) : _mm512_setzero_ps();
          }
          char *tile = to + ((r * 3 + t) * c->blocks + block) * SPLITS * across * TILE_BYTES + i * 64;
          split_pairs(x, y, tile, tile + across * TILE_BYTES, tile + 2 * across * TILE_BYTES);
        }
    }
  }
}

// MARK: The products

// The results of a tile.
typedef struct {
  const char *rows[3];  // of the ring, where its first place is
  float *to;            // its first pixel
} tile_place;

// to[2][16, 16 * columns] of two tiles for all taps; the second column lies `second` floats further on.
AMX_INLINE void multiply(
    int columns, const convolution *c, const tile_place at[2], const char *b, float *const to[2], int64_t to_row,
    int64_t second, const tile_place later[2], int64_t later_column, int64_t later_second, splitter *next) {
  const int64_t part = c->places * PLACE, tap = c->images * PLACE, share = c->share;
  const int64_t pixel = c->shape->outputs, lines = 2 * TILE / (c->tap_rows * 3 * c->blocks) + 1;
  const int64_t asks = columns * TILE_BYTES;  // what a product asks for, and what a split of b takes
  int64_t asked = 0;
  clear_sums();
#define LEFT(split)                                                \
  _tile_loadd(4, left + (split) * part, PLACE);                    \
  _tile_loadd(5, left_below + (split) * part, PLACE)
#define RIGHT(split)                                               \
  _tile_loadd(6, b + (split) * columns * TILE_BYTES, 64);          \
  if (columns == 2) _tile_loadd(7, b + ((split) * columns + 1) * TILE_BYTES, 64)
  for (int64_t r = 0; r < c->tap_rows; r++)
    for (int64_t t = 0; t < 3; t++)
      for (int64_t block = 0; block < c->blocks; block++) {
        const int64_t offset = t * tap + block * SPLITS * part;
        const char *left = at[0].rows[r] + offset, *left_below = at[1].rows[r] + offset;
        const char *next_b = b + SPLITS * asks;
        LEFT(0); RIGHT(2); add_products(2, columns, next_b);
        split_places(next, share);
        RIGHT(1); add_products(2, columns, next_b + asks);
        for (int64_t end = least(asked + lines, 2 * TILE); asked < end; asked++) {
          const float *line = later[asked / TILE].to + later_column + asked % TILE * pixel;
          __builtin_prefetch(line, 1);
          if (columns == 2) __builtin_prefetch(line + later_second, 1);
        }
        LEFT(1); add_products(2, columns, next_b + 2 * asks);
        split_places(next, share);
        RIGHT(0); add_products(2, columns, next_b + 3 * asks);
        LEFT(2); add_products(2, columns, next_b + 4 * asks);
        LEFT(0); add_products(2, columns, next_b + 5 * asks);
        b = next_b;
      }
#undef LEFT
#undef RIGHT
  const int64_t stride = to_row * (int64_t)sizeof(float);
  _tile_stored(0, to[0], stride);
  if (columns == 2) _tile_stored(1, to[0] + second, stride);
  _tile_stored(2, to[1], stride);
  if (columns == 2) _tile_stored(3, to[1] + second, stride);
}

// MARK: The work of a thread

// Which tile is at work: of a unit, from the first place of a row of results on.
typedef struct {
  const unit *u;
  int64_t row, tile;
} cursor;

static tile_place place_of(const convolution *c, const splitter *s, const cursor *k) {
  const backprop_winograd *shape = c->shape;
  const int64_t row = k->u->row + k->row;
  tile_place p;
  for (int64_t r = 0; r < 3; r++) {
    const int64_t slot = is_empty(c, row + r) ? RING : (k->u->first + k->row + r) % RING;
    p.rows[r] = s->ring + slot * c->row_bytes + k->tile * TILE * PLACE;
  }
  p.to = c->y + ((k->u->image * shape->out_height + row * (c->is_paired ? 2 : 1)) * shape->out_width +
                 k->tile * TILE / c->images) * shape->outputs;
  return p;
}

// The next tile; the last of a unit stays.
static void advance(const convolution *c, cursor *k) {
  if (k->tile + 1 < c->tiles) k->tile++;
  else if (k->row + 1 < k->u->rows) k->row++, k->tile = 0;
}

static int is_last(const convolution *c, const cursor *k) { return k->tile + 1 == c->tiles && k->row + 1 == k->u->rows; }

// Results that do not lie as tiles do.
static void scatter(
    const convolution *c, const cursor *k, const float *from, float *to, int64_t columns, int64_t second) {
  const backprop_winograd *shape = c->shape;
  const int64_t first = k->tile * TILE, count = least(TILE, shape->out_width * c->images - first);
  const int64_t image_step = shape->out_height * shape->out_width * shape->outputs;
  if (c->is_paired && 2 * (k->u->row + k->row) + 1 == shape->out_height) columns = 1;
  to -= (first >> c->images_shift) * shape->outputs;
  for (int64_t i = 0; i < count; i++) {
    const int64_t image = (first + i) & (c->images - 1);
    if (image >= k->u->images) continue;
    float *pixel = to + image * image_step + ((first + i) >> c->images_shift) * shape->outputs;
    STORE(pixel, LOAD(from + i * 2 * TILE));
    if (columns == 2) STORE(pixel + second, LOAD(from + i * 2 * TILE + TILE));
  }
}

AMX static void run_units(void *context, int64_t first_piece, int64_t last_piece) {
  (void)first_piece, (void)last_piece;
  const convolution *c = context;
  const int64_t outputs = c->shape->outputs, steps = c->tap_rows * 3 * c->blocks;
  splitter s = {.c = c};
  s.ring = backprop_scratch(1, (RING + 1) * c->row_bytes);  // and a row of zeros
  if (!s.ring) {
    atomic_store_explicit(c->fails, 1, memory_order_relaxed);
    return;
  }
  take_unit(&s);
  if (!s.at) return;
  memset(s.ring, 0, (size_t)((RING + 1) * c->row_bytes));  // the padding stays zero
  _Alignas(64) float aside[2][TILE * 2 * TILE];
  const int is_whole =
      c->images == 1 && c->shape->out_width % TILE == 0 && !(c->is_paired && c->shape->out_height % 2 == 1);
  const int64_t width = c->is_paired ? TILE : 2 * TILE, second = c->is_paired ? c->shape->out_width * outputs : TILE;
  open_tiles();
  for (int64_t number = 0; number < s.taken; number++) {
    cursor k = {&s.units[number % RING], 0, 0};
    for (int done = 0; !done;) {
      cursor at[4];
      tile_place places[4];
      for (int i = 0; i < 4; i++) {
        at[i] = k;
        places[i] = place_of(c, &s, &k);
        if (i == 1) done = is_last(c, &k);
        if (i < 3) advance(c, &k);
      }
      k = at[2];
      s.oldest = k.u->first + at[0].row;
      while (s.row < k.u->first + at[1].row + c->tap_rows) split_places(&s, c->shape->width);
      for (int64_t column = 0; column < outputs; column += width) {
        const int columns = c->is_paired || outputs - column > TILE ? 2 : 1;
        const char *b = c->weights + column / width * 2 * steps * SPLITS * TILE_BYTES;
        float *to[2] = {is_whole ? places[0].to + column : aside[0], is_whole ? places[1].to + column : aside[1]};
        const int64_t row = is_whole ? outputs : 2 * TILE, apart = is_whole ? second : TILE;
        if (columns == 2) multiply(2, c, places, b, to, row, apart, places + 2, column, second, &s);
        else multiply(1, c, places, b, to, row, apart, places + 2, column, second, &s);
        if (!is_whole)
          for (int i = 0; i < 2; i++) scatter(c, &at[i], aside[i], places[i].to + column, columns, second);
      }
    }
  }
  close_tiles();
}

// MARK: The convolution

// How many images alternate in a row: more than one where that saves a fifth of the tiles. A longer row takes more of the
// cache, and its results are further apart.
static int64_t images_in_a_row(const backprop_winograd *s) {
  int64_t best = 1;
  for (int64_t images = 2; images <= MOST_IMAGES && images <= s->batch; images *= 2)
    if (5 * parts(s->out_width * images, TILE) * best < 4 * parts(s->out_width * best, TILE) * images) best = images;
  return best;
}

int backprop_convolution_tiles(
    const backprop_winograd *s, const float *x, const float *weights, int32_t turned, float *y, int64_t workers) {
  const int64_t images = images_in_a_row(s), groups = parts(s->batch, images);
  const int is_paired = s->inputs == LANES;
  _Atomic int64_t next = 0;
  _Atomic int fails = 0;
  convolution c = {
      .shape = s, .x = x, .y = y, .images = images, .images_shift = __builtin_ctzll((uint64_t)images),
      .tiles = parts(s->out_width * images, TILE), .blocks = parts(s->inputs, TILE_DEPTH), .is_paired = is_paired,
      .tap_rows = is_paired ? 2 : 3, .rows = is_paired ? (s->out_height + 1) / 2 : s->out_height, .next = &next, .fails = &fails};
  c.places = c.tiles * TILE + 2 * images;
  c.row_bytes = c.blocks * SPLITS * c.places * PLACE;
  // Eight units a worker, so that none waits long for another, but not many rows split twice.
  int64_t bands = parts(8 * workers, groups);
  c.band = parts(c.rows, bands);
  if (c.band < 4) c.band = 4;
  c.bands = parts(c.rows, c.band), c.units = groups * c.bands;
  const int64_t steps = c.tap_rows * 3 * c.blocks;
  // What is split while a block is multiplied, and a fifth more.
  const double places = (double)(s->width * images * c.blocks) * (double)(c.band + 2) / (double)c.band;
  const double calls = (double)(parts(columns_of(&c), 2) * steps) * (double)c.tiles;
  c.share = (int64_t)(1.2 * places / calls) + 1;
  char *panel = backprop_scratch(0, steps * SPLITS * columns_of(&c) * TILE_BYTES);
  if (!panel) return 0;
  c.weights = panel;
  weights_task task = {&c, weights, turned, panel};
  const int64_t items = columns_of(&c) * c.blocks;
  backprop_parallel(items, backprop_grain(items, 4000), split_weights, &task);
  backprop_parallel(least(workers, c.units), 1, run_units, &c);
  return !atomic_load_explicit(&fails, memory_order_relaxed);
}

#else

int backprop_convolution_tiles(
    const backprop_winograd *s, const float *x, const float *weights, int32_t turned, float *y, int64_t workers) {
  (void)s, (void)x, (void)weights, (void)turned, (void)y, (void)workers;
  return 0;
}
#endif
