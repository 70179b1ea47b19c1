// Attention, backward: the probabilities of each tile are computed again from the rows' logsumexp.
//
// With P the probabilities and U the upstream: dV = P' U, dP = U V', dS = P * (dP - delta), delta = sum(U * y),
// dQ = scale dS K, dK = scale dS' Q. Source: Dao et al., "FlashAttention", NeurIPS 2022, algorithm 4. One thread does
// all queries of the heads that share keys and values, so that sums over them do not depend on the order of threads.
#include <stdatomic.h>
#include <stddef.h>

#include "attention/attention_blocks.h"
#include "simd/transpose.h"
#include "threading/grain.h"

typedef struct {
  const backprop_attention_shape *shape;
  const backprop_heads *q, *k, *v, *y, *upstream, *dq, *dk, *dv;
  const float *logsumexp;
  backprop_tile_kernel kernel;
  int64_t blocks;  // of queries, in each head
  _Atomic int out_of_memory;
} job;

typedef struct {
  float *queries, *upstream;              // [size, TILE_QUERIES]; queries times scale / ln 2
  float *probabilities, *score_gradients;          // [TILE_KEYS, TILE_QUERIES]: scores, then P; dP, then dS
  float *gradient;                        // [TILE_QUERIES, size rounded up], of the queries
  float *keys, *values;                   // copies of tiles
  float *query_rows, *upstream_rows;      // copies of blocks
  float *logsumexp, *delta;               // [TILE_QUERIES]; logsumexp counts in powers of two
  float *ones;                            // [TILE_QUERIES]
} workspace;

static int64_t workspace_floats(const backprop_attention_shape *s) {
  int64_t size = up(s->size, LANES), value_size = up(s->value_size, LANES);
  return TILE_QUERIES * (2 * size + 2 * value_size + size + 3 + 2 * TILE_KEYS) + TILE_KEYS * (size + value_size);
}

static workspace make_workspace(const backprop_attention_shape *s, float *memory) {
  int64_t size = up(s->size, LANES), value_size = up(s->value_size, LANES);
  workspace w;
  w.queries = memory;
  w.upstream = w.queries + size * TILE_QUERIES;
  w.probabilities = w.upstream + value_size * TILE_QUERIES;
  w.score_gradients = w.probabilities + TILE_KEYS * TILE_QUERIES;
  w.gradient = w.score_gradients + TILE_KEYS * TILE_QUERIES;
  w.keys = w.gradient + TILE_QUERIES * size;
  w.values = w.keys + TILE_KEYS * size;
  w.query_rows = w.values + TILE_KEYS * value_size;
  w.upstream_rows = w.query_rows + TILE_QUERIES * size;
  w.logsumexp = w.upstream_rows + TILE_QUERIES * value_size;
  w.delta = w.logsumexp + TILE_QUERIES;
  w.ones = w.delta + TILE_QUERIES;
  for (int64_t i = 0; i < TILE_QUERIES; i++) w.ones[i] = 1;
  return w;
}

// Sum of x * y along a row, in whole vectors.
INLINE void add_products(int64_t size, const float *x, const float *y, lanes *sum) {
  *sum = (lanes){0};
  for (int64_t p = 0; p + LANES <= size; p += LANES) *sum = LOAD(x + p) * LOAD(y + p) + *sum;
}

// sums[count] = sum of x * y along each row
CLONES static void row_dots(
    int64_t count, int64_t size, const float *x, int64_t x_row, const float *y, int64_t y_row, float *sums) {
  int64_t i = 0;
  for (; i + LANES <= count; i += LANES) {  // sixteen at once, so that nothing is added across the lanes
    lanes r[LANES];
#pragma clang loop unroll(full)
    for (int e = 0; e < LANES; e++) add_products(size, x + (i + e) * x_row, y + (i + e) * y_row, &r[e]);
    exchange_16(r);
    lanes sum = r[0];
    for (int e = 1; e < LANES; e++) sum += r[e];
    STORE(sums + i, sum);
  }
  for (; i < count; i++) {
    lanes sum;
    add_products(size, x + i * x_row, y + i * y_row, &sum);
    sums[i] = sum_lanes(&sum);
  }
  for (i = 0; i < count; i++)
    for (int64_t p = size / LANES * LANES; p < size; p++) sums[i] += x[i * x_row + p] * y[i * y_row + p];
}

// scores and dP of a tile -> P and dS * scale
CLONES static void differentiate(const attention_tile *tile, float scale, const workspace *w) {
  const words index = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  for (int64_t g = 0; g * LANES < tile->width; g++) {
    int64_t count = group_keys(tile, g), whole = group_keys_seen_by_all(tile, g);
    float *probabilities = w->probabilities + g * LANES, *score_gradients = w->score_gradients + g * LANES;
    lanes shift = LOAD(w->logsumexp + g * LANES), delta = LOAD(w->delta + g * LANES);
    words seen = index + (int32_t)(tile->diagonal + g * LANES);
    // No power is above 0. One within the rounding error of a large logsumexp counts as 0, as its probability would be
    // arbitrary.
    lanes error = SELECT(shift < 0.0f, shift, -shift) * 0x1p-21f;
    for (int64_t j = 0; j < count; j++) {
      lanes p = LOAD(probabilities + j * TILE_QUERIES) - shift;
      p = SELECT(p > error, (lanes){0}, p);
      lanes_exp2(&p);
      lanes d = p * (LOAD(score_gradients + j * TILE_QUERIES) - delta) * scale;
      if (j >= whole) {
        words visible = (int32_t)j < seen;
        p = SELECT(visible, p, (lanes){0});
        d = SELECT(visible, d, (lanes){0});
      }
      STORE(probabilities + j * TILE_QUERIES, p);
      STORE(score_gradients + j * TILE_QUERIES, d);
    }
  }
}

static void differentiate_block(
    const job *work, const workspace *w, int64_t example, int64_t head, int64_t kv_head, int64_t block,
    attention_prefetch *ahead) {
  const backprop_attention_shape *s = work->shape;
  const backprop_tile_kernel *kernel = &work->kernel;
  int64_t first = block * TILE_QUERIES, queries = s->queries - first < TILE_QUERIES ? s->queries - first : TILE_QUERIES;
  int64_t length = attention_length(s, example), seen = keys_seen(s, length, first + queries - 1);
  int64_t row = up(s->size, LANES);
  // The first head's last block is done first and attends to every key that any block does: it writes the sums, the
  // others add.
  int adds = head > kv_head * (s->heads / s->kv_heads) || block < work->blocks - 1;
  const float *upstream = position(work->upstream, example, head, first);
  const float *query = position(work->q, example, head, first);
  backprop_attention_pack(queries, s->size, query, work->q->position, s->scale * LOG2_E, w->queries);
  backprop_attention_pack(queries, s->value_size, upstream, work->upstream->position, 1, w->upstream);
  attention_rows q = backprop_attention_rows(queries, s->size, query, work->q->position, 1, w->query_rows);
  attention_rows u =
      backprop_attention_rows(queries, s->value_size, upstream, work->upstream->position, 1, w->upstream_rows);
  // Sums of a single tile are whole vectors and rows, mostly, and are written directly to the gradients.
  int in_place = seen <= TILE_KEYS && s->size % LANES == 0 && queries % kernel->rows == 0;
  float *dq = position(work->dq, example, head, first);
  float *sums = in_place ? dq : w->gradient;
  int64_t sums_row = in_place ? work->dq->position : row;
  row_dots(
      queries, s->value_size, upstream, work->upstream->position, position(work->y, example, head, first),
      work->y->position, w->delta);
  const float *logsumexp = work->logsumexp + (example * s->heads + head) * s->queries + first;
  for (int64_t i = 0; i < TILE_QUERIES; i++) {
    if (i >= queries) w->delta[i] = 0;
    // Minus infinity where a query attends to no key; any number does there.
    w->logsumexp[i] = i < queries && logsumexp[i] > -INFINITY ? logsumexp[i] * LOG2_E : 0;
  }

  for (int64_t from = 0; from < seen; from += TILE_KEYS) {
    int64_t keys = seen - from < TILE_KEYS ? seen - from : TILE_KEYS;
    attention_tile tile = make_tile(s, length, first, queries, from, keys);
    attention_rows k = backprop_attention_rows(
        keys, s->size, position(work->k, example, kv_head, from), work->k->position, 1, w->keys);
    attention_rows v = backprop_attention_rows(
        keys, s->value_size, position(work->v, example, kv_head, from), work->v->position, 0, w->values);
    backprop_attention_tile_product(kernel, &tile, s->size, k.data, k.row, w->queries, w->probabilities, ahead);
    backprop_attention_tile_product(kernel, &tile, s->value_size, v.data, v.row, w->upstream, w->score_gradients, ahead);
    differentiate(&tile, s->scale, w);
    for (int64_t j = 0; j < keys; j += STRIP) {
      int64_t strip = keys - j < STRIP ? keys - j : STRIP, i = first_query_seeing(&tile, j);
      backprop_tile_product(
          kernel, strip, s->value_size, queries - i, w->probabilities + j * TILE_QUERIES + i, TILE_QUERIES,
          u.data + i * u.row, u.row, position(work->dv, example, kv_head, from + j), work->dv->position, adds);
      backprop_tile_product(
          kernel, strip, s->size, queries - i, w->score_gradients + j * TILE_QUERIES + i, TILE_QUERIES, q.data + i * q.row,
          q.row, position(work->dk, example, kv_head, from + j), work->dk->position, adds);
    }
    for (int64_t i = 0; i < queries; i += kernel->rows) {
      int64_t depth = tile_keys_seen(&tile, i + kernel->rows - 1);
      if (depth > 0)
        backprop_tile_transposed_product(
            kernel, row, depth, w->score_gradients + i, TILE_QUERIES, k.data, k.row, sums + i * sums_row, sums_row,
            from > 0 ? w->ones : NULL);
    }
  }

  int64_t blind = blind_queries(s, length, first, queries);
  for (int64_t i = 0; i < blind; i++) memset(dq + i * work->dq->position, 0, (size_t)s->size * sizeof *dq);
  if (in_place) return;
  for (int64_t i = blind; i < queries; i++)
    memcpy(dq + i * work->dq->position, w->gradient + i * row, (size_t)s->size * sizeof *dq);
}

// Whether the gradients of a head of keys and values, and of the queries that share it, are.
static int are_finite(const job *work, int64_t example, int64_t kv_head) {
  const backprop_attention_shape *s = work->shape;
  int64_t group = s->heads / s->kv_heads;
  int finite =
      backprop_attention_is_finite(s->keys, s->size, position(work->dk, example, kv_head, 0), work->dk->position) &&
      backprop_attention_is_finite(s->keys, s->value_size, position(work->dv, example, kv_head, 0), work->dv->position);
  for (int64_t head = kv_head * group; finite && head < (kv_head + 1) * group; head++)
    finite = backprop_attention_is_finite(
        s->queries, s->size, position(work->dq, example, head, 0), work->dq->position);
  return finite;
}

static void differentiate_heads(void *context, int64_t begin, int64_t end) {
  job *work = context;
  const backprop_attention_shape *s = work->shape;
  int64_t group = s->heads / s->kv_heads;
  float *memory = backprop_scratch(3, workspace_floats(s) * (int64_t)sizeof(float));
  if (!memory) {
    atomic_store_explicit(&work->out_of_memory, 1, memory_order_relaxed);
    return;
  }
  workspace w = make_workspace(s, memory);
  for (int64_t unit = begin; unit < end; unit++) {
    int64_t example = unit / s->kv_heads, kv_head = unit % s->kv_heads;
    // A key that the last query does not attend to is attended to by none.
    int64_t seen = s->queries > 0 ? keys_seen(s, attention_length(s, example), s->queries - 1) : 0;
    for (int64_t j = seen; j < s->keys; j++) {
      memset(position(work->dk, example, kv_head, j), 0, (size_t)s->size * sizeof(float));
      memset(position(work->dv, example, kv_head, j), 0, (size_t)s->value_size * sizeof(float));
    }
    for (int64_t head = kv_head * group; head < (kv_head + 1) * group; head++) {
      for (int64_t block = work->blocks - 1; block >= 0; block--) {
        attention_prefetch ahead = {.streams = 0};
        int64_t next = example * s->heads + head + 1;
        if (work->blocks <= 2 && block == 0 && next < end * group)  // longer heads were no faster for it
          ahead = ahead_of_head(s, next, work->q, work->k, work->v, work->upstream, work->y);
        differentiate_block(work, &w, example, head, kv_head, block, &ahead);
      }
    }
    if (!are_finite(work, example, kv_head))
      backprop_attention_exact_gradient(
          s, work->q, work->k, work->v, work->y, work->logsumexp, work->upstream, work->dq, work->dk, work->dv, example,
          kv_head);
  }
}

int backprop_attention_gradient(
    const backprop_attention_shape *shape, const backprop_heads *q, const backprop_heads *k, const backprop_heads *v,
    const backprop_heads *y, const float *logsumexp, const backprop_heads *upstream, const backprop_heads *dq,
    const backprop_heads *dk, const backprop_heads *dv) {
  job work = {shape, q, k, v, y, upstream, dq, dk, dv, logsumexp, backprop_choose_tile_kernel(), 0, 0};
  work.blocks = up(shape->queries, TILE_QUERIES) / TILE_QUERIES;
  double pairs = (double)(shape->heads / shape->kv_heads * shape->queries * shape->keys) * (shape->causal ? 0.5 : 1);
  double cost = pairs * (double)(3 * shape->size + 2 * shape->value_size + 32) / 50;
  int64_t units = shape->batch * shape->kv_heads;
  backprop_parallel(units, backprop_grain(units, cost), differentiate_heads, &work);
  return atomic_load_explicit(&work.out_of_memory, memory_order_relaxed) ? -1 : 0;
}
