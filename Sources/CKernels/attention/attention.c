// Attention, forward: blocks of queries go over the keys in tiles, and the table of scores is never stored.
//
// Sources: Milakov & Gimelshein, "Online normalizer calculation for softmax", 2018; Dao et al., "FlashAttention",
// NeurIPS 2022, algorithm 1, with the division moved to the end as in Dao, "FlashAttention-2", 2023, algorithm 1.
#include "attention/attention_blocks.h"

#include <float.h>
#include <stdatomic.h>
#include <stddef.h>

#include "simd/functions.h"
#include "simd/transpose.h"
#include "threading/grain.h"

// MARK: Shared with the backward

void backprop_attention_tile_product(
    const backprop_tile_kernel *kernel, const attention_tile *tile, int64_t size, const float *x, int64_t x_row,
    const float *columns, float *to, attention_prefetch *ahead) {
  for (int64_t j = 0; j < tile->keys; j += STRIP) {
    prefetch_next_rows(ahead);
    int64_t keys = tile->keys - j < STRIP ? tile->keys - j : STRIP;
    // Where only the second half of a group attends to the strip, only that half is computed.
    int64_t seeing = first_query_seeing(tile, j), first = seeing / LANES * LANES;
    if (keys == kernel->rows && kernel->half && seeing - first >= LANES / 2) {
      int64_t half = first + LANES / 2;
      kernel->half(
          size, x + j * x_row, x_row, columns + half, TILE_QUERIES, to + j * TILE_QUERIES + half, TILE_QUERIES, NULL);
      first += LANES;
    }
    backprop_tile_product(
        kernel, keys, tile->width - first, size, x + j * x_row, x_row, columns + first, TILE_QUERIES,
        to + j * TILE_QUERIES + first, TILE_QUERIES, 0);
  }
}

CLONES void backprop_attention_pack(
    int64_t count, int64_t size, const float *x, int64_t x_row, float factor, float *to) {
  for (int64_t i = 0; i < count; i += LANES) {
    int64_t rows = count - i < LANES ? count - i : LANES, p = 0;
    if (rows == LANES) {
      for (; p + LANES <= size; p += LANES)
        scale_transpose_16(x + i * x_row + p, x_row, factor, to + p * TILE_QUERIES + i, TILE_QUERIES);
    }
    for (; p < size; p++) {
      for (int64_t e = 0; e < LANES; e++)
        to[p * TILE_QUERIES + i + e] = e < rows ? x[(i + e) * x_row + p] * factor : 0;
    }
  }
}

attention_rows backprop_attention_rows(
    int64_t count, int64_t size, const float *x, int64_t x_row, int as_vectors, float *copy) {
  // Rows a multiple of 4 KB apart would map to the same few sets of the first-level cache.
  int collides = x_row % 1024 == 0;
  if (!collides && !(as_vectors && size % LANES)) return (attention_rows){x, x_row};
  int64_t row = up(size, LANES);
  for (int64_t i = 0; i < count; i++) {
    memcpy(copy + i * row, x + i * x_row, (size_t)size * sizeof *copy);
    for (int64_t e = size; e < row; e++) copy[i * row + e] = 0;
  }
  return (attention_rows){copy, row};
}

// MARK: Forward

typedef struct {
  const backprop_attention_shape *shape;
  const backprop_heads *q, *k, *v, *y;
  float *logsumexp;
  backprop_tile_kernel kernel;
  int64_t blocks;  // of queries, in each head
  _Atomic int out_of_memory;
} job;

typedef struct {
  float *queries;            // [size, TILE_QUERIES], times scale / ln 2
  float *scores;             // [TILE_KEYS, TILE_QUERIES], then powers
  float *output;             // [TILE_QUERIES, value_size rounded up], not yet divided by the sum
  float *keys, *values;      // copies of tiles
  float *greatest, *sum;     // [TILE_QUERIES], over the keys so far; `greatest` is a base-2 exponent
  float *keep;               // [TILE_QUERIES], the factor that rescales the output so far to the new maximum
} workspace;

static int64_t workspace_floats(const backprop_attention_shape *s) {
  int64_t size = up(s->size, LANES), value_size = up(s->value_size, LANES);
  return TILE_QUERIES * (s->size + TILE_KEYS + value_size + 3) + TILE_KEYS * (size + value_size);
}

static workspace make_workspace(const backprop_attention_shape *s, float *memory) {
  int64_t size = up(s->size, LANES), value_size = up(s->value_size, LANES);
  workspace w;
  w.queries = memory;
  w.scores = w.queries + s->size * TILE_QUERIES;
  w.output = w.scores + TILE_KEYS * TILE_QUERIES;
  w.keys = w.output + TILE_QUERIES * value_size;
  w.values = w.keys + TILE_KEYS * size;
  w.greatest = w.values + TILE_KEYS * value_size;
  w.sum = w.greatest + TILE_QUERIES;
  w.keep = w.sum + TILE_QUERIES;
  return w;
}

// Scores of a tile -> powers of two relative to the running maximum, with the sums and the output's rescaling factors.
CLONES static void exponentiate_and_sum(const attention_tile *tile, const workspace *w) {
  const words index = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  for (int64_t g = 0; g * LANES < tile->width; g++) {
    int64_t count = group_keys(tile, g), whole = group_keys_seen_by_all(tile, g);
    float *scores = w->scores + g * LANES;
    lanes before = LOAD(w->greatest + g * LANES), top = before;
    for (int64_t j = 0; j < whole; j++) {
      lanes s = LOAD(scores + j * TILE_QUERIES);
      top = SELECT(s > top, s, top);
    }
    words seen = index + (int32_t)(tile->diagonal + g * LANES);
    for (int64_t j = whole; j < count; j++) {
      lanes s = SELECT((int32_t)j < seen, LOAD(scores + j * TILE_QUERIES), SPLAT(-INFINITY));
      STORE(scores + j * TILE_QUERIES, s);
      top = SELECT(s > top, s, top);
    }
    lanes keep = before - top;
    lanes_exp2(&keep);
    lanes even = LOAD(w->sum + g * LANES) * keep, odd = {0};
    int64_t j = 0;
    for (; j + 2 <= count; j += 2) {
      lanes a = LOAD(scores + j * TILE_QUERIES) - top, b = LOAD(scores + (j + 1) * TILE_QUERIES) - top;
      lanes_exp2(&a);
      lanes_exp2(&b);
      even += a;
      odd += b;
      STORE(scores + j * TILE_QUERIES, a);
      STORE(scores + (j + 1) * TILE_QUERIES, b);
    }
    if (j < count) {
      lanes a = LOAD(scores + j * TILE_QUERIES) - top;
      lanes_exp2(&a);
      even += a;
      STORE(scores + j * TILE_QUERIES, a);
    }
    STORE(w->greatest + g * LANES, top);
    STORE(w->sum + g * LANES, even + odd);
    STORE(w->keep + g * LANES, keep);
  }
}

// Output and sums of a block -> results and logsumexp. The first `blind` queries attend to no key.
CLONES static void finish(
    const workspace *w, int64_t queries, int64_t blind, int64_t size, float *y, int64_t y_row, float *logsumexp) {
  int64_t row = up(size, LANES);
  for (int64_t i = 0; i < queries; i += LANES) {
    lanes sum = LOAD(w->sum + i), log = sum;
    lanes_log(&log);
    STORE(w->greatest + i, LOAD(w->greatest + i) * LN_2 + log);
    STORE(w->sum + i, 1.0f / sum);
  }
  for (int64_t i = 0; i < blind; i++) {
    memset(y + i * y_row, 0, (size_t)size * sizeof *y);
    logsumexp[i] = -INFINITY;
  }
  for (int64_t i = blind; i < queries; i++) {
    const float *from = w->output + i * row;
    float *to = y + i * y_row, factor = w->sum[i];
    int64_t p = 0;
    for (; p + LANES <= size; p += LANES) STORE(to + p, LOAD(from + p) * factor);
    for (; p < size; p++) to[p] = from[p] * factor;
    logsumexp[i] = w->greatest[i];
  }
}

static void attend(
    job *work, const workspace *w, int64_t example, int64_t head, int64_t block, attention_prefetch *ahead) {
  const backprop_attention_shape *s = work->shape;
  const backprop_tile_kernel *kernel = &work->kernel;
  int64_t first = block * TILE_QUERIES, queries = s->queries - first < TILE_QUERIES ? s->queries - first : TILE_QUERIES;
  int64_t length = attention_length(s, example), kv_head = head / (s->heads / s->kv_heads);
  int64_t seen = keys_seen(s, length, first + queries - 1), row = up(s->value_size, LANES);
  backprop_attention_pack(
      queries, s->size, position(work->q, example, head, first), work->q->position, s->scale * LOG2_E, w->queries);
  for (int64_t i = 0; i < TILE_QUERIES; i++) w->greatest[i] = -FLT_MAX, w->sum[i] = 0;

  for (int64_t from = 0; from < seen; from += TILE_KEYS) {
    int64_t keys = seen - from < TILE_KEYS ? seen - from : TILE_KEYS;
    attention_tile tile = make_tile(s, length, first, queries, from, keys);
    attention_rows k = backprop_attention_rows(
        keys, s->size, position(work->k, example, kv_head, from), work->k->position, 0, w->keys);
    attention_rows v = backprop_attention_rows(
        keys, s->value_size, position(work->v, example, kv_head, from), work->v->position, 1, w->values);
    backprop_attention_tile_product(kernel, &tile, s->size, k.data, k.row, w->queries, w->scores, ahead);
    exponentiate_and_sum(&tile, w);
    for (int64_t i = 0; i < queries; i += kernel->rows) {
      int64_t depth = tile_keys_seen(&tile, i + kernel->rows - 1);
      if (depth > 0)  // otherwise these queries attend to no key, or to none from here on
        backprop_tile_transposed_product(
            kernel, row, depth, w->scores + i, TILE_QUERIES, v.data, v.row, w->output + i * row, row,
            from > 0 ? w->keep + i : NULL);
    }
  }

  finish(
      w, queries, blind_queries(s, length, first, queries), s->value_size, position(work->y, example, head, first),
      work->y->position, work->logsumexp + (example * s->heads + head) * s->queries + first);
  if (s->causal && !backprop_attention_is_finite(
                       queries, s->value_size, position(work->y, example, head, first), work->y->position) &&
      backprop_attention_exact_rows(s, work->q, work->k, work->v, work->y, example, head, first, queries) != 0)
    atomic_store_explicit(&work->out_of_memory, 1, memory_order_relaxed);
}

static void attend_blocks(void *context, int64_t begin, int64_t end) {
  job *work = context;
  const backprop_attention_shape *s = work->shape;
  float *memory = backprop_scratch(3, workspace_floats(s) * (int64_t)sizeof(float));
  if (!memory) {
    atomic_store_explicit(&work->out_of_memory, 1, memory_order_relaxed);
    return;
  }
  workspace w = make_workspace(s, memory);
  attention_prefetch ahead = {.streams = 0};
  for (int64_t unit = begin; unit < end; unit++) {
    int64_t block = unit % work->blocks, head = unit / work->blocks;
    // Causal: later blocks see more keys, so blocks are taken alternately from either end, which balances the halves.
    block = block % 2 ? work->blocks - 1 - block / 2 : block / 2;
    if (unit == begin || unit % work->blocks == 0) {
      ahead.streams = 0;
      if ((head + 1) * work->blocks < end)
        ahead = ahead_of_head(s, head + 1, work->q, work->k, work->v, work->y, NULL);
    }
    attend(work, &w, head / s->heads, head % s->heads, block, &ahead);
  }
}

int backprop_attention(
    const backprop_attention_shape *shape, const backprop_heads *q, const backprop_heads *k, const backprop_heads *v,
    const backprop_heads *y, float *logsumexp) {
  if (shape->queries <= 4) return backprop_attention_few_queries(shape, q, k, v, y, logsumexp);
  job work = {shape, q, k, v, y, logsumexp, backprop_choose_tile_kernel(), 0, 0};
  work.blocks = up(shape->queries, TILE_QUERIES) / TILE_QUERIES;
  double keys = (double)shape->keys * (shape->causal ? 0.5 : 1);
  double cost = TILE_QUERIES * keys * (double)(shape->size + shape->value_size + 16) / 50;
  int64_t units = shape->batch * shape->heads * work.blocks;
  backprop_parallel(units, backprop_grain(units, cost), attend_blocks, &work);
  return atomic_load_explicit(&work.out_of_memory, memory_order_relaxed) ? -1 : 0;
}
