// The matrix product, where no library brings one.
//
// The scheme of Goto and van de Geijn ("Anatomy of High-Performance Matrix Multiplication", TOMS 2008): panels of b stay in
// the second-level cache, slivers of a and b stream through a micro kernel that keeps its part of c in registers.
// Each thread computes its own rectangle of c; sums over k run in the same order however c is cut.
#include "CKernels.h"
#include "simd.h"
#include "threads.h"
#include "transpose.h"

enum {
  DEPTH = 320,          // of k, packed at a time: a sliver of b (32 columns) takes 40 KB, a panel of a stays in L2
  PANEL_ROWS = 240,     // of a, packed at a time; a multiple of both kernels' rows
  PANEL_COLUMNS = 1536, // of b, packed at a time
  MAX_ROWS = 12, MAX_COLUMNS = 32,
};

typedef struct {
  int64_t m, n, k;
  const float *a;
  int64_t a_row, a_column;
  const float *b;
  int64_t b_row, b_column;
  float *c;
  int64_t c_row;
} product;

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

typedef struct {
  int rows, columns;
  void (*run)(int64_t depth, const float *a, const float *b, int64_t b_row, float *c, int64_t c_row, int adds);
} kernel;

// Six rows of sixteen columns: 12 of AVX2's 16 registers, 24 of NEON's 32.
CLONES static void run_narrow(
    int64_t depth, const float *a, const float *b, int64_t b_row, float *c, int64_t c_row, int adds) {
  micro_kernel(6, 1, depth, a, b, b_row, c, c_row, adds);
}

#if defined(__x86_64__)
// Twelve rows of 32 columns: 24 of AVX-512's 32 registers.
__attribute__((target("avx512f,avx512vl,avx512dq,avx512bw,fma,avx2"))) static void run_wide(
    int64_t depth, const float *a, const float *b, int64_t b_row, float *c, int64_t c_row, int adds) {
  micro_kernel(12, 2, depth, a, b, b_row, c, c_row, adds);
}
#endif

static kernel choose_kernel(void) {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512bw"))
    return (kernel){12, 32, run_wide};
#endif
  return (kernel){6, 16, run_narrow};
}

// MARK: Packing

// b[depth, columns] -> slivers [columns / width][depth][width], the last padded with zeros
CLONES static void pack_right(
    int64_t depth, int64_t columns, const float *b, int64_t b_row, int64_t b_column, int width, float *to) {
  for (int64_t j = 0; j < columns; j += width) {
    int64_t n = columns - j < width ? columns - j : width;
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

// a[rows, depth] -> slivers [rows / height][depth][height], the last padded with zeros
CLONES static void pack_left(
    int64_t rows, int64_t depth, const float *a, int64_t a_row, int64_t a_column, int height, float *to) {
  for (int64_t i = 0; i < rows; i += height) {
    int64_t n = rows - i < height ? rows - i : height;
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
static void run_panel(
    const kernel *kern, int64_t m, int64_t n, int64_t depth, const float *a, const float *b, int64_t b_sliver,
    int64_t b_row, float *c, int64_t c_row, int adds) {
  for (int64_t j = 0; j < n; j += kern->columns) {
    const float *right = b + j / kern->columns * b_sliver;
    for (int64_t i = 0; i < m; i += kern->rows) {
      const float *left = a + i * depth;
      float *to = c + i * c_row + j;
      if (m - i >= kern->rows && n - j >= kern->columns) {
        kern->run(depth, left, right, b_row, to, c_row, adds);
      } else {  // over the edge: aside, then the part that exists
        float part[MAX_ROWS * MAX_COLUMNS];
        int64_t rows = m - i < kern->rows ? m - i : kern->rows;
        int64_t columns = n - j < kern->columns ? n - j : kern->columns;
        kern->run(depth, left, right, b_row, part, kern->columns, 0);
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

// c[m, n] for products too small to pack (or no memory to pack into): row by row
CLONES static void multiply_small(const product *p) {
  for (int64_t i = 0; i < p->m; i++) {
    const float *a = p->a + i * p->a_row;
    float *c = p->c + i * p->c_row;
    int64_t j = 0;
    if (p->b_column == 1) {
      for (; j < p->n; j += LANES) {
        int64_t n = p->n - j < LANES ? p->n - j : LANES;
        lanes sum = {0};
        for (int64_t q = 0; q < p->k; q++) {
          lanes right = {0};
          const float *from = p->b + q * p->b_row + j;
          if (n == LANES) right = LOAD(from); else load_part(&right, from, n);
          sum = a[q * p->a_column] * right + sum;
        }
        if (n == LANES) STORE(c + j, sum); else store_part(c + j, &sum, n);
      }
    } else if (p->b_row == 1 && p->a_column == 1) {
      for (; j < p->n; j++) {
        const float *b = p->b + j * p->b_column;
        lanes sum = {0};
        int64_t q = 0;
        for (; q + LANES <= p->k; q += LANES) sum = LOAD(a + q) * LOAD(b + q) + sum;
        if (q < p->k) {
          lanes x = {0}, y = {0};
          load_part(&x, a + q, p->k - q);
          load_part(&y, b + q, p->k - q);
          sum = x * y + sum;
        }
        c[j] = sum_lanes(&sum);
      }
    } else {
      for (; j < p->n; j++) {
        float sum = 0;
        for (int64_t q = 0; q < p->k; q++)
          sum += a[q * p->a_column] * p->b[q * p->b_row + j * p->b_column];
        c[j] = sum;
      }
    }
  }
}

static int64_t up(int64_t x, int64_t unit) { return (x + unit - 1) / unit * unit; }

static void multiply(const product *p, const kernel *kern) {
  int64_t depth_most = p->k < DEPTH ? p->k : DEPTH;
  int64_t rows_most = p->m < PANEL_ROWS ? up(p->m, kern->rows) : PANEL_ROWS;
  int64_t columns_most = p->n < PANEL_COLUMNS ? up(p->n, kern->columns) : PANEL_COLUMNS;
  float *left = backprop_scratch(1, rows_most * depth_most * (int64_t)sizeof(float));
  float *right = backprop_scratch(2, columns_most * depth_most * (int64_t)sizeof(float));
  if (!left || !right) {
    multiply_small(p);
    return;
  }
  // With few rows of a, packing b would cost as much as the product: read b where it lies, but for a ragged edge.
  int in_place = p->b_column == 1 && p->m <= 3 * kern->rows;
  for (int64_t column = 0; column < p->n; column += PANEL_COLUMNS) {
    int64_t n = p->n - column < PANEL_COLUMNS ? p->n - column : PANEL_COLUMNS;
    int64_t whole = in_place ? n / kern->columns * kern->columns : 0;
    for (int64_t first = 0; first < p->k; first += DEPTH) {
      int64_t depth = p->k - first < DEPTH ? p->k - first : DEPTH;
      const float *b = p->b + first * p->b_row + column * p->b_column;
      pack_right(depth, n - whole, b + whole * p->b_column, p->b_row, p->b_column, kern->columns, right);
      for (int64_t row = 0; row < p->m; row += PANEL_ROWS) {
        int64_t m = p->m - row < PANEL_ROWS ? p->m - row : PANEL_ROWS;
        float *c = p->c + row * p->c_row + column;
        pack_left(m, depth, p->a + row * p->a_row + first * p->a_column, p->a_row, p->a_column, kern->rows, left);
        if (whole > 0) run_panel(kern, m, whole, depth, left, b, kern->columns, p->b_row, c, p->c_row, first > 0);
        if (whole < n)
          run_panel(kern, m, n - whole, depth, left, right, depth * kern->columns, kern->columns, c + whole, p->c_row,
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
    multiply(&p, &g->kern);
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
  if (m * n * k <= 4096 || (m == 1 && n * k <= 16384)) {
    multiply_small(&g.whole);
    return;
  }
  // As many rectangles as threads that have 15 µs to do (at 60 multiplications a nanosecond), cut so that
  // the borders, hence the packing, are short.
  double work = (double)m * (double)n * (double)k / 60;
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
