// Intel's AMX (Advanced Matrix Extensions). Eight tiles of 16 rows of 64 bytes, and a product of two tiles of bfloat16
// added to one of float.
#pragma once
#include "simd/simd.h"

#if defined(__x86_64__) && defined(__linux__)
#define BACKPROP_AMX 1
#include <immintrin.h>

#define AMX __attribute__((target("amx-tile,amx-bf16,avx512f,avx512vl,avx512dq,avx512bw,fma,avx2,prfchw")))
#define AMX_INLINE AMX INLINE

enum {
  TILE = 16,
  TILE_BYTES = 1024,
  TILE_DEPTH = 32,
  SPLITS = 3,  // a float's bfloat16 parts
};

INLINE int64_t least(int64_t x, int64_t y) { return x < y ? x : y; }
INLINE int64_t parts(int64_t x, int64_t unit) { return (x + unit - 1) / unit; }  // of at most `unit`

// The first lanes of a vector, at most all.
INLINE __mmask16 first(int64_t count) { return count >= TILE ? 0xffff : count <= 0 ? 0 : (__mmask16)((1 << count) - 1); }

// Memory that the vector units will need, into the second-level cache: prefetched into the first one it would displace
// the next tiles, and rows a multiple of 2 KB apart share two of its 64 sets.
INLINE void prefetch(const float *x) { __builtin_prefetch(x, 0, 2); }

// All eight tiles as large as they get, for the calling thread.
AMX_INLINE void open_tiles(void) {
  struct {
    uint8_t palette, start_row, reserved[14];
    uint16_t row_bytes[16];
    uint8_t rows[16];
  } shape = {.palette = 1};
  for (int t = 0; t < 8; t++) shape.row_bytes[t] = 64, shape.rows[t] = TILE;
  _tile_loadconfig(&shape);
}

// Once released, a context switch need not save 8 KB.
AMX_INLINE void close_tiles(void) { _tile_release(); }

// A float as the exact sum of three bfloat16 numbers, of 8 bits each: what is rounded to the upper half of its bits,
// and the same of what is left, twice. For two vectors at a time, whose lanes become the halves of 32-bit lanes: a pair
// of neighbors in the sum that a product of tiles makes. Infinity, and numbers that round to it, come out with NaN in
// them: every sum that they are part of is NaN, and is then computed once more in float.
AMX_INLINE void split_pairs(__m512 x, __m512 y, char *high, char *middle, char *low) {
  const __m512i half = _mm512_set1_epi32(0x8000), upper = _mm512_set1_epi32((int)0xffff0000);
#define ROUNDED(v) _mm512_and_si512(_mm512_add_epi32(_mm512_castps_si512(v), half), upper)
#define PAIRS(v, w) _mm512_ternarylogic_epi32(_mm512_srli_epi32(v, 16), w, upper, 0xf8)  // v >> 16 | (w & upper)
  __m512i a = ROUNDED(x), b = ROUNDED(y);
  _mm512_store_si512(high, PAIRS(a, b));
  x = _mm512_sub_ps(x, _mm512_castsi512_ps(a)), y = _mm512_sub_ps(y, _mm512_castsi512_ps(b));
  a = ROUNDED(x), b = ROUNDED(y);
  _mm512_store_si512(middle, PAIRS(a, b));
  x = _mm512_sub_ps(x, _mm512_castsi512_ps(a)), y = _mm512_sub_ps(y, _mm512_castsi512_ps(b));
  _mm512_store_si512(low, PAIRS(_mm512_castps_si512(x), _mm512_castps_si512(y)));
#undef ROUNDED
#undef PAIRS
}

// `count` groups of 64 bytes, each split from two vectors; the parts are `part` bytes apart. All three move on.
// What is `ahead` floats further on is prefetched.
AMX_INLINE void split_places_from(
    int64_t count, const float **x, int64_t x_step, const float **y, int64_t y_step, char **to, int64_t to_step,
    int64_t part, int64_t ahead) {
  const float *from = *x, *other = *y;
  char *at = *to;
  for (; count > 0; count--) {
    __builtin_prefetch(from + ahead);
    __builtin_prefetch(other + ahead);
    split_pairs(_mm512_loadu_ps(from), _mm512_loadu_ps(other), at, at + part, at + 2 * part);
    from += x_step, other += y_step, at += to_step;
  }
  *x = from, *y = other, *to = at;
}

// Tiles 0 to 3 are a block of sums, [rows][columns] of at most two each; 4 and 5 the left factor, 6 and 7 the right.
AMX_INLINE void clear_sums(void) {
  _tile_zero(0);
  _tile_zero(1);
  _tile_zero(2);
  _tile_zero(3);
}

// Whether one of the sums just stored is NaN: y[16 * rows, 16 * columns], with `row` floats from row to row and
// `second` to the second sixteen columns.
AMX_INLINE int has_nan(const float *y, int rows, int columns, int64_t row, int64_t second) {
  __mmask16 found = 0;
  for (int i = 0; i < TILE * rows; i++, y += row) {
    const __m512 v = _mm512_loadu_ps(y), w = columns == 2 ? _mm512_loadu_ps(y + second) : v;
    found |= _mm512_cmp_ps_mask(v, w, _CMP_UNORD_Q);
  }
  return found != 0;
}

// Never two products in a row: where something else runs on the same core, a queue full of them takes twice as long as
// a mixed one. Between them, the next tiles are prefetched, half a tile a product from `ahead` on.
AMX_INLINE void prefetch_half_tile(const char *at) {
  for (int i = 0; i < TILE / 2; i++) __builtin_prefetch(at + i * 64);
}

// The same where there is nothing to prefetch.
AMX_INLINE void wait_a_little(void) { __asm__ volatile(".rept 16\n\tnop\n\t.endr"); }

AMX_INLINE void add_products(int rows, int columns, const char *ahead) {
  _tile_dpbf16ps(0, 4, 6);
  prefetch_half_tile(ahead);
  if (columns == 2) {
    _tile_dpbf16ps(1, 4, 7);
    prefetch_half_tile(ahead + TILE_BYTES / 2);
  }
  if (rows == 2) {
    _tile_dpbf16ps(2, 5, 6);
    prefetch_half_tile(ahead + columns * TILE_BYTES / 2);
  }
  if (rows == 2 && columns == 2) {
    _tile_dpbf16ps(3, 5, 7);
    prefetch_half_tile(ahead + 3 * TILE_BYTES / 2);
  }
}
#endif
