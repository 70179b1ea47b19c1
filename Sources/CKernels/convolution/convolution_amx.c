// 3 x 3 convolutions of stride 1 or 2 on AMX, as direct sums of products in three bfloat16 parts (matmul_amx.c).
//
// A tile of the left factor is 16 positions ("places") of a row of results by 32 channels of the pixels that one tap of
// the weights sees from there: for each tap the same split row of the images, some places further on. So rows are split
// once, into a ring of rows that stays in the caches, and never packed for a tap. Where an image has 16 channels, two
// rows are taken as one of 32: two rows of results see two such pairs, and are 32 columns of one product. Where rows
// are short, the pixels of some images alternate. Of results every second pixel apart, a tap sees every second place:
// even ones are contiguous in a row, then odd ones. The images' gradient of such a convolution has images with zeros
// between their pixels: a place gives 2 x 2 results, each from the 1, 2 or 4 taps that are not all zero. The vector
// units split the next rows while AMX multiplies.
#include "convolution/convolution_amx.h"

#include "convolution/convolution_direct.h"
#include "threading/grain.h"

#if BACKPROP_AMX
// MARK: The weights

// As tiles [32 columns][row of taps][column of taps][block of channels][part][16 columns].
typedef struct {
  const convolution *c;
  const float *weights;
  int rotated;
  char *to;
} weights_task;

static int64_t columns_of(const convolution *c) {
  return c->shape->outputs / TILE * (c->is_spread ? 4 : c->is_doubled ? 2 : 1);
}

static column column_at(const convolution *c, int64_t index) {
  const int64_t channels = c->shape->outputs / TILE;
  if (c->is_doubled) return (column){index % 2, 0, index / 2 * TILE};
  return (column){index / channels / 2, index / channels % 2, index % channels * TILE};
}

// Spread images: pixels are two taps apart, and the second pixel of a place sees them a tap earlier.
static int64_t spread_tap(int64_t place, int64_t padding, int64_t pixel) { return 2 * place + padding % 2 - pixel; }

static range spread_taps(int64_t padding, int64_t pixel) {
  return (range){spread_tap(0, padding, pixel) < 0, 1 + (spread_tap(1, padding, pixel) <= 2)};
}

// The taps that are not all zero for 32 columns from an even one on.
static void taps_of(const convolution *c, int64_t index, range *rows, range *columns) {
  *rows = (range){0, c->tap_rows}, *columns = (range){0, c->tap_columns};
  if (!c->is_spread) return;
  const column first = column_at(c, index), second = column_at(c, index + 1);
  *rows = spread_taps(c->shape->padding[0], first.row);
  *columns = spread_taps(c->shape->padding[1], first.pixel);
  const range other = spread_taps(c->shape->padding[1], second.pixel);
  if (other.begin < columns->begin) columns->begin = other.begin;
  if (other.end > columns->end) columns->end = other.end;
}

static int64_t steps_of(const convolution *c, int64_t index) {
  range rows, columns;
  taps_of(c, index, &rows, &columns);
  return (rows.end - rows.begin) * (columns.end - columns.begin) * c->blocks;
}

// For begin...end of the 16 columns and blocks.
AMX static void split_weights(void *context, int64_t begin, int64_t end) {
  const weights_task *task = context;
  const convolution *c = task->c;
  const int64_t inputs = c->shape->inputs, outputs = c->shape->outputs;
  // Weights are [outputs, inputs, 3, 3], those to be rotated [inputs, outputs, 3, 3].
  const int64_t output_step = task->rotated ? 9 : 9 * inputs, input_step = task->rotated ? 9 * outputs : 9;
  for (int64_t item = begin; item < end; item++) {
    const int64_t index = item / c->blocks, block = item % c->blocks, odd = index % 2;
    const int64_t across = least(2, columns_of(c) - (index - odd));
    const column at = column_at(c, index);
    range rows, columns;
    taps_of(c, index - odd, &rows, &columns);
    for (int64_t i = 0; i < TILE; i++) {
      float numbers[2][9][LANES] = {0};
      for (int64_t half = 0; half < 2; half++) {
        const int64_t input = block * TILE_DEPTH + half * TILE + i;
        if (input >= inputs) continue;
        const float *from = task->weights + at.channel * output_step + input * input_step;
        for (int lane = 0; lane < LANES; lane++)
          for (int t = 0; t < 9; t++) numbers[half][task->rotated ? 8 - t : t][lane] = from[lane * output_step + t];
      }
      const int64_t tile = (index - odd) * c->tap_rows * c->tap_columns * c->blocks * SPLITS + block * SPLITS * across + odd;
      char *to = task->to + tile * TILE_BYTES + i * 64;
      for (int64_t r = rows.begin; r < rows.end; r++)
        for (int64_t t = columns.begin; t < columns.end; t++, to += c->blocks * SPLITS * across * TILE_BYTES) {
          __m512 x = _mm512_setzero_ps(), y = x;
          if (c->is_paired) {
            // Of two rows of results the second sees its first row of taps a row further down.
            const int64_t above = 2 * r - at.row, below = above + 1;
            if (above >= 0) x = _mm512_loadu_ps(numbers[0][3 * above + t]);
            if (below <= 2) y = _mm512_loadu_ps(numbers[0][3 * below + t]);
          } else {
            const int64_t row = c->is_spread ? spread_tap(r, c->shape->padding[0], at.row) : r;
            const int64_t tap = c->is_spread ? spread_tap(t, c->shape->padding[1], at.pixel) : t;
            if (tap >= 0 && tap <= 2) {
              x = _mm512_loadu_ps(numbers[0][3 * row + tap]);
              y = _mm512_loadu_ps(numbers[1][3 * row + tap]);
            }
          }
          split_pairs(x, y, to, to + across * TILE_BYTES, to + 2 * across * TILE_BYTES);
        }
    }
  }
}

// MARK: The products

// The results of a tile.
typedef struct {
  const char *rows[3];  // of the ring, where its first place is
  float *to;            // its first pixel
} tile_position;

static column_pair pair_at(const convolution *c, int64_t index, const char *weights) {
  const int64_t width = c->shape->out_width, outputs = c->shape->outputs;
  const column first = column_at(c, index), second = column_at(c, index + 1);
  column_pair p = {
      .columns = least(2, columns_of(c) - index), .at = {first, second},
      .to = (first.row * width + first.pixel) * outputs + first.channel,
      .weights = weights + index * c->tap_rows * c->tap_columns * c->blocks * SPLITS * TILE_BYTES};
  p.second = (second.row * width + second.pixel) * outputs + second.channel - p.to;
  taps_of(c, index, &p.rows, &p.taps);
  p.lines = 2 * TILE / steps_of(c, index) + 1;
  return p;
}

// to[2][16, 16 * columns] of two tiles for all taps; the second column is `second` floats further on.
AMX_INLINE void multiply(
    int columns, const convolution *c, const tile_position at[2], const column_pair *p, float *const to[2], int64_t to_row,
    int64_t second, const tile_position later[2], splitter *next) {
  const int64_t part = c->places * PLACE, pixel = c->pixel;
  const int64_t split = columns * TILE_BYTES;  // of the weights
  const char *b = p->weights;
  int64_t prefetched = 0;
  clear_sums();
#define RIGHT(i, from) _tile_loadd(6 + (i), (from) + (i) * TILE_BYTES, 64)
// Four products, interleaved with the loads for the next four.
#define THEN_RIGHT(number, ahead)                                  \
  _tile_dpbf16ps(0, 4, 6);                                         \
  prefetch_half_tile(ahead);                                        \
  _tile_dpbf16ps(2, 5, 6);                                         \
  wait_a_little();                                                 \
  RIGHT(0, b + (number) * split);                                  \
  if (columns == 2) {                                              \
    _tile_dpbf16ps(1, 4, 7);                                       \
    prefetch_half_tile((ahead) + TILE_BYTES);                       \
    _tile_dpbf16ps(3, 5, 7);                                       \
    wait_a_little();                                               \
    RIGHT(1, b + (number) * split);                                \
  }                                                                \
  split_share(next)
#define THEN_LEFT(number, ahead)                                   \
  _tile_dpbf16ps(0, 4, 6);                                         \
  prefetch_half_tile(ahead);                                        \
  if (columns == 2) {                                              \
    _tile_dpbf16ps(1, 4, 7);                                       \
    wait_a_little();                                               \
  }                                                                \
  _tile_loadd(4, left + (number) * part, PLACE);                   \
  _tile_dpbf16ps(2, 5, 6);                                         \
  prefetch_half_tile((ahead) + TILE_BYTES);                         \
  if (columns == 2) {                                              \
    _tile_dpbf16ps(3, 5, 7);                                       \
    wait_a_little();                                               \
  }                                                                \
  _tile_loadd(5, left_below + (number) * part, PLACE);             \
  split_share(next)
  int64_t r = p->rows.begin, t = p->taps.begin, block = 0;
  int64_t offset = c->tap_offsets[t];
  const char *left = at[0].rows[r] + offset, *left_below = at[1].rows[r] + offset;
  _tile_loadd(4, left, PLACE);
  _tile_loadd(5, left_below, PLACE);
  RIGHT(0, b + 2 * split);
  if (columns == 2) RIGHT(1, b + 2 * split);
  for (;;) {
    const char *next_b = b + SPLITS * split;
    THEN_RIGHT(1, next_b + 2 * split);
    THEN_LEFT(1, next_b + 2 * split + TILE_BYTES / 2);
    for (int64_t end = least(prefetched + p->lines, 2 * TILE); prefetched < end; prefetched++) {
      const float *line = later[prefetched / TILE].to + p->to + prefetched % TILE * pixel;
      __builtin_prefetch(line, 1);
      if (columns == 2) __builtin_prefetch(line + p->second, 1);
    }
    THEN_RIGHT(0, next_b + split);
    THEN_LEFT(2, next_b + split + TILE_BYTES / 2);
    THEN_LEFT(0, next_b);
    if (++block == c->blocks) {
      block = 0;
      if (++t == p->taps.end) t = p->taps.begin, r++;
      if (r == p->rows.end) break;
    }
    offset = c->tap_offsets[t] + block * SPLITS * part;
    left = at[0].rows[r] + offset, left_below = at[1].rows[r] + offset;
    b = next_b;
    _tile_dpbf16ps(0, 4, 6);
    prefetch_half_tile(b + TILE_BYTES / 2);
    if (columns == 2) {
      _tile_dpbf16ps(1, 4, 7);
      wait_a_little();
    }
    _tile_loadd(4, left, PLACE);
    _tile_dpbf16ps(2, 5, 6);
    wait_a_little();
    RIGHT(0, b + 2 * split);
    if (columns == 2) {
      _tile_dpbf16ps(3, 5, 7);
      prefetch_half_tile(b + 3 * TILE_BYTES / 2);
    }
    _tile_loadd(5, left_below, PLACE);
    if (columns == 2) RIGHT(1, b + 2 * split);
    split_share(next);
  }
  add_products(2, columns, p->weights);
#undef RIGHT
#undef THEN_RIGHT
#undef THEN_LEFT
  const int64_t stride = to_row * (int64_t)sizeof(float);
  _tile_stored(0, to[0], stride);
  if (columns == 2) _tile_stored(1, to[0] + second, stride);
  _tile_stored(2, to[1], stride);
  if (columns == 2) _tile_stored(3, to[1] + second, stride);
  for (int i = 0; i < 2; i++)
    if (has_nan(to[i], 1, columns, to_row, second)) atomic_store_explicit(c->has_nan, 1, memory_order_relaxed);
}

// MARK: The work of a thread

// Which tile is at work: of a unit, from the first place of a row of results on.
typedef struct {
  const unit *u;
  int64_t row, tile;
} cursor;

static tile_position position_of(const convolution *c, const splitter *s, const cursor *k) {
  const backprop_winograd *shape = c->shape;
  const int64_t row = k->u->row + k->row;
  tile_position p;
  for (int64_t r = 0; r < c->tap_rows; r++) {
    const int64_t slot =
        is_empty(c, row * c->row_step + r) ? c->ring : (k->u->first + k->row * c->row_step + r) & (c->ring - 1);
    p.rows[r] = s->ring + slot * c->row_bytes + k->tile * TILE * PLACE;
  }
  p.to = c->y + (k->u->image * shape->out_height + row * c->row_results) * shape->out_width * shape->outputs +
         (k->tile * TILE >> c->images_shift) * c->pixel;
  return p;
}

// The next tile; the last of a unit stays.
static void advance(const convolution *c, cursor *k) {
  if (k->tile + 1 < c->tiles) k->tile++;
  else if (k->row + 1 < k->u->rows) k->row++, k->tile = 0;
}

static int is_last(const convolution *c, const cursor *k) { return k->tile + 1 == c->tiles && k->row + 1 == k->u->rows; }

// Results that are not laid out like tiles.
static void scatter(const convolution *c, const cursor *k, const column_pair *p, const float *from, float *to) {
  const backprop_winograd *shape = c->shape;
  const int64_t first = k->tile * TILE, count = least(TILE, c->width * c->images - first);
  const int64_t image_step = shape->out_height * shape->out_width * shape->outputs;
  int64_t ends[2] = {0, 0};  // of the places that have a result
  for (int64_t half = 0; half < p->columns; half++)
    if ((k->u->row + k->row) * c->row_results + p->at[half].row < shape->out_height)
      ends[half] = (shape->out_width - p->at[half].pixel + c->is_spread) >> c->is_spread;
  to += p->to - (first >> c->images_shift) * c->pixel;
  for (int64_t i = 0; i < count; i++) {
    const int64_t image = (first + i) & (c->images - 1), place = (first + i) >> c->images_shift;
    if (image >= k->u->images) continue;
    float *pixel = to + image * image_step + place * c->pixel;
    if (place < ends[0]) STORE(pixel, LOAD(from + i * 2 * TILE));
    if (place < ends[1]) STORE(pixel + p->second, LOAD(from + i * 2 * TILE + TILE));
  }
}

AMX static void run_units(void *context, int64_t first_piece, int64_t last_piece) {
  (void)first_piece, (void)last_piece;
  const convolution *c = context;
  const int64_t columns = columns_of(c);
  splitter s = {.c = c};
  s.ring = backprop_scratch(1, (c->ring + 1) * c->row_bytes);  // and a row of zeros
  if (!s.ring) {
    atomic_store_explicit(c->fails, 1, memory_order_relaxed);
    return;
  }
  take_unit(&s);
  if (!s.at) return;
  memset(s.ring, 0, (size_t)((c->ring + 1) * c->row_bytes));  // the padding stays zero
  _Alignas(64) float aside[2][TILE * 2 * TILE];
  const int is_whole = c->images == 1 && c->width % TILE == 0 && c->shape->out_width % (c->is_spread + 1) == 0 &&
                       c->shape->out_height % c->row_results == 0;
  open_tiles();
  for (int64_t number = 0; number < s.taken; number++) {
    cursor k = {&s.units[number % MOST_RING], 0, 0};
    for (int done = 0; !done;) {
      cursor at[4];
      tile_position places[4];
      for (int i = 0; i < 4; i++) {
        at[i] = k;
        places[i] = position_of(c, &s, &k);
        if (i == 1) done = is_last(c, &k);
        if (i < 3) advance(c, &k);
      }
      k = at[2];
      s.oldest = k.u->first + at[0].row * c->row_step;
      while (s.row < k.u->first + at[1].row * c->row_step + c->tap_rows) split_places(&s, c->shape->width);
      for (int64_t index = 0; index < columns; index += 2) {
        const column_pair *p = c->pairs + index / 2;
        float *to[2] = {is_whole ? places[0].to + p->to : aside[0], is_whole ? places[1].to + p->to : aside[1]};
        const int64_t row = is_whole ? c->pixel : 2 * TILE, second = is_whole ? p->second : TILE;
        if (p->columns == 2) multiply(2, c, places, p, to, row, second, places + 2, &s);
        else multiply(1, c, places, p, to, row, second, places + 2, &s);
        if (!is_whole)
          for (int i = 0; i < 2; i++) scatter(c, &at[i], p, aside[i], places[i].to);
      }
    }
  }
  close_tiles();
}

// MARK: The convolution

// How many images alternate in a row: more than one where that saves a fifth of the tiles. A longer row takes more of
// the cache, and its results are further apart.
static int64_t images_in_a_row(int64_t batch, int64_t width) {
  int64_t best = 1;
  for (int64_t images = 2; images <= MOST_IMAGES && images <= batch; images *= 2)
    if (5 * parts(width * images, TILE) * best < 4 * parts(width * best, TILE) * images) best = images;
  return best;
}

int backprop_convolution_amx(
    const backprop_winograd *s, const float *x, const float *weights, int32_t rotated, float *y, int64_t workers) {
  const int is_spread = rotated && s->stride == 2, is_paired = s->inputs == LANES && !is_spread;
  const int is_doubled = is_paired && s->stride == 1;
  const int64_t width = is_spread ? parts(s->out_width, 2) : s->out_width;
  const int64_t images = images_in_a_row(s->batch, width), groups = parts(s->batch, images);
  _Atomic int64_t next = 0;
  _Atomic int fails = 0, has_nan = 0;
  convolution c = {
      .shape = s, .x = x, .y = y, .images = images, .images_shift = __builtin_ctzll((uint64_t)images),
      .tiles = parts(width * images, TILE), .stride = is_spread ? 1 : s->stride, .blocks = parts(s->inputs, TILE_DEPTH),
      .is_paired = is_paired, .is_doubled = is_doubled, .is_spread = is_spread,
      .padding = {s->padding[0] / (1 + is_spread), s->padding[1] / (1 + is_spread)}, .width = width,
      .tap_rows = is_paired || is_spread ? 2 : 3, .tap_columns = is_spread ? 2 : 3,
      .row_results = 1 + (is_doubled || is_spread), .pixel = s->outputs * (1 + is_spread), .next = &next, .fails = &fails,
      .has_nan = &has_nan};
  c.row_step = is_paired ? 1 : c.stride;
  c.rows = parts(s->out_height, c.row_results);
  c.phase = c.tiles * TILE + (c.stride == 1 ? c.tap_columns - 1 : 1) * images;
  c.places = c.stride * c.phase;
  const int64_t seen = least(s->width, (width - 1) * c.stride + c.tap_columns - c.padding[1]);  // columns
  for (int64_t phase = 0; phase < c.stride; phase++) {
    const int64_t column = (phase + c.padding[1]) % c.stride;
    c.run_columns[phase] = column;
    c.run_places[phase] = seen > column ? parts(seen - column, c.stride) : 0;
    c.run_starts[phase] = phase * c.phase + (column + c.padding[1]) / c.stride * images;
  }
  for (int64_t t = 0; t < c.tap_columns; t++)
    c.tap_offsets[t] = (t % c.stride * c.phase + t / c.stride * images) * PLACE;
  c.ring = c.row_step * MOST_RING / 2;
  c.row_bytes = c.blocks * SPLITS * c.places * PLACE;
  // Eight units a worker, so that none waits long for another, yet few rows are split twice.
  int64_t bands = parts(8 * workers, groups);
  c.band = parts(c.rows, bands);
  if (c.band < 4) c.band = 4;
  c.bands = parts(c.rows, c.band), c.units = groups * c.bands;
  // What is split while a unit is multiplied, and a sixth more.
  int64_t steps = 0;
  for (int64_t index = 0; index < columns_of(&c); index += 2) steps += steps_of(&c, index);
  const int64_t places = s->width * images * c.blocks * ring_rows(&c, c.band), calls = steps * c.tiles * c.band * CALLS / 2;
  c.share = places * (WHOLE + WHOLE / 6) / calls + 1;
  const int64_t bytes = c.tap_rows * c.tap_columns * c.blocks * SPLITS * columns_of(&c) * TILE_BYTES;
  char *panel = backprop_scratch(0, bytes + parts(columns_of(&c), 2) * (int64_t)sizeof(column_pair));
  if (!panel) return 0;
  column_pair *pairs = (column_pair *)(panel + bytes);
  for (int64_t index = 0; index < columns_of(&c); index += 2) pairs[index / 2] = pair_at(&c, index, panel);
  c.pairs = pairs;
  weights_task task = {&c, weights, rotated, panel};
  const int64_t items = columns_of(&c) * c.blocks;
  backprop_parallel(items, backprop_grain(items, 4000), split_weights, &task);
  backprop_parallel(least(workers, c.units), 1, run_units, &c);
  if (has_nan && !fails) backprop_recompute_convolution(s, x, weights, rotated, y);
  return !fails;
}

#else

int backprop_convolution_amx(
    const backprop_winograd *s, const float *x, const float *weights, int32_t rotated, float *y, int64_t workers) {
  (void)s, (void)x, (void)weights, (void)rotated, (void)y, (void)workers;
  return 0;
}
#endif
