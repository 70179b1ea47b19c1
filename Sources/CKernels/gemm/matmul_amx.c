// The matrix product on AMX, which has sixteen times the arithmetic of the vector units, but for bfloat16.
//
// Each float is the exact sum of three bfloat16 numbers, x = h + m + l, each 8 bits further down. Of the nine products
// of two such sums six are made, hh, hm, mh, hl, mm and lh; those left out are below half a unit in the last place of a
// float (G. Henry, P. Tang, A. Heinecke, "Leveraging the bfloat16 Artificial Intelligence Datatype For Higher-Precision
// Computations", ARITH 2019). They are exact in float and are added in float, so the product is as exact as in float.
#include "CKernels.h"
#include "simd/amx.h"
#include "threading/grain.h"

#if BACKPROP_AMX
#include <stdatomic.h>
#include <stdlib.h>

#include "simd/transpose.h"

enum {
  GROUP = 2 * TILE,     // rows of a and columns of b that are multiplied at a time: four tiles of c
  GROUP_TILES = 2,
  PANEL_BYTES = 5 << 18,  // packed before the others pass: stays in the second-level cache of 2 MB
  MOST_PACKED = 512,        // lines of it
  SMALL = 1 << 15,        // elements of c
  STEP_BYTES = SPLITS * GROUP_TILES * TILE_BYTES,  // of a group, for TILE_DEPTH of k
};

// A factor as lines of k elements: rows of a, columns of b.
typedef struct {
  const float *at;
  int64_t line, down;  // elements from line to line and along one; one of them is 1
  int64_t lines;
  int is_right;
} factor;

typedef struct {
  int64_t k;
  factor a, b;
  float *c;
  int64_t c_row;
  // Whether it must be computed in float: where a sum is NaN, or for want of memory.
  _Atomic int *needs_float;
} product;

static int tiles(int64_t lines) { return lines > TILE ? 2 : 1; }

// MARK: Packing

// Packs a group of lines from some position of k on, [step, split, tile], a few rows of tiles at a time.
typedef struct {
  const factor *from;
  int64_t line, lines, at, depth;  // the lines and the stretch of k
  char *to;                        // the tile at work
  int64_t row, step, tile, steps;  // the row at work; done when step is steps
  // The sources of the tile's rows: lane e of row i is the pair of x[i * apart + e] and y[i * apart + e].
  const float *x, *y;
  int64_t apart, x_rows, y_rows;
  __mmask16 x_lanes, y_lanes;
  int is_whole;
  int64_t ahead;  // elements to what the same rows will be of the next step
  // Tiles stored along the other axis are transposed before, a half at a time as rows of the one before are packed.
  int is_transposed, next_half, halves;  // which of `transposed` is next, and how many halves of it are there
  _Alignas(64) float transposed[2][2 * TILE * TILE];
} packer;

// to[16, 16] = from[rows, lanes] transposed, with zeros around it. Prefetches what is `ahead`.
AMX_INLINE void transpose(const float *from, int64_t row, int64_t rows, __mmask16 mask, int64_t ahead, float *to) {
  lanes r[TILE];
#pragma clang loop unroll(full)
  for (int i = 0; i < TILE; i++) {
    prefetch(from + i * row + ahead);
    r[i] = (lanes)(i < rows ? _mm512_maskz_loadu_ps(mask, from + i * row) : _mm512_setzero_ps());
  }
  exchange_16(r);
#pragma clang loop unroll(full)
  for (int i = 0; i < TILE; i++) STORE(to + i * TILE, r[i]);
}

static const float *start_of_tile(const packer *p, int64_t step, int64_t tile) {
  const factor *f = p->from;
  return f->at + (p->line + tile * TILE) * f->line + (p->at + step * TILE_DEPTH) * f->down;
}

// The first or the second half of k of a tile.
AMX static void turn_half(packer *p, int64_t step, int64_t tile) {
  const factor *f = p->from;
  const int64_t half = p->halves++, lines = p->lines - tile * TILE, depth = p->depth - step * TILE_DEPTH - half * TILE;
  const float *from = start_of_tile(p, step, tile) + half * TILE * f->down;
  float *to = p->transposed[p->next_half] + half * TILE * TILE;
  if (f->is_right)
    transpose(from, f->line, lines, first(depth), TILE_DEPTH * f->down, to);
  else
    transpose(from, f->down, depth, first(lines), TILE_DEPTH * f->down, to);
}

// A row of a tile of a is a line, of b a position along k. The first 16 of k are paired with the second 16.
AMX static void begin_tile(packer *p) {
  const factor *f = p->from;
  if (p->is_transposed) {
    while (p->halves < 2) turn_half(p, p->step, p->tile);
    p->x = p->transposed[p->next_half], p->y = p->x + TILE * TILE, p->apart = TILE;
    p->next_half = !p->next_half, p->halves = 0;
    return;
  }
  const int64_t lines = p->lines - p->tile * TILE, depth = p->depth - p->step * TILE_DEPTH;
  p->x = start_of_tile(p, p->step, p->tile);
  p->is_whole = lines >= TILE && depth >= TILE_DEPTH;
  if (f->is_right) {
    p->y = p->x + TILE * f->down, p->apart = f->down;
    p->x_rows = depth, p->y_rows = depth - TILE;
    p->x_lanes = p->y_lanes = first(lines);
  } else {
    p->y = p->x + TILE, p->apart = f->line;
    p->x_rows = p->y_rows = lines;
    p->x_lanes = first(depth), p->y_lanes = first(depth - TILE);
  }
}

// At most as many rows of the tile at work.
AMX_INLINE void pack_rows(packer *p, int64_t count) {
  if (p->step == p->steps) return;
  int64_t i = p->row;
  if (i == 0) begin_tile(p);
  const int64_t across = tiles(p->lines), apart = p->apart, end = least(i + count, TILE);
  char *to = p->to + i * 64, *middle = to + across * TILE_BYTES, *low = middle + across * TILE_BYTES;
  const float *x = p->x + i * apart, *y = p->y + i * apart;
  if (p->is_whole) {
    const int64_t ahead = p->ahead;
    for (; i < end; i++, x += apart, y += apart, to += 64, middle += 64, low += 64) {
      prefetch(x + ahead);
      prefetch(y + ahead);
      split_pairs(_mm512_loadu_ps(x), _mm512_loadu_ps(y), to, middle, low);
    }
  } else {
    for (; i < end; i++, x += apart, y += apart, to += 64, middle += 64, low += 64)
      split_pairs(
          _mm512_maskz_loadu_ps(i < p->x_rows ? p->x_lanes : 0, x),
          _mm512_maskz_loadu_ps(i < p->y_rows ? p->y_lanes : 0, y), to, middle, low);
  }
  p->row = i;
  if (p->is_transposed && p->halves < 2) {
    const int64_t tile = p->tile + 1 < across ? p->tile + 1 : 0, step = p->step + (tile == 0);
    if (step < p->steps) turn_half(p, step, tile);
  }
  if (i < TILE) return;
  p->row = 0, p->to += TILE_BYTES, p->tile++;
  if (p->tile < across) return;
  p->tile = 0, p->step++, p->to += (SPLITS - 1) * across * TILE_BYTES;
}

AMX static void pack_rest(packer *p) {
  while (p->step < p->steps) pack_rows(p, TILE);
}

static void begin_group(packer *p, const factor *from, int64_t line, int64_t at, int64_t depth, char *to) {
  p->from = from, p->line = line, p->lines = least(from->lines - line, GROUP), p->at = at, p->depth = depth;
  p->to = to, p->row = p->step = p->tile = 0, p->steps = parts(depth, TILE_DEPTH);
  p->is_transposed = (from->is_right ? from->line : from->down) != 1, p->next_half = p->halves = 0;
  p->ahead = p->is_transposed ? 0 : TILE_DEPTH * from->down, p->is_whole = p->is_transposed;
}

// Prefetches the first step of a group.
AMX_INLINE void prefetch_group(const factor *f, int64_t line, int64_t at) {
  const float *from = f->at + line * f->line + at * f->down;
  const int64_t row = f->line == 1 ? f->down : f->line;
  for (int i = 0; i < GROUP; i++, from += row) {
    prefetch(from);
    prefetch(from + TILE);
  }
}

// MARK: Tiles

// c[16 * rows, 16 * columns] (+)= a · b for groups of so many tiles. The vector units, otherwise idle, pack what comes
// next meanwhile: twice `share` rows of it a step.
AMX_INLINE void multiply_group(
    int rows, int columns, int64_t steps, const char *a, const char *b, float *c, int64_t c_row, int adds, packer *next,
    int64_t share, const float *ahead, int64_t ahead_row, _Atomic int *needs_float) {
  const int64_t stride = c_row * (int64_t)sizeof *c;
  float *below = c + TILE * c_row;
  if (adds) {
    _tile_loadd(0, c, stride);
    if (columns == 2) _tile_loadd(1, c + TILE, stride);
    if (rows == 2) _tile_loadd(2, below, stride);
    if (rows == 2 && columns == 2) _tile_loadd(3, below + TILE, stride);
  } else {
    clear_sums();
  }
#define LEFT(split)                                                    \
  _tile_loadd(4, a + (split) * rows * TILE_BYTES, 64);                 \
  if (rows == 2) _tile_loadd(5, a + ((split) * rows + 1) * TILE_BYTES, 64)
#define RIGHT(split)                                                   \
  _tile_loadd(6, b + (split) * columns * TILE_BYTES, 64);              \
  if (columns == 2) _tile_loadd(7, b + ((split) * columns + 1) * TILE_BYTES, 64)
  const int64_t prefetched_bytes = rows * columns * TILE_BYTES / 2;  // what a product of groups prefetches
  int64_t prefetched = 0;
  for (int64_t step = 0; step < steps; step++) {
    const char *next_a = a + SPLITS * rows * TILE_BYTES, *next_b = b + SPLITS * columns * TILE_BYTES;
    // One factor stays from each product to the next.
    LEFT(0); RIGHT(2); add_products(rows, columns, next_a);
    pack_rows(next, share);
    RIGHT(1); add_products(rows, columns, next_a + prefetched_bytes);
    for (; prefetched < GROUP * (step + 1) / steps; prefetched++) {
      prefetch(ahead + prefetched * ahead_row);
      prefetch(ahead + prefetched * ahead_row + TILE);
    }
    LEFT(1); add_products(rows, columns, next_a + 2 * prefetched_bytes);
    pack_rows(next, share);
    RIGHT(0); add_products(rows, columns, next_b);
    LEFT(2); add_products(rows, columns, next_b + prefetched_bytes);
    LEFT(0); add_products(rows, columns, next_b + 2 * prefetched_bytes);
    a = next_a, b = next_b;
  }
#undef LEFT
#undef RIGHT
  _tile_stored(0, c, stride);
  if (columns == 2) _tile_stored(1, c + TILE, stride);
  if (rows == 2) _tile_stored(2, below, stride);
  if (rows == 2 && columns == 2) _tile_stored(3, below + TILE, stride);
  if (has_nan(c, rows, columns, c_row, TILE)) atomic_store_explicit(needs_float, 1, memory_order_relaxed);
}

// The same for what there is of a group, at most two tiles each way.
AMX static void multiply_part(
    const product *p, int64_t m, int64_t n, int64_t steps, const char *a, const char *b, float *c, int adds, packer *next,
    int64_t share, const float *ahead) {
  const int64_t c_row = p->c_row;
  _Atomic int *flag = p->needs_float;
  const int rows = tiles(m), columns = tiles(n);
  _Alignas(64) float aside[GROUP * GROUP];
  float *to = c;
  int64_t row = c_row;
  const int whole = m % TILE == 0 && n % TILE == 0;
  if (!whole) {
    to = aside, row = GROUP;
    if (adds)
      for (int64_t i = 0; i < m; i++) memcpy(aside + i * GROUP, c + i * c_row, (size_t)n * sizeof *c);
  }
  if (rows == 2 && columns == 2) multiply_group(2, 2, steps, a, b, to, row, adds, next, share, ahead, c_row, flag);
  else if (rows == 2) multiply_group(2, 1, steps, a, b, to, row, adds, next, share, ahead, c_row, flag);
  else if (columns == 2) multiply_group(1, 2, steps, a, b, to, row, adds, next, share, ahead, c_row, flag);
  else multiply_group(1, 1, steps, a, b, to, row, adds, next, share, ahead, c_row, flag);
  if (!whole)
    for (int64_t i = 0; i < m; i++) memcpy(c + i * c_row, aside + i * GROUP, (size_t)n * sizeof *c);
}

// MARK: The work of a thread

// Some lines of one factor, packed, times all of the other, passing, for a stretch of k. Groups that pass go to
// whichever thread is free next, since a core on which something else runs is half as fast for a while.
typedef struct {
  const product *p;
  const factor *packed, *passing;
  int64_t begin, end, from, depth;  // packed lines, stretch of k
  int adds;                         // to what is in c
  _Atomic int64_t next;             // line of the first group that no thread has taken
} sweep;

static int64_t take_group(sweep *s) { return atomic_fetch_add_explicit(&s->next, GROUP, memory_order_relaxed); }

static float *part_of_c(const sweep *s, int64_t passing, int64_t packed) {
  return s->packed->is_right ? s->p->c + passing * s->p->c_row + packed : s->p->c + packed * s->p->c_row + passing;
}

AMX static void run_sweep(void *context, int64_t first_piece, int64_t last_piece) {
  (void)first_piece, (void)last_piece;
  sweep *s = context;
  const product *p = s->p;
  int64_t g = take_group(s);
  if (g >= s->passing->lines) return;
  const int64_t steps = parts(s->depth, TILE_DEPTH), group_bytes = steps * STEP_BYTES;
  const int64_t others = parts(s->end - s->begin, GROUP), share = parts(TILE, others);
  char *panel = backprop_scratch(1, others * group_bytes);
  char *groups = backprop_scratch(2, 2 * group_bytes);
  if (!panel || !groups) {
    atomic_store_explicit(p->needs_float, 1, memory_order_relaxed);
    return;
  }
  packer packing;
  // In memory order: where the lines are columns, step by step.
  const int64_t stretch = s->packed->line == 1 ? TILE_DEPTH : s->depth;
  for (int64_t done = 0; done < s->depth; done += stretch)
    for (int64_t h = s->begin; h < s->end; h += GROUP) {
      char *to = panel + (h - s->begin) / GROUP * group_bytes +
                 done / TILE_DEPTH * SPLITS * tiles(least(s->packed->lines - h, GROUP)) * TILE_BYTES;
      begin_group(&packing, s->packed, h, s->from + done, least(stretch, s->depth - done), to);
      pack_rest(&packing);
    }
  prefetch_group(s->passing, g, s->from);
  begin_group(&packing, s->passing, g, s->from, s->depth, groups);
  pack_rest(&packing);
  open_tiles();
  for (int odd = 0; g < s->passing->lines; odd = !odd) {
    const char *group = groups + odd * group_bytes;
    const int64_t here = packing.lines, next = take_group(s);
    if (next < s->passing->lines) prefetch_group(s->passing, next, s->from);
    if (next < s->passing->lines)
      begin_group(&packing, s->passing, next, s->from, s->depth, groups + !odd * group_bytes);
    for (int64_t h = s->begin; h < s->end; h += GROUP) {
      const char *other = panel + (h - s->begin) / GROUP * group_bytes;
      const int64_t there = least(s->end - h, GROUP);
      const int is_last = h + GROUP >= s->end;
      const float *ahead = part_of_c(s, is_last ? next : g, is_last ? s->begin : h + GROUP);
      float *c = part_of_c(s, g, h);
      if (s->packed->is_right)
        multiply_part(p, here, there, steps, group, other, c, s->adds, &packing, share, ahead);
      else
        multiply_part(p, there, here, steps, other, group, c, s->adds, &packing, share, ahead);
    }
    pack_rest(&packing);
    g = next;
  }
  close_tiles();
}

// MARK: The product

// Packs one panel and multiplies it, for a part of k, on `pieces` threads.
static void multiply(const product *p, int64_t from, int64_t end, int64_t pieces) {
  // Every thread packs the same panel, so it is the factor with fewer lines.
  const int packs_right = p->b.lines <= p->a.lines;
  const factor *packed = packs_right ? &p->b : &p->a, *passing = packs_right ? &p->a : &p->b;
  // The panel is as deep as the cache allows; of many lines, some at a time.
  const int64_t groups = least(parts(packed->lines, GROUP), MOST_PACKED / GROUP);
  const int64_t deepest = PANEL_BYTES / STEP_BYTES * TILE_DEPTH / groups, passes = parts(end - from, deepest);
  const int64_t depth = parts(parts(end - from, passes), TILE_DEPTH) * TILE_DEPTH;
  for (int64_t begin = 0; begin < packed->lines; begin += MOST_PACKED)
    for (int64_t at = from; at < end; at += depth) {
      sweep s = {p, packed, passing, begin, least(begin + MOST_PACKED, packed->lines), at, least(depth, end - at), at > from, 0};
      if (pieces > 1) backprop_parallel(pieces, 1, run_sweep, &s); else run_sweep(&s, 0, 1);
    }
}

// Where c is small, each thread has a part of k, and the parts of c are added up.
typedef struct {
  const product *p;
  float *partial;  // [pieces - 1, m, n]
  int64_t pieces;
} split;

static void run_split(void *context, int64_t begin, int64_t end) {
  const split *t = context;
  for (int64_t piece = begin; piece < end; piece++) {
    product p = *t->p;
    if (piece > 0) p.c = t->partial + (piece - 1) * p.a.lines * p.c_row;
    const int64_t steps = parts(p.k, TILE_DEPTH), from = steps * piece / t->pieces * TILE_DEPTH;
    multiply(&p, from, least(steps * (piece + 1) / t->pieces * TILE_DEPTH, p.k), 1);
  }
}

static void add_partial(void *context, int64_t begin, int64_t end) {
  const split *t = context;
  const int64_t count = t->p->a.lines * t->p->c_row;
  for (int64_t piece = 1; piece < t->pieces; piece++) {
    const float *from = t->partial + (piece - 1) * count;
    for (int64_t i = begin; i < end; i++) t->p->c[i] += from[i];
  }
}

static void multiply_in_parts(const product *p) {
  const int64_t m = p->a.lines, n = p->b.lines;
  // 300 multiplications a nanosecond; with less than 4 µs a second thread is not worth waking.
  int64_t pieces = backprop_threads(), most = (int64_t)((double)m * (double)n * (double)p->k / 300 / 4e3);
  if (pieces > most) pieces = most < 1 ? 1 : most;
  if (pieces > 1 && m * n <= SMALL && p->k >= pieces * 8 * TILE_DEPTH) {
    split t = {p, backprop_scratch(3, (pieces - 1) * m * n * (int64_t)sizeof(float)), pieces};
    if (t.partial) {
      backprop_parallel(pieces, 1, run_split, &t);
      backprop_parallel(m * n, backprop_grain(m * n, 0.25), add_partial, &t);
      return;
    }
  }
  multiply(p, 0, p->k, pieces);
}

void backprop_matmul_amx(
    int64_t m, int64_t n, int64_t k, const float *a, int64_t a_row, int64_t a_column, const float *b, int64_t b_row,
    int64_t b_column, float *c) {
  if (m <= 0 || n <= 0) return;
  if (k <= 0) {
    memset(c, 0, (size_t)(m * n) * sizeof *c);
    return;
  }
  _Atomic int needs_float = 0;
  const product p = {k, {a, a_row, a_column, m, 0}, {b, b_column, b_row, n, 1}, c, n, &needs_float};
  multiply_in_parts(&p);
  if (needs_float) backprop_matmul(m, n, k, a, a_row, a_column, b, b_row, b_column, c);
}

#else

void backprop_matmul_amx(
    int64_t m, int64_t n, int64_t k, const float *a, int64_t a_row, int64_t a_column, const float *b, int64_t b_row,
    int64_t b_column, float *c) {
  backprop_matmul(m, n, k, a, a_row, a_column, b, b_row, b_column, c);
}
#endif
