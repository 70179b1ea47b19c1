// Products of small tiles, with all sums of a micro tile in registers. Nothing is packed: a is read an element at a
// time and broadcast, so it may be transposed; rows of b are read as vectors.
#include "gemm/small_products.h"

#include <stddef.h>

#include "simd/simd.h"

enum { MAX_ROWS = 8, MAX_VECTORS = 2 };

static const float ones[MAX_ROWS] = {1, 1, 1, 1, 1, 1, 1, 1};

// c[rows, 16 * vectors] = keep * c + a · b, with a[i, p] at a[i * row_step + p * depth_step].
// `rows` and `vectors`, and one of the steps, are constants where this is inlined.
INLINE void micro_tile(
    int rows, int vectors, int64_t depth, const float *a, int64_t row_step, int64_t depth_step, const float *b,
    int64_t b_row, float *c, int64_t c_row, const float *keep) {
  lanes sums[MAX_ROWS][MAX_VECTORS];
#pragma clang loop unroll(full)
  for (int i = 0; i < rows; i++) {
#pragma clang loop unroll(full)
    for (int j = 0; j < vectors; j++) sums[i][j] = (lanes){0};
  }
  // Two steps an iteration, or counting would take a tenth of the time where vectors have 8 lanes.
#pragma clang loop unroll_count(2)
  for (int64_t p = 0; p < depth; p++) {
    lanes right[MAX_VECTORS];
#pragma clang loop unroll(full)
    for (int j = 0; j < vectors; j++) right[j] = LOAD(b + j * LANES);
#pragma clang loop unroll(full)
    for (int i = 0; i < rows; i++) {
#pragma clang loop unroll(full)
      for (int j = 0; j < vectors; j++) sums[i][j] = a[i * row_step] * right[j] + sums[i][j];
    }
    a += depth_step;
    b += b_row;
  }
#pragma clang loop unroll(full)
  for (int i = 0; i < rows; i++) {
#pragma clang loop unroll(full)
    for (int j = 0; j < vectors; j++) {
      float *to = c + i * c_row + j * LANES;
      STORE(to, keep ? keep[i] * LOAD(to) + sums[i][j] : sums[i][j]);
    }
  }
}

#define MICRO(name, attribute, rows, vectors, row_step, depth_step)                                                    \
  attribute static void name(                                                                                          \
      int64_t depth, const float *a, int64_t a_step, const float *b, int64_t b_row, float *c, int64_t c_row,           \
      const float *keep) {                                                                                             \
    micro_tile(rows, vectors, depth, a, row_step, depth_step, b, b_row, c, c_row, keep);                               \
  }

// Up to four rows of sixteen columns: 8 of AVX2's 16 registers, 16 of NEON's 32.
MICRO(narrow_1, CLONES, 1, 1, a_step, 1)
MICRO(narrow_2, CLONES, 2, 1, a_step, 1)
MICRO(narrow_4, CLONES, 4, 1, a_step, 1)
MICRO(narrow_columns, CLONES, 4, 1, 1, a_step)

#if defined(__x86_64__)
// Up to eight rows of 32 columns: 16 of AVX-512's 32 registers.
#define WIDE __attribute__((target("avx512f,avx512vl,avx512dq,avx512bw,fma,avx2")))
MICRO(wide_1_1, WIDE, 1, 1, a_step, 1)
MICRO(wide_2_1, WIDE, 2, 1, a_step, 1)
MICRO(wide_4_1, WIDE, 4, 1, a_step, 1)
MICRO(wide_8_1, WIDE, 8, 1, a_step, 1)
MICRO(wide_1_2, WIDE, 1, 2, a_step, 1)
MICRO(wide_2_2, WIDE, 2, 2, a_step, 1)
MICRO(wide_4_2, WIDE, 4, 2, a_step, 1)
MICRO(wide_8_2, WIDE, 8, 2, a_step, 1)
MICRO(wide_columns_1, WIDE, 8, 1, 1, a_step)
MICRO(wide_columns_2, WIDE, 8, 2, 1, a_step)

// Eight rows of eight columns, half a register each.
typedef float half_lanes __attribute__((vector_size(32), aligned(4), may_alias));

WIDE static void wide_half(
    int64_t depth, const float *a, int64_t a_step, const float *b, int64_t b_row, float *c, int64_t c_row,
    const float *keep) {
  (void)keep;
  half_lanes sums[8] = {{0}};
  for (int64_t p = 0; p < depth; p++) {
    half_lanes right = *(const half_lanes *)(b + p * b_row);
#pragma clang loop unroll(full)
    for (int i = 0; i < 8; i++) sums[i] = a[i * a_step + p] * right + sums[i];
  }
#pragma clang loop unroll(full)
  for (int i = 0; i < 8; i++) *(half_lanes *)(c + i * c_row) = sums[i];
}
#endif

backprop_tile_kernel backprop_choose_tile_kernel(void) {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512bw"))
    return (backprop_tile_kernel){
        8, 2, {{wide_1_1, wide_1_2}, {wide_2_1, wide_2_2}, {wide_4_1, wide_4_2}, {wide_8_1, wide_8_2}},
        {wide_columns_1, wide_columns_2}, wide_half};
#endif
  return (backprop_tile_kernel){4, 1, {{narrow_1}, {narrow_2}, {narrow_4}}, {narrow_columns}, NULL};
}

void backprop_tile_product(
    const backprop_tile_kernel *kernel, int64_t m, int64_t n, int64_t depth, const float *a, int64_t a_row,
    const float *b, int64_t b_row, float *c, int64_t c_row, int adds) {
  for (int64_t i = 0; i < m;) {
    int step = kernel->rows == 8 ? 3 : 2;
    while (m - i < 1 << step) step--;
    const float *left = a + i * a_row;
    for (int64_t j = 0; j < n;) {
      int64_t vectors = (n - j) / LANES < kernel->vectors ? (n - j) / LANES : kernel->vectors;
      float *to = c + i * c_row + j;
      if (vectors > 0) {
        kernel->by_rows[step][vectors - 1](depth, left, a_row, b + j, b_row, to, c_row, adds ? ones : NULL);
        j += vectors * LANES;
      } else {  // over the edge: into a buffer, then the part that exists
        float part[MAX_ROWS * LANES];
        kernel->by_rows[step][0](depth, left, a_row, b + j, b_row, part, LANES, NULL);
        for (int64_t r = 0; r < 1 << step; r++)
          for (int64_t e = 0; e < n - j; e++) to[r * c_row + e] = part[r * LANES + e] + (adds ? to[r * c_row + e] : 0);
        j = n;
      }
    }
    i += 1 << step;
  }
}

void backprop_tile_transposed_product(
    const backprop_tile_kernel *kernel, int64_t n, int64_t depth, const float *a, int64_t a_row, const float *b,
    int64_t b_row, float *c, int64_t c_row, const float *keep) {
  for (int64_t j = 0; j < n;) {
    int64_t vectors = (n - j) / LANES < kernel->vectors ? (n - j) / LANES : kernel->vectors;
    kernel->by_columns[vectors - 1](depth, a, a_row, b + j, b_row, c + j, c_row, keep);
    j += vectors * LANES;
  }
}
