// What the forward and the backward kernel of attention share.
//
// A tile is 128 keys by 64 queries, stored with a row a key: then a vector holds sixteen queries, and softmax over keys
// needs no operation across lanes. A group is such a column of sixteen queries. All exponentials are powers of two: the
// queries are packed times scale / ln 2.
#pragma once
#include "CKernels.h"
#include "gemm/small_products.h"
#include "simd/simd.h"

// Queries and keys of a tile. A strip: keys that are computed together. How many floats of an operand are prefetched.
enum { TILE_QUERIES = 64, TILE_KEYS = 128, STRIP = 8, MOST_ASKED = 1 << 14 };

#define LOG2_E 1.44269504088896340736f
#define LN_2 0.69314718055994530942f

INLINE int64_t clamp(int64_t x, int64_t low, int64_t high) { return x < low ? low : x > high ? high : x; }
INLINE int64_t up(int64_t x, int64_t unit) { return (x + unit - 1) / unit * unit; }

INLINE int64_t attention_length(const backprop_attention_shape *s, int64_t example) {
  return clamp(s->lengths[example * s->length_stride], 0, s->keys);
}

// How many keys a query attends to; they are the first ones.
INLINE int64_t keys_seen(const backprop_attention_shape *s, int64_t length, int64_t query) {
  return s->causal ? clamp(length - s->queries + query + 1, 0, length) : length;
}

// How many of a block's queries attend to no key; they are the first ones.
INLINE int64_t blind_queries(const backprop_attention_shape *s, int64_t length, int64_t first, int64_t queries) {
  if (length == 0) return queries;
  return s->causal ? clamp(s->queries - length - first, 0, queries) : 0;
}

INLINE float *position(const backprop_heads *x, int64_t example, int64_t head, int64_t index) {
  return x->data + example * x->example + head * x->head + index * x->position;
}

// 2^x for x at most 128, to 2e-7 of it; 0 from -127 on. The polynomial fits 2^r on [-1/2, 1/2], exact at 0.
INLINE void lanes_exp2(lanes *v) {
  lanes x = *v;
  x = SELECT(x < -127.0f, SPLAT(-127.0f), x);  // a comparison that lets NaN pass
  lanes shifted = x + 12582912.0f;             // 1.5 * 2^23: rounds to an integer in the low bits
  lanes r = x - (shifted - 12582912.0f);
  lanes p = r * 1.326472731e-3f + 9.671512991e-3f;
  p = p * r + 5.550733581e-2f;
  p = p * r + 2.402224243e-1f;
  p = p * r + 6.931470037e-1f;
  p = p * r + 1.0f;
  *v = (lanes)((uwords)p + ((uwords)shifted << 23));  // into the exponent
}

// The part of the table of scores that a tile covers: query e of the block sees key j where j < diagonal + e.
typedef struct {
  int64_t keys;      // that are there
  int64_t width;     // queries, rounded up to whole groups
  int64_t diagonal;  // very large where all see all
} attention_tile;

INLINE attention_tile make_tile(
    const backprop_attention_shape *s, int64_t length, int64_t first_query, int64_t queries, int64_t first_key,
    int64_t keys) {
  int64_t diagonal = s->causal ? clamp(length - s->queries + first_query + 1 - first_key, -(1 << 29), 1 << 29) : 1 << 30;
  return (attention_tile){keys, up(queries, LANES), diagonal};
}

INLINE int64_t first_query_seeing(const attention_tile *t, int64_t key) {
  return clamp(key - t->diagonal + 1, 0, t->width);
}

INLINE int64_t tile_keys_seen(const attention_tile *t, int64_t query) {
  return clamp(t->diagonal + query, 0, t->keys);
}

// How many keys of a tile are computed for a group of queries (whole strips), and how many of them all its queries see.
INLINE int64_t group_keys(const attention_tile *t, int64_t group) {
  return clamp(up(tile_keys_seen(t, group * LANES + LANES - 1), STRIP), 0, t->keys);
}
INLINE int64_t group_keys_seen_by_all(const attention_tile *t, int64_t group) {
  return tile_keys_seen(t, group * LANES);
}

// Rows of the next head, prefetched a few at a time while this one is computed: the hardware prefetcher does not follow
// short rows, since heads of a position are adjacent and every row is a separate stretch of memory.
typedef struct {
  const char *at[5];
  int64_t step[5], bytes[5], count[5];
  int64_t rows;  // of each stream, at a time
  int streams;
} attention_prefetch;

INLINE void prefetch(
    attention_prefetch *a, const backprop_heads *x, int64_t example, int64_t head, int64_t count, int64_t size) {
  int i = a->streams++;
  a->at[i] = (const char *)position(x, example, head, 0);
  a->step[i] = x->position * (int64_t)sizeof(float);
  a->bytes[i] = size * (int64_t)sizeof(float);
  a->count[i] = count;
}

// The operands of a head and what is laid out like its results (`other` may be NULL). `head` counts through all
// examples. Nothing is prefetched where the next head's rows would not fit into the cache with this one's. The rows are
// spread over the strips so that all are prefetched when about half of the strips of a causal head are done.
INLINE attention_prefetch ahead_of_head(
    const backprop_attention_shape *s, int64_t head, const backprop_heads *q, const backprop_heads *k,
    const backprop_heads *v, const backprop_heads *results, const backprop_heads *other) {
  attention_prefetch a = {.streams = 0};
  int64_t rows = s->queries > s->keys ? s->queries : s->keys, size = s->size > s->value_size ? s->size : s->value_size;
  if (rows * size > MOST_ASKED) return a;
  a.rows = clamp(2 * STRIP * TILE_QUERIES / s->queries, 1, STRIP);
  int64_t example = head / s->heads, query_head = head % s->heads, kv_head = query_head / (s->heads / s->kv_heads);
  prefetch(&a, q, example, query_head, s->queries, s->size);
  prefetch(&a, results, example, query_head, s->queries, s->value_size);
  if (other) prefetch(&a, other, example, query_head, s->queries, s->value_size);
  prefetch(&a, k, example, kv_head, s->keys, s->size);
  prefetch(&a, v, example, kv_head, s->keys, s->value_size);
  return a;
}

INLINE void prefetch_next_rows(attention_prefetch *a) {
  for (int i = 0; i < a->streams; i++) {
    int64_t count = a->count[i] < a->rows ? a->count[i] : a->rows;
    for (int64_t r = 0; r < count; r++, a->at[i] += a->step[i])
      for (int64_t byte = 0; byte < a->bytes[i]; byte += 64) __builtin_prefetch(a->at[i] + byte, 0, 2);
    a->count[i] -= count;
  }
}

// to[keys, queries of the block] = x[keys, size] · columns[size, queries of the block], where a query sees a key of the
// strip. Rows of `columns` and `to` are TILE_QUERIES apart.
void backprop_attention_tile_product(
    const backprop_tile_kernel *kernel, const attention_tile *tile, int64_t size, const float *x, int64_t x_row,
    const float *columns, float *to, attention_prefetch *ahead);

// to[size, TILE_QUERIES] = x[count, size]' * factor; columns from `count` to the end of their group are 0.
void backprop_attention_pack(
    int64_t count, int64_t size, const float *x, int64_t x_row, float factor, float *to);

// Rows of a tile: in place, or copied to `copy` with rows a multiple of 16 apart and padded with zeros.
typedef struct {
  const float *data;
  int64_t row;
} attention_rows;

// `as_vectors`: whether rows are read sixteen floats at a time, hence beyond a ragged end.
attention_rows backprop_attention_rows(
    int64_t count, int64_t size, const float *x, int64_t x_row, int as_vectors, float *copy);

// Whether all of x[rows, size] are finite.
int backprop_attention_is_finite(int64_t rows, int64_t size, const float *x, int64_t x_row);

// Recomputes y of some queries where the kernel's is not finite. Returns -1 where memory is exhausted.
int backprop_attention_exact_rows(
    const backprop_attention_shape *shape, const backprop_heads *q, const backprop_heads *k, const backprop_heads *v,
    const backprop_heads *y, int64_t example, int64_t head, int64_t first, int64_t queries);

// The same for the gradients of a head of keys and values and of all queries that share it.
void backprop_attention_exact_gradient(
    const backprop_attention_shape *shape, const backprop_heads *q, const backprop_heads *k, const backprop_heads *v,
    const backprop_heads *y, const float *logsumexp, const backprop_heads *upstream, const backprop_heads *dq,
    const backprop_heads *dk, const backprop_heads *dv, int64_t example, int64_t kv_head);

// Few queries against many keys, which are read once.
int backprop_attention_few_queries(
    const backprop_attention_shape *shape, const backprop_heads *q, const backprop_heads *k, const backprop_heads *v,
    const backprop_heads *y, float *logsumexp);
