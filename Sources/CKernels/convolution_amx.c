// 3 x 3 convolutions on matrix units, as direct sums of products in three bfloat16 parts (matmul_amx.c).
//
// A tile of the left factor is 16 places of a row of results by 32 channels of the pixels that one tap of the weights sees
// from there: for each tap the same split row of the images, some places further on. So rows are split once, into a
// ring of rows that stays in the caches, and never packed for a tap. Where an image has 16 channels, a row is paired with the
// one below it to fill the depth of a tile. Where rows are no multiple of 16 pixels, the pixels of some images alternate.
// The vector units split the rows to come while the tiles multiply.
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
  MOST_IMAGES = 8,
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
  int64_t tap_rows;                    // rows of the ring that a result sees: 3, or 2 where they are pairs
  int64_t band, bands, units;          // a unit is `band` rows of results of the images that alternate
  int64_t height_of_block;             // tiles of results multiplied at a time
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
  u->rows = least(c->band, c->shape->out_height - u->row);
  u->first = s->row;
  s->at = u;
}

// Pixels of a row of an image, zeros outside.
static const float *pixels(const convolution *c, int64_t image, int64_t row, int64_t *step) {
  static const float zeros[LANES];
  const backprop_winograd *s = c->shape;
  *step = row >= 0 && row < s->height ? s->inputs : 0;
  return *step ? c->x + (image * s->height + row) * s->width * s->inputs : zeros;
}

// Goes on with the next run: 32 channels of a row of an image. Zero where all is split that may be.
static int begin_run(splitter *s) {
  const convolution *c = s->c;
  const unit *u = s->at;
  if (!u || s->row - s->oldest >= RING) return 0;
  const backprop_winograd *shape = c->shape;
  const int64_t row = u->row + (s->row - u->first) - shape->padding[0];
  s->x = pixels(c, u->image + s->image, row, &s->x_step);
  if (shape->inputs == LANES) {
    s->y = pixels(c, u->image + s->image, row + 1, &s->y_step);
  } else {
    const int64_t channel = s->block * TILE_DEPTH;
    s->y = s->x, s->y_step = s->x_step;
    if (s->x_step) s->x += channel, s->y += channel + LANES;
    if (channel + LANES >= shape->inputs) s->y = pixels(c, 0, -1, &s->y_step);
  }
  s->left = shape->width;
  s->to_step = c->images * PLACE;
  s->to = s->ring + s->row % RING * c->row_bytes +
          (s->block * SPLITS * c->places + shape->padding[1] * c->images + s->image) * PLACE;
  return 1;
}

static void end_run(splitter *s) {
  const unit *u = s->at;
  if (++s->block < s->c->blocks) return;
  s->block = 0;
  if (++s->image < u->images) return;
  s->image = 0;
  if (++s->row - u->first == u->rows + s->c->tap_rows - 1) take_unit(s);
}

// At most as many places of the run at work.
AMX_INLINE void split_places(splitter *s, int64_t count) {
  if (s->left == 0 && !begin_run(s)) return;
  const float *x = s->x, *y = s->y;
  char *to = s->to;
  const int64_t x_step = s->x_step, y_step = s->y_step, to_step = s->to_step, part = s->c->places * PLACE;
  count = least(count, s->left);
  s->left -= count;
  for (; count > 0; count--) {
    __builtin_prefetch(x + 1024);
    __builtin_prefetch(y + 1024);
    split_pairs(_mm512_loadu_ps(x), _mm512_loadu_ps(y), to, to + part, to + 2 * part);
    x += x_step, y += y_step, to += to_step;
  }
  s->x = x, s->y = y, s->to = to;
  if (s->left == 0) end_run(s);
}

// MARK: The weights

// As tiles [32 outputs][row of taps][column of taps][block of channels][part][16 outputs].
typedef struct {
  const convolution *c;
  const float *weights;
  int turned;
  char *to;
} weights_task;

// For begin...end of the 16 outputs and blocks.
AMX static void split_weights(void *context, int64_t begin, int64_t end) {
  const weights_task *task = context;
  const convolution *c = task->c;
  const int64_t inputs = c->shape->inputs, outputs = c->shape->outputs, steps = c->tap_rows * 3 * c->blocks;
  // Weights lie [outputs, inputs, 3, 3], those to be turned [inputs, outputs, 3, 3].
  const int64_t output_step = task->turned ? 9 : 9 * inputs, input_step = task->turned ? 9 * outputs : 9;
  for (int64_t item = begin; item < end; item++) {
    const int64_t column = item / c->blocks, block = item % c->blocks;
    const int64_t across = least(2, outputs / TILE - column / 2 * 2);
    char *to = task->to + (column / 2 * 2 * steps * SPLITS + column % 2) * TILE_BYTES;
    for (int64_t i = 0; i < TILE; i++) {
      float numbers[2][9][LANES] = {0};
      for (int64_t half = 0; half < 2; half++) {
        const int64_t input = block * TILE_DEPTH + half * TILE + i;
        if (input >= inputs) continue;
        const float *from = task->weights + column * TILE * output_step + input * input_step;
        for (int lane = 0; lane < LANES; lane++)
          for (int t = 0; t < 9; t++) numbers[half][task->turned ? 8 - t : t][lane] = from[lane * output_step + t];
      }
      for (int64_t r = 0; r < c->tap_rows; r++)
        for (int64_t t = 0; t < 3; t++) {
          __m512 x = _mm512_loadu_ps(numbers[0][3 * r + t]), y = _mm512_loadu_ps(numbers[1][3 * r + t]);
          if (inputs == LANES && r == 1) y = _mm512_loadu_ps(numbers[0][6 + t]);
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

// to[rows][16, 16 * columns] of four tiles or less, for all taps.
AMX_INLINE void multiply(
    int rows, int columns, const convolution *c, const tile_place *at, const char *b, float *const to[4], int64_t to_row,
    const tile_place *later, int64_t later_column, splitter *next) {
  const int64_t part = c->places * PLACE, tap = c->images * PLACE, share = c->share;
  const int64_t pixel = c->shape->outputs, lines = rows * TILE / (c->tap_rows * 3 * c->blocks) + 1;
  int64_t asked = 0;
  _tile_zero(0);
  _tile_zero(1);
  _tile_zero(2);
  _tile_zero(3);
#define LEFT(number, row, split) _tile_loadd(number, at[row].rows[r] + offset + (split) * part, PLACE)
#define RIGHT(number, column, split) _tile_loadd(number, b + ((split) * columns + (column)) * TILE_BYTES, 64)
#define BOTH(x, y, z) _tile_dpbf16ps(x, 4, z); _tile_dpbf16ps(y, 5, z)
#define ALL                            \
  _tile_dpbf16ps(0, 4, 6);             \
  if (columns == 2) _tile_dpbf16ps(1, 4, 7); \
  _tile_dpbf16ps(2, 5, 6);             \
  if (columns == 2) _tile_dpbf16ps(3, 5, 7)
  for (int64_t r = 0; r < c->tap_rows; r++)
    for (int64_t t = 0; t < 3; t++)
      for (int64_t block = 0; block < c->blocks; block++, b += SPLITS * columns * TILE_BYTES) {
        const int64_t offset = t * tap + block * SPLITS * part;
        for (int64_t end = least(asked + lines, rows * TILE); asked < end; asked++) {
          const float *line = later[asked / TILE].to + later_column + asked % TILE * pixel;
          __builtin_prefetch(line, 1);
          if (columns == 2) __builtin_prefetch(line + TILE, 1);
        }
        if (rows == 4) {
          RIGHT(6, 0, 2); RIGHT(7, 0, 1);
          LEFT(4, 0, 0); LEFT(5, 1, 0); BOTH(0, 1, 6); BOTH(0, 1, 7);
          split_places(next, share);
          LEFT(4, 2, 0); LEFT(5, 3, 0); BOTH(2, 3, 6); BOTH(2, 3, 7);
          RIGHT(6, 0, 0); BOTH(2, 3, 6);
          LEFT(4, 0, 0); LEFT(5, 1, 0); BOTH(0, 1, 6);
          LEFT(4, 2, 1); LEFT(5, 3, 1); BOTH(2, 3, 6); BOTH(2, 3, 7);
          split_places(next, share);
          LEFT(4, 0, 1); LEFT(5, 1, 1); BOTH(0, 1, 6); BOTH(0, 1, 7);
          LEFT(4, 2, 2); LEFT(5, 3, 2); BOTH(2, 3, 6);
          LEFT(4, 0, 2); LEFT(5, 1, 2); BOTH(0, 1, 6);
        } else {
          LEFT(4, 0, 0); LEFT(5, 1, 0); RIGHT(6, 0, 2); if (columns == 2) RIGHT(7, 1, 2); ALL;
          split_places(next, share);
          RIGHT(6, 0, 1); if (columns == 2) RIGHT(7, 1, 1); ALL;
          LEFT(4, 0, 1); LEFT(5, 1, 1); ALL;
          split_places(next, share);
          RIGHT(6, 0, 0); if (columns == 2) RIGHT(7, 1, 0); ALL;
          LEFT(4, 0, 2); LEFT(5, 1, 2); ALL;
          LEFT(4, 0, 0); LEFT(5, 1, 0); ALL;
        }
      }
#undef LEFT
#undef RIGHT
#undef BOTH
#undef ALL
  const int64_t stride = to_row * (int64_t)sizeof(float);
  _tile_stored(0, to[0], stride);
  if (rows == 4) {
    _tile_stored(1, to[1], stride);
    _tile_stored(2, to[2], stride);
    _tile_stored(3, to[3], stride);
  } else {
    _tile_stored(2, to[1], stride);
    if (columns == 2) {
      _tile_stored(1, to[0] + TILE, stride);
      _tile_stored(3, to[1] + TILE, stride);
    }
  }
}

// MARK: The work of a thread

// Which tile is at work: of a unit, from the first place of a row of results on.
typedef struct {
  const unit *u;
  int64_t row, tile;
} cursor;

static tile_place place_of(const convolution *c, const splitter *s, const cursor *k) {
  const backprop_winograd *shape = c->shape;
  tile_place p;
  for (int64_t r = 0; r < 3; r++)
    p.rows[r] = s->ring + (k->u->first + k->row + r) % RING * c->row_bytes + k->tile * TILE * PLACE;
  p.to = c->y + ((k->u->image * shape->out_height + k->u->row + k->row) * shape->out_width + k->tile * TILE / c->images) *
                    shape->outputs;
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
    const convolution *c, const cursor *k, const float *from, float *to, int64_t columns) {
  const backprop_winograd *shape = c->shape;
  const int64_t first = k->tile * TILE, count = least(TILE, shape->out_width * c->images - first);
  const int64_t image_step = shape->out_height * shape->out_width * shape->outputs;
  for (int64_t i = 0; i < count; i++) {
    const int64_t image = (first + i) & (c->images - 1);
    if (image >= k->u->images) continue;
    float *pixel = to + image * image_step + (((first + i) >> c->images_shift) - (first >> c->images_shift)) * shape->outputs;
    STORE(pixel, LOAD(from + i * 2 * TILE));
    if (columns == 2) STORE(pixel + TILE, LOAD(from + i * 2 * TILE + TILE));
  }
}

AMX static void run_units(void *context, int64_t first_piece, int64_t last_piece) {
  (void)first_piece, (void)last_piece;
  const convolution *c = context;
  const int64_t outputs = c->shape->outputs, height = c->height_of_block, steps = c->tap_rows * 3 * c->blocks;
  splitter s = {.c = c};
  s.ring = backprop_scratch(1, RING * c->row_bytes);
  if (!s.ring) {
    atomic_store_explicit(c->fails, 1, memory_order_relaxed);
    return;
  }
  take_unit(&s);
  if (!s.at) return;
  memset(s.ring, 0, (size_t)(RING * c->row_bytes));  // the padding stays zero
  _Alignas(64) float aside[4][TILE * 2 * TILE];
  const int is_whole = c->images == 1 && c->shape->out_width % TILE == 0;
  open_tiles();
  for (int64_t number = 0; number < s.taken; number++) {
    cursor k = {&s.units[number % RING], 0, 0};
    for (int done = 0; !done;) {
      cursor tiles[8];
      tile_place places[8];
      for (int64_t i = 0; i < 2 * height; i++) {
        tiles[i] = k;
        places[i] = place_of(c, &s, &k);
        if (i < height) done = is_last(c, &k);
        if (i + 1 < 2 * height) advance(c, &k);
      }
      s.oldest = k.u->first + tiles[0].row;
      while (s.row < k.u->first + tiles[height - 1].row + c->tap_rows) split_places(&s, c->shape->width);
      for (int64_t column = 0; column < outputs; column += 2 * TILE) {
        const int columns = outputs - column > TILE ? 2 : 1;
        const char *b = c->weights + column / TILE * steps * SPLITS * TILE_BYTES;
        float *to[4];
        for (int64_t i = 0; i < height; i++) to[i] = is_whole ? places[i].to + column : aside[i];
        const int64_t to_row = is_whole ? outputs : 2 * TILE;
        if (height == 4) multiply(4, 1, c, places, b, to, to_row, places + height, column, &s);
        else if (columns == 2) multiply(2, 2, c, places, b, to, to_row, places + height, column, &s);
        else multiply(2, 1, c, places, b, to, to_row, places + height, column, &s);
        if (!is_whole)
          for (int64_t i = 0; i < height; i++) scatter(c, &tiles[i], aside[i], places[i].to + column, columns);
      }
      k = tiles[height];
    }
  }
  close_tiles();
}

// MARK: The convolution

// How many images alternate in a row: as few as waste least of its tiles.
static int64_t images_in_a_row(const backprop_winograd *s) {
  int64_t best = 1;
  for (int64_t images = 2; images <= MOST_IMAGES && images <= s->batch; images *= 2)
    if (parts(s->out_width * images, TILE) * best < parts(s->out_width * best, TILE) * images) best = images;
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
      .tiles = parts(s->out_width * images, TILE), .blocks = parts(s->inputs, TILE_DEPTH), .tap_rows = is_paired ? 2 : 3,
      .height_of_block = s->outputs == TILE ? 4 : 2, .next = &next, .fails = &fails};
  c.places = c.tiles * TILE + 2 * images;
  c.row_bytes = c.blocks * SPLITS * c.places * PLACE;
  // Eight units a worker, so that none waits long for another, but not many rows split twice.
  int64_t bands = parts(8 * workers, groups);
  c.band = parts(s->out_height, bands);
  if (c.band < 4) c.band = 4;
  c.bands = parts(s->out_height, c.band), c.units = groups * c.bands;
  const int64_t steps = c.tap_rows * 3 * c.blocks;
  // What is split while a block is multiplied, and a fifth more.
  const double places = (double)(s->width * images * c.blocks) * (double)(c.band + 2) / (double)c.band;
  const double calls = (double)(parts(s->outputs, 2 * TILE) * steps * 2) * (double)c.tiles / (double)c.height_of_block;
  c.share = (int64_t)(1.2 * places / calls) + 1;
  char *panel = backprop_scratch(0, steps * SPLITS * s->outputs / TILE * TILE_BYTES);
  if (!panel) return 0;
  c.weights = panel;
  weights_task task = {&c, weights, turned, panel};
  const int64_t items = s->outputs / TILE * c.blocks;
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
