// The matrix product on matrix units, which have sixteen times the arithmetic of the vector units, but for bfloat16.
//
// Each float is the exact sum of three bfloat16 numbers, x = h + m + l, each 8 bits further down. Of the nine products of
// two such sums six are made, hh, hm, mh, hl, mm and lh; those left out are below half a unit in the last place of a
// float (G. Henry, P. Tang, A. Heinecke, "Leveraging the bfloat16 Artificial Intelligence Datatype For Higher-Precision
// Computations", ARITH 2019). They are exact in float and are added in float, so the product is as exact as one of floats.
#include "amx.h"
#include "CKernels.h"
#include "threads.h"

#if BACKPROP_AMX
#include <cpuid.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "transpose.h"

enum {
  GROUP = 2 * TILE,     // rows of a and columns of b that are multiplied at a time: four tiles of c
  DEPTH = 512,          // of k, packed at a time
  PANEL_BYTES = 1 << 20,  // of b, packed: stays in the second-level cache
  SPLITS = 3,
  STEP_BYTES = SPLITS * 2 * TILE_BYTES,  // of a group, for TILE_DEPTH of k
};

typedef struct {
  const float *at;
  int64_t row, column;  // elements from one to the next; one of them is 1
} matrix;

typedef struct {
  int64_t m, n, k;
  matrix a, b;
  float *c;
  int64_t c_row;
} product;

static int64_t least(int64_t x, int64_t y) { return x < y ? x : y; }
static int64_t up(int64_t x, int64_t unit) { return (x + unit - 1) / unit * unit; }
static __mmask16 first(int64_t count) { return count >= TILE ? 0xffff : count <= 0 ? 0 : (__mmask16)((1 << count) - 1); }

// MARK: Packing

// Where a tile's pairs come from: lane e of row i is the pair of x[i * row + e] and y[i * row + e]; what is not there is 0.
typedef struct {
  const float *x, *y;
  int64_t row, x_rows, y_rows;
  __mmask16 x_lanes, y_lanes;
} pairs;

AMX_INLINE void pack_row(const pairs *p, int64_t i, char *high, int64_t apart) {
  __m512 x = i < p->x_rows ? _mm512_maskz_loadu_ps(p->x_lanes, p->x + i * p->row) : _mm512_setzero_ps();
  __m512 y = i < p->y_rows ? _mm512_maskz_loadu_ps(p->y_lanes, p->y + i * p->row) : _mm512_setzero_ps();
  high += i * 64;
  split_pairs(x, y, high, high + apart, high + 2 * apart);
}

// to[16, 16] = from[rows, lanes] transposed, rows of both `row` and `to_row` apart, with zeros around it
AMX_INLINE void transpose(const float *from, int64_t row, int64_t rows, __mmask16 lanes_, float *to, int64_t to_row) {
  lanes r[TILE];
#pragma clang loop unroll(full)
  for (int i = 0; i < TILE; i++)
    r[i] = (lanes)(i < rows ? _mm512_maskz_loadu_ps(lanes_, from + i * row) : _mm512_setzero_ps());
  exchange_16(r);
#pragma clang loop unroll(full)
  for (int i = 0; i < TILE; i++) STORE(to + i * to_row, r[i]);
}

// A tile of a: 16 rows by 32 of k, of which there are `rows` and `depth`. k is one of the first 16 with one of the others.
AMX_INLINE void pack_left(const matrix *a, int64_t i, int64_t p, int64_t rows, int64_t depth, char *to, int64_t apart) {
  const float *from = a->at + i * a->row + p * a->column;
  _Alignas(64) float turned[TILE * TILE_DEPTH];
  pairs source = {from, from + TILE, a->row, rows, rows, first(depth), first(depth - TILE)};
  if (a->column != 1) {
    transpose(from, a->column, depth, first(rows), turned, TILE_DEPTH);
    transpose(from + TILE * a->column, a->column, depth - TILE, first(rows), turned + TILE, TILE_DEPTH);
    source = (pairs){turned, turned + TILE, TILE_DEPTH, TILE, TILE, 0xffff, 0xffff};
  }
  for (int64_t r = 0; r < TILE; r++) pack_row(&source, r, to, apart);
}

// A tile of b: 32 of k by 16 columns.
AMX_INLINE void pack_right(const matrix *b, int64_t p, int64_t j, int64_t depth, int64_t columns, char *to, int64_t apart) {
  const float *from = b->at + p * b->row + j * b->column;
  _Alignas(64) float turned[TILE * TILE_DEPTH];
  pairs source = {from, from + TILE * b->row, b->row, depth, depth - TILE, first(columns), first(columns)};
  if (b->column != 1) {
    transpose(from, b->column, columns, first(depth), turned, TILE);
    transpose(from + TILE, b->column, columns, first(depth - TILE), turned + TILE * TILE, TILE);
    source = (pairs){turned, turned + TILE * TILE, TILE, TILE, TILE, 0xffff, 0xffff};
  }
  for (int64_t r = 0; r < TILE; r++) pack_row(&source, r, to, apart);
}

// MARK: Tiles

// c[16 * rows, 16 * columns] (+)= a · b for groups of so many tiles, packed [step, split, tile]
AMX_INLINE void multiply_group(
    int rows, int columns, int64_t steps, const char *a, const char *b, float *c, int64_t c_row, int adds) {
  const int64_t stride = c_row * (int64_t)sizeof *c;
  float *below = c + TILE * c_row;
  if (adds) {
    _tile_loadd(0, c, stride);
    if (columns == 2) _tile_loadd(1, c + TILE, stride);
    if (rows == 2) _tile_loadd(2, below, stride);
    if (rows == 2 && columns == 2) _tile_loadd(3, below + TILE, stride);
  } else {
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
  }
#define LEFT(split)                                                    \
  _tile_loadd(4, a + (split) * rows * TILE_BYTES, 64);                 \
  if (rows == 2) _tile_loadd(5, a + ((split) * rows + 1) * TILE_BYTES, 64)
#define RIGHT(split)                                                   \
  _tile_loadd(6, b + (split) * columns * TILE_BYTES, 64);              \
  if (columns == 2) _tile_loadd(7, b + ((split) * columns + 1) * TILE_BYTES, 64)
#define MULTIPLY                                                       \
  _tile_dpbf16ps(0, 4, 6);                                             \
  if (columns == 2) _tile_dpbf16ps(1, 4, 7);                           \
  if (rows == 2) _tile_dpbf16ps(2, 5, 6);                              \
  if (rows == 2 && columns == 2) _tile_dpbf16ps(3, 5, 7)
  for (int64_t step = 0; step < steps; step++) {
    // One factor stays from each product to the next.
    LEFT(0); RIGHT(2); MULTIPLY;
    RIGHT(1); MULTIPLY;
    LEFT(1); MULTIPLY;
    RIGHT(0); MULTIPLY;
    LEFT(2); MULTIPLY;
    LEFT(0); MULTIPLY;
    a += SPLITS * rows * TILE_BYTES;
    b += SPLITS * columns * TILE_BYTES;
  }
#undef LEFT
#undef RIGHT
#undef MULTIPLY
  _tile_stored(0, c, stride);
  if (columns == 2) _tile_stored(1, c + TILE, stride);
  if (rows == 2) _tile_stored(2, below, stride);
  if (rows == 2 && columns == 2) _tile_stored(3, below + TILE, stride);
}

// The same for what there is of a group, at most two tiles each way.
AMX static void multiply_part(
    int64_t m, int64_t n, int64_t steps, const char *a, const char *b, float *c, int64_t c_row, int adds) {
  const int tall = m > TILE, wide = n > TILE;
  _Alignas(64) float aside[GROUP * GROUP];
  float *to = c;
  int64_t row = c_row;
  const int whole = m % TILE == 0 && n % TILE == 0;
  if (!whole) {
    to = aside, row = GROUP;
    if (adds)
      for (int64_t i = 0; i < m; i++) memcpy(aside + i * GROUP, c + i * c_row, (size_t)n * sizeof *c);
  }
  if (tall && wide) multiply_group(2, 2, steps, a, b, to, row, adds);
  else if (tall) multiply_group(2, 1, steps, a, b, to, row, adds);
  else if (wide) multiply_group(1, 2, steps, a, b, to, row, adds);
  else multiply_group(1, 1, steps, a, b, to, row, adds);
  if (!whole)
    for (int64_t i = 0; i < m; i++) memcpy(c + i * c_row, aside + i * GROUP, (size_t)n * sizeof *c);
}

// MARK: A rectangle of c on one thread

// Where there is no memory to pack into.
static void multiply_unpacked(const product *p) {
  for (int64_t i = 0; i < p->m; i++)
    for (int64_t j = 0; j < p->n; j++) {
      float sum = 0;
      for (int64_t q = 0; q < p->k; q++)
        sum += p->a.at[i * p->a.row + q * p->a.column] * p->b.at[q * p->b.row + j * p->b.column];
      p->c[i * p->c_row + j] = sum;
    }
}

AMX static void multiply(const product *p) {
  const int64_t depth_most = least(up(p->k, TILE_DEPTH), DEPTH), step_bytes = depth_most / TILE_DEPTH * STEP_BYTES;
  const int64_t columns_most = least(up(p->n, GROUP), PANEL_BYTES / step_bytes * GROUP);
  char *left = backprop_scratch(1, step_bytes);
  char *right = backprop_scratch(2, columns_most / GROUP * step_bytes);
  if (!left || !right) {
    multiply_unpacked(p);
    return;
  }
  open_tiles();
  for (int64_t column = 0; column < p->n; column += columns_most) {
    const int64_t columns = least(p->n - column, columns_most);
    for (int64_t from = 0; from < p->k; from += depth_most) {
      const int64_t depth = least(p->k - from, depth_most), steps = up(depth, TILE_DEPTH) / TILE_DEPTH;
      for (int64_t j = 0; j < columns; j += GROUP) {
        const int tiles = columns - j > TILE ? 2 : 1;
        for (int64_t s = 0; s < steps; s++)
          for (int t = 0; t < tiles; t++)
            pack_right(
                &p->b, from + s * TILE_DEPTH, column + j + t * TILE, depth - s * TILE_DEPTH, columns - j - t * TILE,
                right + j / GROUP * steps * STEP_BYTES + (s * SPLITS * tiles + t) * TILE_BYTES, tiles * TILE_BYTES);
      }
      for (int64_t i = 0; i < p->m; i += GROUP) {
        const int tiles = p->m - i > TILE ? 2 : 1;
        for (int64_t s = 0; s < steps; s++)
          for (int t = 0; t < tiles; t++)
            pack_left(
                &p->a, i + t * TILE, from + s * TILE_DEPTH, p->m - i - t * TILE, depth - s * TILE_DEPTH,
                left + (s * SPLITS * tiles + t) * TILE_BYTES, tiles * TILE_BYTES);
        for (int64_t j = 0; j < columns; j += GROUP)
          multiply_part(
              least(p->m - i, GROUP), least(columns - j, GROUP), steps, left, right + j / GROUP * steps * STEP_BYTES,
              p->c + i * p->c_row + column + j, p->c_row, from > 0);
      }
    }
  }
  close_tiles();
}

// MARK: The split over threads

typedef struct {
  product whole;
  int64_t across, row_unit, column_unit;  // rectangles side by side, and their sizes
} grid;

static void run_rectangles(void *context, int64_t begin, int64_t end) {
  const grid *g = context;
  for (int64_t r = begin; r < end; r++) {
    product p = g->whole;
    int64_t row = r / g->across * g->row_unit, column = r % g->across * g->column_unit;
    p.m = least(p.m - row, g->row_unit), p.n = least(p.n - column, g->column_unit);
    if (p.m <= 0 || p.n <= 0) continue;
    p.a.at += row * p.a.row, p.b.at += column * p.b.column, p.c += row * p.c_row + column;
    multiply(&p);
  }
}

// Nanoseconds: 200 multiplications and 8 numbers of a factor to be packed in each, half as many where they are transposed.
static double cost(const product *p, int64_t rows, int64_t columns) {
  double left = p->a.column == 1 ? 8 : 4, right = p->b.column == 1 ? 8 : 4;
  return (double)rows * (double)columns * (double)p->k / 200 +
         (double)p->k * ((double)rows / left + (double)columns / right);
}

void backprop_matmul_tiles(
    int64_t m, int64_t n, int64_t k, const float *a, int64_t a_row, int64_t a_column, const float *b, int64_t b_row,
    int64_t b_column, float *c) {
  if (m <= 0 || n <= 0) return;
  if (k <= 0) {
    memset(c, 0, (size_t)(m * n) * sizeof *c);
    return;
  }
  grid g = {.whole = {m, n, k, {a, a_row, a_column}, {b, b_row, b_column}, c, n}};
  int64_t pieces = backprop_threads(), most = (int64_t)(cost(&g.whole, m, n) / 4e3);
  if (pieces > most) pieces = most < 1 ? 1 : most;
  double best = INFINITY;
  for (int64_t down = 1; down <= pieces; down++) {
    if (pieces % down) continue;
    int64_t rows = up((m + down - 1) / down, TILE), columns = up((n + pieces / down - 1) / (pieces / down), TILE);
    double here = cost(&g.whole, rows, columns);
    if (here < best) best = here, g.across = pieces / down, g.row_unit = rows, g.column_unit = columns;
  }
  backprop_parallel(pieces, 1, run_rectangles, &g);
}

// MARK: Whether there are tiles

// The system saves tiles only for processes that have asked for them.
static int ask_for_tiles(void) {
  enum { REQUEST_STATE = 0x1023, TILE_DATA = 18 };
  unsigned a, b, c, d;
  if (!__get_cpuid_count(7, 0, &a, &b, &c, &d) || !(d >> 22 & 1) || !(d >> 24 & 1)) return 0;
  if (!__builtin_cpu_supports("avx512f") || !__builtin_cpu_supports("avx512vl") || !__builtin_cpu_supports("avx512dq") ||
      !__builtin_cpu_supports("avx512bw"))
    return 0;
  return syscall(SYS_arch_prctl, REQUEST_STATE, TILE_DATA) == 0;
}

int backprop_has_tiles(void) {
  static _Atomic int state = 0;  // 1: none, 2: there are
  int known = atomic_load_explicit(&state, memory_order_relaxed);
  if (known == 0) {
    known = 1 + ask_for_tiles();
    atomic_store_explicit(&state, known, memory_order_relaxed);
  }
  return known == 2;
}

#else

int backprop_has_tiles(void) { return 0; }

void backprop_matmul_tiles(
    int64_t m, int64_t n, int64_t k, const float *a, int64_t a_row, int64_t a_column, const float *b, int64_t b_row,
    int64_t b_column, float *c) {
  backprop_matmul(m, n, k, a, a_row, a_column, b, b_row, b_column, c);
}
#endif
