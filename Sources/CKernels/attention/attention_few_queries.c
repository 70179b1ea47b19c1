// Attention of few queries, as in decoding with a cache, a token at a time: each row of keys and values is read
// once for all queries of a group, with vectors along the row.
#include <float.h>
#include <stdatomic.h>
#include <stddef.h>

#include "attention/attention_blocks.h"
#include "threading/grain.h"

enum { STRETCH = 128 };  // keys at a time

typedef struct {
  const backprop_attention_shape *shape;
  const backprop_heads *q, *k, *v, *y;
  float *logsumexp;
  _Atomic int out_of_memory;
} job;

// A row of size elements as vectors, zeros at the ragged end.
INLINE void load_row_part(lanes *v, const float *x, int64_t from, int64_t size) {
  if (from + LANES <= size) {
    *v = LOAD(x + from);
  } else {
    *v = (lanes){0};
    load_part(v, x + from, size - from);
  }
}

// scores[count] = q[size] · k[count, size]; q is padded with zeros to a multiple of 16
INLINE void dots(int64_t count, int64_t size, const float *q, const float *k, int64_t k_row, float *scores) {
  for (int64_t j = 0; j < count; j += 4) {
    const float *x[4];
    for (int64_t r = 0; r < 4; r++) x[r] = k + (j + r < count ? j + r : j) * k_row;
    lanes s[4] = {{0}, {0}, {0}, {0}};
    for (int64_t p = 0; p < size; p += LANES) {
      lanes left = LOAD(q + p);
#pragma clang loop unroll(full)
      for (int r = 0; r < 4; r++) {
        lanes right;
        load_row_part(&right, x[r], p, size);
        s[r] = left * right + s[r];
      }
    }
    // Four sums at once, halves against halves: lanes 0, 4, 8 and 12 end up with one each.
    lanes a = __builtin_shufflevector(s[0], s[1], 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23) +
              __builtin_shufflevector(s[0], s[1], 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31);
    lanes b = __builtin_shufflevector(s[2], s[3], 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23) +
              __builtin_shufflevector(s[2], s[3], 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31);
    lanes c = __builtin_shufflevector(a, b, 0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27) +
              __builtin_shufflevector(a, b, 4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23, 28, 29, 30, 31);
    c += __builtin_shufflevector(c, c, 2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13);
    c += __builtin_shufflevector(c, c, 1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10, 13, 12, 15, 14);
    for (int64_t r = 0; r < 4 && j + r < count; r++) scores[j + r] = c[r * 4];
  }
}

// scores[count], padded to a multiple of 16 -> powers of two relative to the maximum, which is returned in `greatest`;
// returns their sum
INLINE float exponentiate_and_sum(int64_t count, float *scores, float *greatest) {
  for (int64_t j = count; j < up(count, LANES); j++) scores[j] = -INFINITY;
  lanes top = SPLAT(*greatest);
  for (int64_t j = 0; j < count; j += LANES) {
    lanes s = LOAD(scores + j);
    top = SELECT(s > top, s, top);
  }
  *greatest = greatest_lane(&top);
  lanes sum = {0};
  for (int64_t j = 0; j < count; j += LANES) {
    lanes s = LOAD(scores + j) - *greatest;
    lanes_exp2(&s);
    sum += s;
    STORE(scores + j, s);
  }
  return sum_lanes(&sum);
}

// y[16 * vectors] = keep * y + p[count] · v[count, size] from column `from` on. `vectors` is constant where inlined.
INLINE void add_rows(
    int vectors, int64_t count, const float *p, const float *v, int64_t v_row, int64_t from, int64_t size, float keep,
    float *y) {
  lanes even[4], odd[4];
#pragma clang loop unroll(full)
  for (int e = 0; e < vectors; e++) even[e] = LOAD(y + from + e * LANES) * keep, odd[e] = (lanes){0};
  int64_t j = 0;
  for (; j + 2 <= count; j += 2) {
#pragma clang loop unroll(full)
    for (int e = 0; e < vectors; e++) {
      lanes a, b;
      load_row_part(&a, v + j * v_row, from + e * LANES, size);
      load_row_part(&b, v + (j + 1) * v_row, from + e * LANES, size);
      even[e] = p[j] * a + even[e];
      odd[e] = p[j + 1] * b + odd[e];
    }
  }
#pragma clang loop unroll(full)
  for (int e = 0; e < vectors; e++) {
    if (j < count) {
      lanes a;
      load_row_part(&a, v + j * v_row, from + e * LANES, size);
      even[e] = p[j] * a + even[e];
    }
    STORE(y + from + e * LANES, even[e] + odd[e]);
  }
}

// All queries of the heads that share one head of keys and values.
CLONES static void attend(const job *work, int64_t example, int64_t kv_head, float *memory) {
  const backprop_attention_shape *s = work->shape;
  int64_t group = s->heads / s->kv_heads, rows = group * s->queries, length = attention_length(s, example);
  int64_t size = up(s->size, LANES), value_size = up(s->value_size, LANES);
  float *queries = memory, *output = queries + rows * size, *scores = output + rows * value_size;
  float *greatest = scores + STRETCH, *sum = greatest + rows;
  for (int64_t r = 0; r < rows; r++) {
    const float *q = position(work->q, example, kv_head * group + r / s->queries, r % s->queries);
    for (int64_t p = 0; p < size; p++) queries[r * size + p] = p < s->size ? q[p] * (s->scale * LOG2_E) : 0;
    greatest[r] = -FLT_MAX, sum[r] = 0;
  }
  memset(output, 0, (size_t)(rows * value_size) * sizeof *output);

  for (int64_t from = 0; from < length; from += STRETCH) {
    const float *k = position(work->k, example, kv_head, from), *v = position(work->v, example, kv_head, from);
    for (int64_t r = 0; r < rows; r++) {
      int64_t count = clamp(keys_seen(s, length, r % s->queries) - from, 0, STRETCH);
      if (count == 0) continue;
      float before = greatest[r];
      dots(count, s->size, queries + r * size, k, work->k->position, scores);
      float added = exponentiate_and_sum(count, scores, &greatest[r]);
      float keep = from > 0 ? exp2f(before - greatest[r]) : 0;
      sum[r] = sum[r] * keep + added;
      float *y = output + r * value_size;
      int64_t c = 0;
      for (; c + 4 * LANES <= s->value_size; c += 4 * LANES)
        add_rows(4, count, scores, v, work->v->position, c, s->value_size, keep, y);
      for (; c + 2 * LANES <= s->value_size; c += 2 * LANES)
        add_rows(2, count, scores, v, work->v->position, c, s->value_size, keep, y);
      for (; c < s->value_size; c += LANES)
        add_rows(1, count, scores, v, work->v->position, c, s->value_size, keep, y);
    }
  }

  for (int64_t r = 0; r < rows; r++) {
    int64_t head = kv_head * group + r / s->queries, query = r % s->queries;
    int sees = keys_seen(s, length, query) > 0;
    float *y = position(work->y, example, head, query);
    float factor = sees ? 1 / sum[r] : 0;
    for (int64_t p = 0; p < s->value_size; p++) y[p] = output[r * value_size + p] * factor;
    work->logsumexp[(example * s->heads + head) * s->queries + query] =
        sees ? greatest[r] * LN_2 + logf(sum[r]) : -INFINITY;
  }
}

static void attend_heads(void *context, int64_t begin, int64_t end) {
  job *work = context;
  const backprop_attention_shape *s = work->shape;
  int64_t rows = s->heads / s->kv_heads * s->queries;
  int64_t floats = rows * (up(s->size, LANES) + up(s->value_size, LANES) + 2) + STRETCH;
  float *memory = backprop_scratch(3, floats * (int64_t)sizeof(float));
  if (!memory) {
    atomic_store_explicit(&work->out_of_memory, 1, memory_order_relaxed);
    return;
  }
  for (int64_t unit = begin; unit < end; unit++) attend(work, unit / s->kv_heads, unit % s->kv_heads, memory);
}

int backprop_attention_few_queries(
    const backprop_attention_shape *shape, const backprop_heads *q, const backprop_heads *k, const backprop_heads *v,
    const backprop_heads *y, float *logsumexp) {
  job work = {shape, q, k, v, y, logsumexp, 0};
  int64_t units = shape->batch * shape->kv_heads, rows = shape->heads / shape->kv_heads * shape->queries;
  // A key and a value are read from memory once, at some 30 GB/s, for all rows.
  double row = (double)(shape->size + shape->value_size);
  double cost = (double)shape->keys * (row / 8 + (double)rows * (row / 16 + 2));
  backprop_parallel(units, backprop_grain(units, cost), attend_heads, &work);
  return atomic_load_explicit(&work.out_of_memory, memory_order_relaxed) ? -1 : 0;
}
