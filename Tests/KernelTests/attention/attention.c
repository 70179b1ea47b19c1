// Scaled dot-product attention and its gradient: causal or not, grouped heads, lengths, any strides.
#include "check.h"

#include <stdlib.h>
#include <string.h>

// x[batch, heads, positions, size] in one of the orders of its first three axes, with gaps between positions.
static backprop_heads random_heads(
    int64_t batch, int64_t heads, int64_t positions, int64_t size, int order, int is_result) {
  int64_t row = size + (order == 2 ? pick(1, 20) : 0);
  backprop_heads x = {.position = row, .head = positions * row, .example = heads * positions * row};
  if (order == 1) x.position = heads * row, x.head = row;
  int64_t count = batch * heads * positions > 0
                      ? (batch - 1) * x.example + (heads - 1) * x.head + (positions - 1) * x.position + size : 0;
  x.data = is_result ? floats(count) : random_floats(count, -1, 1);
  return x;
}

static float *row_of(const backprop_heads *x, int64_t example, int64_t head, int64_t index) {
  return x->data + example * x->example + head * x->head + index * x->position;
}

// Scores are rounded sums of products; their error is that of the exponents, and relative to the probabilities.
#define SCORE_ERROR (24 * ROUNDING)

typedef struct {
  backprop_attention_shape shape;
  backprop_heads q, k, v, y, upstream, dq, dk, dv;
  float *logsumexp;
} problem;

static int64_t keys_seen(const backprop_attention_shape *s, int64_t example, int64_t query) {
  int64_t length = s->lengths[example * s->length_stride];
  int64_t seen = s->causal ? length - s->queries + query + 1 : length;
  return seen < 0 ? 0 : seen > length ? length : seen;
}

static double dot(int64_t count, const float *x, const float *y) {
  double sum = 0;
  for (int64_t i = 0; i < count; i++) sum += (double)x[i] * (double)y[i];
  return sum;
}

// The probabilities of a query's keys; returns their logsumexp. `greatest` becomes the greatest |score|.
static double probabilities_of(const problem *p, int64_t example, int64_t head, int64_t query, double *probabilities,
                               double *greatest) {
  const backprop_attention_shape *s = &p->shape;
  int64_t seen = keys_seen(s, example, query), kv_head = head / (s->heads / s->kv_heads);
  double most = -INFINITY, sum = 0;
  *greatest = 0;
  for (int64_t j = 0; j < seen; j++) {
    const float *key = row_of(&p->k, example, kv_head, j);
    double score = (double)s->scale * dot(s->size, row_of(&p->q, example, head, query), key);
    probabilities[j] = score;
    if (score > most) most = score;
    if (fabs(score) > *greatest) *greatest = fabs(score);
  }
  for (int64_t j = 0; j < seen; j++) sum += probabilities[j] = exp(probabilities[j] - most);
  for (int64_t j = 0; j < seen; j++) probabilities[j] /= sum;
  return most + log(sum);
}

static void compare_forward(const problem *p) {
  const backprop_attention_shape *s = &p->shape;
  double *probabilities = malloc((size_t)(s->keys + 1) * sizeof *probabilities);
  for (int64_t at = 0; at < s->batch * s->heads * s->queries; at++) {
    int64_t query = at % s->queries, head = at / s->queries % s->heads, example = at / s->queries / s->heads;
    int64_t seen = keys_seen(s, example, query), kv_head = head / (s->heads / s->kv_heads);
    double greatest, logsumexp = probabilities_of(p, example, head, query, probabilities, &greatest);
    const float *y = row_of(&p->y, example, head, query);
    double error = SCORE_ERROR * (1 + greatest);
    expect(at, p->logsumexp[at], seen > 0 ? logsumexp : -INFINITY, error);
    for (int64_t e = 0; e < s->value_size; e++) {
      double sum = 0, squares = 0;
      for (int64_t j = 0; j < seen; j++) {
        double term = probabilities[j] * (double)row_of(&p->v, example, kv_head, j)[e];
        sum += term, squares += term * term;
      }
      expect(at * s->value_size + e, y[e], sum, error * (fabs(sum) + sqrt(squares)));
    }
  }
  free(probabilities);
}

static problem make_problem(
    const char *kernel, int64_t batch, int64_t group, int64_t kv_heads, int64_t queries, int64_t keys, int64_t size,
    int64_t value_size, int32_t causal) {
  begin_case(kernel, "%lld examples, %lld heads, %lld of keys, %lld queries, %lld keys, sizes %lld and %lld%s",
             (long long)batch, (long long)(group * kv_heads), (long long)kv_heads, (long long)queries, (long long)keys,
             (long long)size, (long long)value_size, causal ? ", causal" : "");
  problem p = {.shape = {.batch = batch, .heads = group * kv_heads, .kv_heads = kv_heads, .queries = queries,
                         .keys = keys, .size = size, .value_size = value_size, .causal = causal,
                         .scale = (float)(1 / sqrt((double)size)), .length_stride = pick(0, 2)}};
  backprop_attention_shape *s = &p.shape;
  int32_t *lengths = integers((batch - 1) * s->length_stride + 1, 0, keys);
  for (int64_t i = 0; i < batch; i++)
    if (one_in(2)) lengths[i * s->length_stride] = (int32_t)keys;
  s->lengths = lengths;
  int order = (int)pick(0, 2);
  p.q = random_heads(batch, s->heads, queries, size, order, 0);
  p.k = random_heads(batch, kv_heads, keys, size, order, 0);
  p.v = random_heads(batch, kv_heads, keys, value_size, (int)pick(0, 2), 0);
  p.y = random_heads(batch, s->heads, queries, value_size, (int)pick(0, 2), 1);
  p.logsumexp = floats(batch * s->heads * queries);
  return p;
}

// A number that is not finite reaches the queries that see it and no other.
static void put_special_value(problem *p) {
  const backprop_attention_shape *s = &p->shape;
  const backprop_heads *x = one_in(2) ? &p->k : &p->v;
  row_of(x, pick(0, s->batch - 1), pick(0, s->kv_heads - 1), pick(0, s->keys - 1))[0] = NAN;
}

static void check_forward(int64_t batch, int64_t group, int64_t kv_heads, int64_t queries, int64_t keys, int64_t size,
                          int64_t value_size, int32_t causal, int special) {
  problem p = make_problem(
      special ? "backprop_attention with NaN" : "backprop_attention", batch, group, kv_heads, queries, keys, size,
      value_size, causal);
  if (special) put_special_value(&p);
  expect_integer(-1, backprop_attention(&p.shape, &p.q, &p.k, &p.v, &p.y, p.logsumexp), 0);
  if (!special) {
    compare_forward(&p);
    return;
  }
  const backprop_attention_shape *s = &p.shape;
  for (int64_t at = 0; at < batch * s->heads * queries; at++) {
    int64_t query = at % queries, head = at / queries % s->heads, example = at / queries / s->heads, bad = 0;
    for (int64_t j = 0; j < keys_seen(s, example, query); j++)
      bad |= isnan(row_of(&p.k, example, head / group, j)[0]) || isnan(row_of(&p.v, example, head / group, j)[0]);
    expect_integer(at, isnan(row_of(&p.y, example, head, query)[0]), bad);
  }
}

// What is expected of a gradient, and the error of each element.
typedef struct {
  double *sum, *error;
} expectation;

typedef struct {
  expectation of_queries, of_keys, of_values;  // dense
} gradients;

static expectation make_expectation(int64_t count) {
  return (expectation){calloc((size_t)count + 1, sizeof(double)), calloc((size_t)count + 1, sizeof(double))};
}

static void add(expectation *to, int64_t at, double term, double error) {
  to->sum[at] += term;
  to->error[at] += fabs(error);
}

// The length of a vector is what the error of its products is relative to.
static double length_of(int64_t count, const float *x) { return sqrt(dot(count, x, x)); }

// dV = P' U, dS = P * (U V' - delta), dQ = scale dS K, dK = scale dS' Q.
static gradients reference_gradients(const problem *p) {
  const backprop_attention_shape *s = &p->shape;
  int64_t kv_rows = s->batch * s->kv_heads * s->keys, group = s->heads / s->kv_heads;
  gradients g = {make_expectation(s->batch * s->heads * s->queries * s->size), make_expectation(kv_rows * s->size),
                 make_expectation(kv_rows * s->value_size)};
  double *probabilities = malloc((size_t)(s->keys + 1) * sizeof *probabilities);
  for (int64_t at = 0; at < s->batch * s->heads * s->queries; at++) {
    int64_t query = at % s->queries, head = at / s->queries % s->heads, example = at / s->queries / s->heads;
    int64_t seen = keys_seen(s, example, query);
    const float *u = row_of(&p->upstream, example, head, query), *q = row_of(&p->q, example, head, query);
    double greatest, delta = 0, length = length_of(s->value_size, u);
    probabilities_of(p, example, head, query, probabilities, &greatest);
    for (int64_t j = 0; j < seen; j++)
      delta += probabilities[j] * dot(s->value_size, u, row_of(&p->v, example, head / group, j));
    for (int64_t j = 0; j < seen; j++) {
      const float *key = row_of(&p->k, example, head / group, j), *value = row_of(&p->v, example, head / group, j);
      int64_t row = (example * s->kv_heads + head / group) * s->keys + j;
      double share = probabilities[j] * (double)s->scale, upstream = dot(s->value_size, u, value);
      double score = share * (upstream - delta);
      // Of a probability, relative to it, and of the gradient of a score; values are at most 1.
      double relative = SCORE_ERROR * (1 + greatest);
      double error = share * ROUNDING * 4 * length * sqrt((double)s->value_size) + fabs(score) * relative;
      for (int64_t e = 0; e < s->value_size; e++) {
        double term = probabilities[j] * (double)u[e];
        add(&g.of_values, row * s->value_size + e, term, term * relative);
      }
      for (int64_t e = 0; e < s->size; e++) {
        add(&g.of_queries, at * s->size + e, score * (double)key[e], error * (double)key[e]);
        add(&g.of_keys, row * s->size + e, score * (double)q[e], error * (double)q[e]);
      }
    }
  }
  free(probabilities);
  return g;
}

static void compare_rows(const backprop_heads *found, int64_t batch, int64_t heads, int64_t positions, int64_t size,
                         expectation expected) {
  for (int64_t i = 0; i < batch * heads * positions; i++) {
    const float *row = row_of(found, i / positions / heads, i / positions % heads, i % positions);
    for (int64_t e = 0, at = i * size; e < size; e++, at++) expect(at, row[e], expected.sum[at], expected.error[at]);
  }
  free(expected.sum), free(expected.error);
}

static void check_gradient(int64_t batch, int64_t group, int64_t kv_heads, int64_t queries, int64_t keys, int64_t size,
                           int64_t value_size, int32_t causal) {
  problem p = make_problem(
      "backprop_attention", batch, group, kv_heads, queries, keys, size, value_size, causal);
  const backprop_attention_shape *s = &p.shape;
  p.upstream = random_heads(batch, s->heads, queries, value_size, (int)pick(0, 2), 0);
  p.dq = random_heads(batch, s->heads, queries, size, (int)pick(0, 2), 1);
  p.dk = random_heads(batch, kv_heads, keys, size, (int)pick(0, 2), 1);
  p.dv = random_heads(batch, kv_heads, keys, value_size, (int)pick(0, 2), 1);
  expect_integer(-1, backprop_attention(s, &p.q, &p.k, &p.v, &p.y, p.logsumexp), 0);
  name_kernel("backprop_attention_gradient");
  expect_integer(-2, backprop_attention_gradient(
                         s, &p.q, &p.k, &p.v, &p.y, p.logsumexp, &p.upstream, &p.dq, &p.dk, &p.dv), 0);
  gradients g = reference_gradients(&p);
  compare_rows(&p.dq, batch, s->heads, queries, size, g.of_queries);
  compare_rows(&p.dk, batch, kv_heads, keys, size, g.of_keys);
  compare_rows(&p.dv, batch, kv_heads, keys, value_size, g.of_values);
}

void test_attention(void) {
  for (int64_t i = repeated(40); i > 0; i--) {
    int64_t queries = one_in(3) ? pick(1, 4) : one_in(5) ? pick(60, 140) : pick(5, 40);
    int64_t keys = one_in(2) ? queries : one_in(4) ? pick(1, 280) : pick(1, 50), sizes[2];
    for (int j = 0; j < 2; j++) sizes[j] = one_in(2) ? 16 * pick(1, 3) : pick(1, 40);
    int32_t causal = (int32_t)pick(0, 1);
    check_forward(pick(1, 2), pick(1, 3), pick(1, 2), queries, keys, sizes[0], sizes[1], causal, one_in(4));
    check_gradient(pick(1, 2), pick(1, 3), pick(1, 2), queries, keys, sizes[0], sizes[1], causal);
  }
  check_forward(1, 1, 1, 3, 700, 64, 64, 1, 0);   // decoding: several threads share the keys
  check_forward(1, 2, 2, 1, 1025, 1024, 16, 0, 0);
  check_gradient(1, 2, 1, 130, 260, 32, 32, 1);
}
