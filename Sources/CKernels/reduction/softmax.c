// Softmax and cross entropy, row by row.
//
// The greatest element is subtracted before exponentials, so that none overflows. Each row is one thread's.
#include "CKernels.h"
#include "simd/functions.h"
#include "threading/grain.h"

// The greatest of x[width]; NaN if any is. `readable` elements may be read from x on (here and below).
INLINE float row_maximum(int64_t width, int64_t readable, const float *x) {
  lanes a = SPLAT(-INFINITY), b = a;
  int64_t i = 0;
  for (; i + 2 * LANES <= width; i += 2 * LANES) {
    lanes x0 = LOAD(x + i), x1 = LOAD(x + i + LANES);
    lanes_maximum(&a, &x0);
    lanes_maximum(&b, &x1);
  }
  for (; i < width; i += LANES) {
    lanes v;
    load_tail(&v, x + i, width - i, readable - i, -INFINITY);
    lanes_maximum(&a, &v);
  }
  lanes_maximum(&a, &b);
  words bad = a != a;
  return any_lane(&bad) ? NAN : greatest_lane(&a);
}

// sum(exp(x - shift)); stores the exponentials into y unless it is NULL. Sums of long rows in double across stretches.
INLINE double exponentials(int64_t width, int64_t readable, const float *x, float shift, float *y) {
  double total = 0;
  lanes sum = {0};
  int64_t i = 0, flush = 4096;
  for (; i < width; i += LANES) {
    int64_t n = width - i;
    lanes v;
    load_tail(&v, x + i, n, readable - i, -INFINITY);
    v = v - shift;
    lanes_exp(&v);
    sum += v;
    if (y) {
      if (n >= LANES) STORE(y + i, v); else store_part(y + i, &v, n);
    }
    if (i >= flush) {
      total += (double)sum_lanes(&sum);
      sum = (lanes){0};
      flush += 4096;
    }
  }
  return total + (double)sum_lanes(&sum);
}

// y = x * scale + shift
INLINE void scale_row(int64_t width, int64_t readable, const float *x, float scale, float shift, float *y) {
  int64_t i = 0;
  for (; i + LANES <= width; i += LANES) STORE(y + i, LOAD(x + i) * scale + shift);
  if (i < width) {
    lanes v;
    load_tail(&v, x + i, width - i, readable - i, 0);
    v = v * scale + shift;
    store_part(y + i, &v, width - i);
  }
}

typedef struct {
  int64_t count, width;
  const float *x;
  const int32_t *labels;
  const float *upstream;
  float *y;
} rows;

// y[rows, width] = softmax(x[rows, width]) along width
CLONES static void softmax_rows(void *context, int64_t begin, int64_t end) {
  const rows *r = context;
  for (int64_t i = begin; i < end; i++) {
    const float *x = r->x + i * r->width;
    int64_t readable = (r->count - i) * r->width;
    float *y = r->y + i * r->width;
    double sum = exponentials(r->width, readable, x, row_maximum(r->width, readable, x), y);
    scale_row(r->width, readable, y, (float)(1 / sum), -0.0f, y);
  }
}

// y[rows, width] = log(softmax(x[rows, width])) along width
CLONES static void log_softmax_rows(void *context, int64_t begin, int64_t end) {
  const rows *r = context;
  for (int64_t i = begin; i < end; i++) {
    const float *x = r->x + i * r->width;
    int64_t readable = (r->count - i) * r->width;
    float *y = r->y + i * r->width;
    float greatest = row_maximum(r->width, readable, x);
    float log_sum = (float)log(exponentials(r->width, readable, x, greatest, NULL));
    // In two steps: the sum of both may be far larger than the difference to x.
    scale_row(r->width, readable, x, 1, -greatest, y);
    scale_row(r->width, readable, y, 1, -log_sum, y);
  }
}

// y[rows] = log(sum(exp(x[rows, width]))) - x[row, labels[row]]
CLONES static void cross_entropy_rows(void *context, int64_t begin, int64_t end) {
  const rows *r = context;
  for (int64_t i = begin; i < end; i++) {
    const float *x = r->x + i * r->width;
    int64_t readable = (r->count - i) * r->width;
    int32_t label = r->labels[i];
    if (label < 0 || label >= r->width) {
      r->y[i] = NAN;
      continue;
    }
    float greatest = row_maximum(r->width, readable, x);
    double log_sum = log(exponentials(r->width, readable, x, greatest, NULL));
    r->y[i] = (float)(log_sum + ((double)greatest - (double)x[label]));
  }
}

// y[rows, width] = (softmax(x[rows, width]) - one_hot(labels[rows])) * upstream[rows]
CLONES static void cross_entropy_gradient_rows(void *context, int64_t begin, int64_t end) {
  const rows *r = context;
  for (int64_t i = begin; i < end; i++) {
    const float *x = r->x + i * r->width;
    int64_t readable = (r->count - i) * r->width;
    float *y = r->y + i * r->width;
    int32_t label = r->labels[i];
    if (r->upstream[i] == 0) {  // masked: label and logits may be anything
      memset(y, 0, (size_t)r->width * sizeof *y);
      continue;
    }
    if (label < 0 || label >= r->width) {
      for (int64_t j = 0; j < r->width; j++) y[j] = NAN;
      continue;
    }
    double sum = exponentials(r->width, readable, x, row_maximum(r->width, readable, x), y);
    // Near 1, softmax - 1 loses its digits in float.
    float at_label = (float)(((double)y[label] / sum - 1) * (double)r->upstream[i]);
    scale_row(r->width, readable, y, (float)((double)r->upstream[i] / sum), -0.0f, y);
    y[label] = at_label;
  }
}

static void run(int64_t count, rows r, double passes, backprop_task task) {
  if (count <= 0 || r.width <= 0) return;
  backprop_parallel(count, backprop_grain(count, 20 + (double)r.width * passes), task, &r);
}

void backprop_softmax(int64_t count, int64_t width, const float *x, float *y) {
  run(count, (rows){count, width, x, NULL, NULL, y}, 0.5, softmax_rows);
}

void backprop_log_softmax(int64_t count, int64_t width, const float *x, float *y) {
  run(count, (rows){count, width, x, NULL, NULL, y}, 0.5, log_softmax_rows);
}

void backprop_cross_entropy(
    int64_t count, int64_t classes, const float *logits, const int32_t *labels, float *losses) {
  if (classes <= 0) {
    for (int64_t i = 0; i < count; i++) losses[i] = NAN;
    return;
  }
  run(count, (rows){count, classes, logits, labels, NULL, losses}, 0.4, cross_entropy_rows);
}

void backprop_cross_entropy_gradient(
    int64_t count, int64_t classes, const float *logits, const int32_t *labels, const float *upstream,
    float *gradient) {
  run(count, (rows){count, classes, logits, labels, upstream, gradient}, 0.5, cross_entropy_gradient_rows);
}
