// The matrix product, where no library provides one.
//
// The scheme of Goto and van de Geijn ("Anatomy of High-Performance Matrix Multiplication", TOMS 2008): panels stay
// in the second-level cache, slivers of a and b stream through a micro kernel that holds its part of c in registers.
// Each thread computes its own rectangle of c; the order of sums over k does not depend on how c is split.
#include "gemm/matmul.h"
#include "simd/simd.h"
#include "simd/transpose.h"
#include "threading/grain.h"

#include <stddef.h>

enum {
  DEPTH = 320,          // of k, packed at a time: a sliver of b (32 columns) takes 40 KB, a panel of a stays in L2
  PANEL_ROWS = 240,     // of a, packed at a time; a multiple of both kernels' rows
  PANEL_COLUMNS = 1536, // of b, packed at a time
  MAX_ROWS = 12, MAX_COLUMNS = 32,
};

static int64_t up(int64_t x, int64_t unit) { return (x + unit - 1) / unit * unit; }

// MARK: Micro kernels

// c[rows, 16 * vectors] (+)= a[depth, rows] · b[depth, 16 * vectors], with rows of b `b_row` apart.
// `rows` and `vectors` are constants where this is inlined, so that all sums stay in registers.
INLINE void micro_kernel(
    int rows, int vectors, int64_t depth, const float *a, const float *b, int64_t b_row, float *c, int64_t c_row,
    int adds) {
  lanes sums[MAX_ROWS][2];
#pragma clang loop unroll(full)
  for (int i = 0; i < rows; i++) {
#pragma clang loop unroll(full)
    for (int j = 0; j < vectors; j++) sums[i][j] = (lanes){0};
  }
  for (int64_t p = 0; p < depth; p++) {
    lanes right[2];
#pragma clang loop unroll(full)
    for (int j = 0; j < vectors; j++) right[j] = LOAD(b + j * LANES);
#pragma clang loop unroll(full)
    for (int i = 0; i < rows; i++) {
#pragma clang loop unroll(full)
      for (int j = 0; j < vectors; j++) sums[i][j] = a[i] * right[j] + sums[i][j];
    }
    a += rows;
    b += b_row;
  }
#pragma clang loop unroll(full)
  for (int i = 0; i < rows; i++) {
#pragma clang loop unroll(full)
    for (int j = 0; j < vectors; j++) {
      float *to = c + i * c_row + j * LANES;
      STORE(to, adds ? LOAD(to) + sums[i][j] : sums[i][j]);
    }
  }
}

typedef void micro(int64_t depth, const float *a, const float *b, int64_t b_row, float *c, int64_t c_row, int adds);

// run[h][v]: (h + 1) * step rows, (v + 1) vectors of columns. The smaller ones are for the edges of c.
typedef struct {
  int rows, columns, step;
  micro *run[3][2];
} kernel;

#define MICRO(name, attribute, rows, vectors)                                                                          \
  attribute static void name(                                                                                          \
      int64_t depth, const float *a, const float *b, int64_t b_row, float *c, int64_t c_row, int adds) {                \
    micro_kernel(rows, vectors, depth, a, b, b_row, c, c_row, adds);                                                   \
  }

// Up to six rows of sixteen columns: 12 of AVX2's 16 registers, 24 of NEON's 32.
MICRO(narrow_2, CLONES, 2, 1)
MICRO(narrow_4, CLONES, 4, 1)
MICRO(narrow_6, CLONES, 6, 1)

#if defined(__x86_64__)
// Up to twelve rows of 32 columns: 24 of AVX-512's 32 registers.
#define WIDE __attribute__((target("avx512f,avx512vl,avx512dq,avx512bw,fma,avx2")))
MICRO(wide_4_1, WIDE, 4, 1)
MICRO(wide_8_1, WIDE, 8, 1)
MICRO(wide_12_1, WIDE, 12, 1)
MICRO(wide_4_2, WIDE, 4, 2)
MICRO(wide_8_2, WIDE, 8, 2)
MICRO(wide_12_2, WIDE, 12, 2)
#endif

static kernel choose_kernel(void) {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512bw"))
    return (kernel){12, 32, 4, {{wide_4_1, wide_4_2}, {wide_8_1, wide_8_2}, {wide_12_1, wide_12_2}}};
#endif
  return (kernel){6, 16, 2, {{narrow_2, NULL}, {narrow_4, NULL}, {narrow_6, NULL}}};
}

// MARK: Packing

// b[depth, columns] -> slivers [depth][most], one after the other; the last one as wide as needed, padded with zeros
CLONES static void pack_right(
    int64_t depth, int64_t columns, const float *b, int64_t b_row, int64_t b_column, int64_t most, float *to) {
  for (int64_t j = 0; j < columns; j += most) {
    int64_t n = columns - j < most ? columns - j : most, width = up(n, LANES);
    const float *from = b + j * b_column;
    if (b_column == 1) {
      for (int64_t p = 0; p < depth; p++) {
        memcpy(to + p * width, from + p * b_row, (size_t)n * sizeof *to);
        for (int64_t e = n; e < width; e++) to[p * width + e] = 0;
      }
    } else {
      int64_t full = 0;
      // Tiles of 16 deep, since both the reads along k and the writes along n like to be long.
      for (; full + 16 <= depth && b_row == 1 && n == width; full += 16)
        for (int64_t e = 0; e < width; e += 16)
          transpose_16(from + full + e * b_column, b_column, to + full * width + e, width);
      for (int64_t e = 0; e < width; e++)
        for (int64_t p = full; p < depth; p++) to[p * width + e] = e < n ? from[p * b_row + e * b_column] : 0;
    }
    to += depth * width;
  }
}

// a[rows, depth] -> slivers [depth][most], one after the other; the last one as high as needed, padded with zeros
CLONES static void pack_left(
    int64_t rows, int64_t depth, const float *a, int64_t a_row, int64_t a_column, int64_t most, int64_t step,
    float *to) {
  for (int64_t i = 0; i < rows; i += most) {
    int64_t n = rows - i < most ? rows - i : most, height = up(n, step);
    const float *from = a + i * a_row;
    if (n == height && a_row == 1) {
      for (int64_t p = 0; p < depth; p++)
        for (int64_t e = 0; e < height; e++) to[p * height + e] = from[p * a_column + e];
    } else {
      for (int64_t e = 0; e < height; e++)
        for (int64_t p = 0; p < depth; p++) to[p * height + e] = e < n ? from[e * a_row + p * a_column] : 0;
    }
    to += depth * height;
  }
}

// MARK: One rectangle of c on one thread

// c[m, n] (+)= slivers of a · columns of b from `b`, whose slivers are `b_sliver` and whose rows `b_row` apart
// (0: packed as wide as they are)
static void run_panel(
    const kernel *kern, int64_t m, int64_t n, int64_t depth, const float *a, const float *b, int64_t b_sliver,
    int64_t b_row, float *c, int64_t c_row, int adds) {
  for (int64_t j = 0; j < n; j += kern->columns) {
    const float *right = b + j / kern->columns * b_sliver;
    for (int64_t i = 0; i < m; i += kern->rows) {
      const float *left = a + i * depth;
      float *to = c + i * c_row + j;
      int64_t rows = m - i < kern->rows ? m - i : kern->rows;
      int64_t columns = n - j < kern->columns ? n - j : kern->columns;
      micro *run = kern->run[(rows - 1) / kern->step][(columns - 1) / LANES];
      int64_t row_step = b_row ? b_row : up(columns, LANES);
      if (rows % kern->step == 0 && columns % LANES == 0) {
        run(depth, left, right, row_step, to, c_row, adds);
      } else {  // over the edge: into a buffer, then the part that exists
        float part[MAX_ROWS * MAX_COLUMNS];
        run(depth, left, right, row_step, part, kern->columns, 0);
        for (int64_t r = 0; r < rows; r++) {
          float *row = to + r * c_row;
          const float *from = part + r * kern->columns;
          if (adds) {
            for (int64_t e = 0; e < columns; e++) row[e] += from[e];
          } else {
            memcpy(row, from, (size_t)columns * sizeof *row);
          }
        }
      }
    }
  }
}


static void multiply(const product *p, const kernel *kern) {
  int64_t depth_most = p->k < DEPTH ? p->k : DEPTH;
  int64_t rows_most = p->m < PANEL_ROWS ? up(p->m, kern->rows) : PANEL_ROWS;
  int64_t columns_most = p->n < PANEL_COLUMNS ? up(p->n, kern->columns) : PANEL_COLUMNS;
  float *left = backprop_scratch(1, rows_most * depth_most * (int64_t)sizeof(float));
  float *right = backprop_scratch(2, columns_most * depth_most * (int64_t)sizeof(float));
  if (!left || !right) {
    backprop_multiply_small(p);
    return;
  }
  // With few rows of a, packing b would cost as much as the product: read b in place, except for a ragged edge.
  int in_place = p->b_column == 1 && p->b_row > 0 && p->m <= 3 * kern->rows;
  for (int64_t column = 0; column < p->n; column += PANEL_COLUMNS) {
    int64_t n = p->n - column < PANEL_COLUMNS ? p->n - column : PANEL_COLUMNS;
    int64_t whole = in_place ? n / LANES * LANES : 0;
    for (int64_t first = 0; first < p->k; first += DEPTH) {
      int64_t depth = p->k - first < DEPTH ? p->k - first : DEPTH;
      const float *b = p->b + first * p->b_row + column * p->b_column;
      pack_right(depth, n - whole, b + whole * p->b_column, p->b_row, p->b_column, kern->columns, right);
      for (int64_t row = 0; row < p->m; row += PANEL_ROWS) {
        int64_t m = p->m - row < PANEL_ROWS ? p->m - row : PANEL_ROWS;
        float *c = p->c + row * p->c_row + column;
        pack_left(m, depth, p->a + row * p->a_row + first * p->a_column, p->a_row, p->a_column, kern->rows, kern->step, left);
        if (whole > 0) run_panel(kern, m, whole, depth, left, b, kern->columns, p->b_row, c, p->c_row, first > 0);
        if (whole < n)
          run_panel(kern, m, n - whole, depth, left, right, depth * kern->columns, 0, c + whole, p->c_row,
                    first > 0);
      }
    }
  }
}

// MARK: The split over threads

typedef struct {
  product whole;
  kernel kern;
  int64_t across, row_unit, column_unit;  // rectangles side by side, and their sizes
} grid;

static void run_rectangles(void *context, int64_t begin, int64_t end) {
  const grid *g = context;
  for (int64_t r = begin; r < end; r++) {
    product p = g->whole;
    int64_t row = r / g->across * g->row_unit, column = r % g->across * g->column_unit;
    p.m = p.m - row < g->row_unit ? p.m - row : g->row_unit;
    p.n = p.n - column < g->column_unit ? p.n - column : g->column_unit;
    if (p.m <= 0 || p.n <= 0) continue;
    p.a += row * p.a_row;
    p.b += column * p.b_column;
    p.c += row * p.c_row + column;
    if (is_thin(&p)) {
      backprop_multiply_thin(&p);
    } else if (is_narrow(&p)) {
      backprop_multiply_narrow(&p);
    } else {
      multiply(&p, &g->kern);
    }
  }
}

void backprop_matmul(
    int64_t m, int64_t n, int64_t k, const float *a, int64_t a_row, int64_t a_column, const float *b,
    int64_t b_row, int64_t b_column, float *c) {
  if (m <= 0 || n <= 0) return;
  if (k <= 0) {
    memset(c, 0, (size_t)(m * n) * sizeof *c);
    return;
  }
  grid g = {.whole = {m, n, k, a, a_row, a_column, b, b_row, b_column, c, n}, .kern = choose_kernel()};
  if (n == 1 && m > 2) {  // a · b = (b' · a')', and a single column is as dense as a row
    backprop_matmul(1, m, k, b, b_column, b_row, a, a_column, a_row, c);
    return;
  }
  if (m * n * k <= 4096) {
    backprop_multiply_small(&g.whole);
    return;
  }
  // As many rectangles as threads that have 15 µs to do (60 multiplications a nanosecond, 12 elements of a matrix),
  // cut so that the borders, hence the packing, are short.
  double work = (double)m * (double)n * (double)k / 60 + ((double)m + (double)n) * (double)k / 12;
  int64_t pieces = backprop_threads(), most = (int64_t)(work / 15e3);
  if (pieces > most) pieces = most < 1 ? 1 : most;
  int64_t down = 1;
  double best = INFINITY;
  for (int64_t d = 1; d <= pieces; d++) {
    if (pieces % d) continue;
    int64_t rows = up((m + d - 1) / d, g.kern.rows), columns = up((n + pieces / d - 1) / (pieces / d), g.kern.columns);
    double cost = (double)rows * (double)columns * (1 + 8.0 / (double)rows + 8.0 / (double)columns);
    if (cost < best) best = cost, down = d;
  }
  g.across = pieces / down;
  g.row_unit = up((m + down - 1) / down, g.kern.rows);
  g.column_unit = up((n + g.across - 1) / g.across, g.kern.columns);
  backprop_parallel(pieces, 1, run_rectangles, &g);
}
