// Scaled dot-product attention.
#pragma once
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// The strides of x[batch, heads, positions, size] in elements along the first three axes. The last is contiguous.
typedef struct {
  float *data;
  int64_t example, head, position;
} backprop_heads;

// `size` of queries and keys, `value_size` of values and results. `heads` is a multiple of kv_heads; head h takes keys
// and values of head h / (heads / kv_heads). Example b has the first lengths[b * length_stride] keys (0...keys); query
// i of it sees all of them or, where causal, as many as lengths - queries + i + 1.
typedef struct {
  int64_t batch, heads, kv_heads, queries, keys, size, value_size;
  int32_t causal;
  float scale;
  const int32_t *lengths;
  int64_t length_stride;
} backprop_attention_shape;

// y[batch, heads, queries, value_size] = softmax(scale q k') v and logsumexp[batch, heads, queries] of the scaled
// scores, dense. A query that attends to no key gives 0 and minus infinity. Returns -1 where memory is exhausted,
// otherwise 0.
int backprop_attention(
    const backprop_attention_shape *shape, const backprop_heads *q, const backprop_heads *k, const backprop_heads *v,
    const backprop_heads *y, float *logsumexp);

// The gradients of q, k and v from what backprop_attention gave and the gradient of y.
int backprop_attention_gradient(
    const backprop_attention_shape *shape, const backprop_heads *q, const backprop_heads *k, const backprop_heads *v,
    const backprop_heads *y, const float *logsumexp, const backprop_heads *upstream, const backprop_heads *dq,
    const backprop_heads *dk, const backprop_heads *dv);

#ifdef __cplusplus
}
#endif
