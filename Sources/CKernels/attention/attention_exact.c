// Attention one query after the other, over exactly the keys that it sees.
//
// The kernels compute a few queries side by side and multiply what one of them does not see by 0, which makes NaN of an
// infinity or a NaN there. Where their results are not finite, these functions recompute them. So a value that is not
// finite reaches the queries that see it and no other, and a query without an upstream gradient changes nothing.
#include <stdlib.h>

#include "attention/attention_blocks.h"

static double dot(int64_t size, const float *x, const float *y) {
  double sum = 0;
  for (int64_t p = 0; p < size; p++) sum += (double)x[p] * (double)y[p];
  return sum;
}

CLONES int backprop_attention_is_finite(int64_t rows, int64_t size, const float *x, int64_t x_row) {
  float sum = 0;
  for (int64_t i = 0; i < rows; i++) {
    const float *row = x + i * x_row;
    lanes zeros = {0};
    int64_t p = 0;
    for (; p + LANES <= size; p += LANES) zeros += LOAD(row + p) * 0.0f;
    sum += sum_lanes(&zeros);
    for (; p < size; p++) sum += row[p] * 0.0f;
  }
  return sum == 0;
}

int backprop_attention_exact_rows(
    const backprop_attention_shape *s, const backprop_heads *q, const backprop_heads *k, const backprop_heads *v,
    const backprop_heads *y, int64_t example, int64_t head, int64_t first, int64_t queries) {
  int64_t length = attention_length(s, example), kv_head = head / (s->heads / s->kv_heads);
  double *powers = malloc((size_t)(length + s->value_size + 1) * sizeof *powers);
  if (!powers) return -1;
  double *sums = powers + length;
  for (int64_t i = first; i < first + queries; i++) {
    int64_t seen = keys_seen(s, length, i);
    if (seen == 0) continue;  // zeros by now
    const float *query = position(q, example, head, i);
    float *to = position(y, example, head, i);
    double greatest = -INFINITY, total = 0;
    for (int64_t j = 0; j < seen; j++) {
      powers[j] = dot(s->size, query, position(k, example, kv_head, j)) * (double)s->scale;
      if (powers[j] > greatest) greatest = powers[j];
    }
    for (int64_t p = 0; p < s->value_size; p++) sums[p] = 0;
    for (int64_t j = 0; j < seen; j++) {
      const float *value = position(v, example, kv_head, j);
      double power = exp(powers[j] - greatest);
      total += power;
      for (int64_t p = 0; p < s->value_size; p++) sums[p] += power * (double)value[p];
    }
    for (int64_t p = 0; p < s->value_size; p++) to[p] = (float)(sums[p] / total);
  }
  free(powers);
  return 0;
}

static int is_zero(int64_t size, const float *x) {
  for (int64_t p = 0; p < size; p++)
    if (x[p] != 0) return 0;
  return 1;
}

void backprop_attention_exact_gradient(
    const backprop_attention_shape *s, const backprop_heads *q, const backprop_heads *k, const backprop_heads *v,
    const backprop_heads *y, const float *logsumexp, const backprop_heads *upstream, const backprop_heads *dq,
    const backprop_heads *dk, const backprop_heads *dv, int64_t example, int64_t kv_head) {
  int64_t group = s->heads / s->kv_heads, length = attention_length(s, example);
  for (int64_t j = 0; j < s->keys; j++) {
    memset(position(dk, example, kv_head, j), 0, (size_t)s->size * sizeof(float));
    memset(position(dv, example, kv_head, j), 0, (size_t)s->value_size * sizeof(float));
  }
  for (int64_t head = kv_head * group; head < (kv_head + 1) * group; head++) {
    for (int64_t i = 0; i < s->queries; i++) {
      const float *query = position(q, example, head, i), *u = position(upstream, example, head, i);
      float *query_gradient = position(dq, example, head, i);
      memset(query_gradient, 0, (size_t)s->size * sizeof(float));
      if (is_zero(s->value_size, u)) continue;
      double delta = dot(s->value_size, u, position(y, example, head, i));
      double shift = (double)logsumexp[(example * s->heads + head) * s->queries + i];
      for (int64_t j = 0; j < keys_seen(s, length, i); j++) {
        const float *key = position(k, example, kv_head, j), *value = position(v, example, kv_head, j);
        float *key_gradient = position(dk, example, kv_head, j), *value_gradient = position(dv, example, kv_head, j);
        double power = exp(dot(s->size, query, key) * (double)s->scale - shift);
        float score_gradient = (float)(power * (dot(s->value_size, u, value) - delta) * (double)s->scale);
        for (int64_t p = 0; p < s->value_size; p++) value_gradient[p] += (float)power * u[p];
        for (int64_t p = 0; p < s->size; p++) {
          key_gradient[p] += score_gradient * query[p];
          query_gradient[p] += score_gradient * key[p];
        }
      }
    }
  }
}
