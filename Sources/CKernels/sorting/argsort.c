// The order of the elements of rows: of all of them, or of the first few.
//
// An element and its index are one word, so that words are distinct and their order is stable.
#include <stdatomic.h>
#include <stddef.h>

#include "CKernels.h"
#include "simd/simd.h"
#include "sorting/keys.h"
#include "threading/grain.h"

typedef unsigned __int128 words128;

enum {
  DIGITS_PAY = 700,  // words from which on digits of 11 bits, of which there are fewer, cost less than those of 8
  BLOCK = 128,       // elements that are compared at once with the least that is needed
};

#define WORD uint64_t
#define NAME(x) x##_64
#include "sorting/words.h"
#undef WORD
#undef NAME
#define WORD words128
#define NAME(x) x##_128
#include "sorting/words.h"
#undef WORD
#undef NAME

typedef struct {
  backprop_type type;
  int is_descending;
  int64_t width, count;
  const void *x;
  int32_t *y;
  _Atomic int failed;
} rows;

// Where few are needed, candidates are collected: those below the worst of the best found before. When they fill the
// buffer, the best remain. Few elements of random numbers pass the comparison, which takes a block at once.
static int64_t buffer_size(const rows *r) {
  int64_t buffer = 2 * r->count + 64;
  return 4 * buffer < r->width ? buffer : r->width;
}

#define ARGSORT(TYPE, KEY, WORD, BITS)                                                                     \
  CLONES static KEY keys_##TYPE(int64_t size, const TYPE *x, KEY flip, KEY limit, KEY *keys) {             \
    KEY any = 0;                                                                                           \
    for (int64_t j = 0; j < size; j++) {                                                                   \
      keys[j] = key_of_##TYPE(x[j]) ^ flip;                                                                \
      any |= keys[j] < limit;                                                                              \
    }                                                                                                      \
    return any;                                                                                            \
  }                                                                                                        \
  static WORD *candidates_##TYPE(const rows *r, const TYPE *x, WORD *a, WORD *b, uint32_t *counts) {       \
    const int64_t buffer = buffer_size(r);                                                                 \
    KEY keys[BLOCK], limit = 0;                                                                            \
    int64_t n = 0;                                                                                         \
    int is_full = 0;                                                                                       \
    for (int64_t i = 0; i < r->width; i += BLOCK) {                                                        \
      const int64_t size = r->width - i < BLOCK ? r->width - i : BLOCK;                                    \
      const KEY any = keys_##TYPE(size, x + i, r->is_descending ? (KEY)-1 : 0, limit, keys);               \
      if (is_full && !any) continue;                                                                       \
      for (int64_t j = 0; j < size; j++) {                                                                 \
        if (is_full && keys[j] >= limit) continue;                                                         \
        if (n == buffer) {                                                                                 \
          WORD *sorted = sort_##BITS(a, b, n, counts);                                                     \
          b = sorted == a ? b : a, a = sorted;                                                             \
          n = r->count, is_full = 1;                                                                       \
          limit = (KEY)(a[n - 1] >> (4 * sizeof(WORD)));                                                   \
          if (keys[j] >= limit) continue;                                                                  \
        }                                                                                                  \
        a[n++] = (WORD)keys[j] << (4 * sizeof(WORD)) | (WORD)(uint32_t)(i + j);                            \
      }                                                                                                    \
    }                                                                                                      \
    return sort_##BITS(a, b, n, counts);                                                                   \
  }                                                                                                        \
  static void argsort_##TYPE(rows *r, int64_t begin, int64_t end) {                                        \
    const int64_t buffer = buffer_size(r), words = 2 * buffer * (int64_t)sizeof(WORD);                     \
    char *memory = backprop_scratch(0, words + (8 * (int64_t)sizeof(uint32_t) << 11));                     \
    if (!memory) {                                                                                         \
      atomic_store(&r->failed, 1);                                                                         \
      return;                                                                                              \
    }                                                                                                      \
    WORD *a = (WORD *)(void *)memory;                                                                      \
    for (int64_t row = begin; row < end; row++) {                                                          \
      const TYPE *x = (const TYPE *)r->x + row * r->width;                                                 \
      const WORD *found = candidates_##TYPE(r, x, a, a + buffer, (uint32_t *)(void *)(memory + words));   \
      for (int64_t i = 0; i < r->count; i++) r->y[row * r->count + i] = (int32_t)(uint32_t)found[i];       \
    }                                                                                                      \
  }

ARGSORT(float, uint32_t, uint64_t, 64)
ARGSORT(int8_t, uint32_t, uint64_t, 64)
ARGSORT(uint8_t, uint32_t, uint64_t, 64)
ARGSORT(int32_t, uint32_t, uint64_t, 64)
ARGSORT(double, uint64_t, words128, 128)
ARGSORT(int64_t, uint64_t, words128, 128)

static void argsort_rows(void *context, int64_t begin, int64_t end) {
  rows *r = context;
  switch (r->type) {
  case BACKPROP_FLOAT32: argsort_float(r, begin, end); break;
  case BACKPROP_FLOAT64: argsort_double(r, begin, end); break;
  case BACKPROP_INT8: argsort_int8_t(r, begin, end); break;
  case BACKPROP_UINT8: argsort_uint8_t(r, begin, end); break;
  case BACKPROP_INT32: argsort_int32_t(r, begin, end); break;
  case BACKPROP_INT64: argsort_int64_t(r, begin, end); break;
  default: break;
  }
}

int backprop_argsort(
    backprop_type type, int is_descending, int64_t rows_count, int64_t width, int64_t count, const void *x,
    int32_t *y) {
  if (count <= 0) return 0;
  rows r = {.type = type, .is_descending = is_descending, .width = width, .count = count, .x = x, .y = y};
  backprop_parallel(rows_count, backprop_grain(rows_count, 5 * (double)width), argsort_rows, &r);
  return r.failed ? -1 : 0;
}
