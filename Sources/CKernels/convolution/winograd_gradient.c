// The gradient of the weights of a 3 x 3 convolution, the transpose of winograd.c: for the pixels d and the gradient y
// of the results of each tile it is G' (sum over tiles of (B' d B) * (A y A')) G.
#include "convolution/winograd.h"

#include <stdatomic.h>
#include <stddef.h>

#include "convolution/convolution_direct.h"

#include "threading/grain.h"

// MARK: The results' gradient

// A y, with the last row negated: gather_weights compensates for it.
INLINE void spread(lanes t[4], const lanes *a, const lanes *b) {
  t[0] = *a;
  t[1] = *a + *b;
  t[2] = *a - *b;
  t[3] = *b;
}

// w[frequency][tiles of the run][outputs] = A y A', zero past the end of the image.
CLONES static void spread_run(
    const backprop_winograd *s, const float *y, const tile_run *run, float *w, int64_t stride) {
  int64_t outputs = s->outputs, row_step = s->out_width * outputs;
  int both_rows = 2 * run->row + 1 < s->out_height;
  const float *from = y + (run->image * s->out_height + 2 * run->row) * row_step + 2 * run->column * outputs;
  for (int64_t tile = 0; tile < run->count; tile++) {
    int both_columns = 2 * (run->column + tile) + 1 < s->out_width;
    for (int64_t k = 0; k < outputs; k += LANES) {
      lanes a = LOAD(from + k), b = {0}, c = {0}, d = {0}, left[4], right[4], t[4];
      if (both_columns) b = LOAD(from + outputs + k);
      if (both_rows) c = LOAD(from + row_step + k);
      if (both_columns && both_rows) d = LOAD(from + row_step + outputs + k);
      spread(left, &a, &c);
      spread(right, &b, &d);
#pragma clang loop unroll(full)
      for (int i = 0; i < 4; i++) {
        spread(t, &left[i], &right[i]);
        for (int j = 0; j < 4; j++) STORE(w + (4 * j + i) * stride + k, t[j]);
      }
    }
    from += 2 * outputs;
    w += outputs;
  }
}

// MARK: The products

// sums[16, 16] += v[tiles, 16]' · w[tiles, 16], with rows `outputs`, `inputs` and `outputs` apart. Sums of `count` rows
// of one vector of `bytes` stay in registers; they begin at zero, since sums of sums round less than one long sum.
#define SUM_PRODUCT(name, attribute, bytes, count)                                                                     \
  typedef float name##_type __attribute__((vector_size(bytes), aligned(4), may_alias));                                \
  attribute static void name(                                                                                          \
      int64_t tiles, int64_t inputs, int64_t outputs, const float *v, const float *w, float *sums) {                   \
    for (int64_t part = 0; part < LANES; part += bytes / 4)                                                            \
      for (int64_t row = 0; row < LANES; row += count) {                                                               \
        name##_type sum[count];                                                                                        \
        const float *left = v + row, *right = w + part;                                                                \
        float *to = sums + row * outputs + part;                                                                       \
        _Pragma("clang loop unroll(full)") for (int r = 0; r < count; r++) sum[r] = (name##_type){0};                  \
        for (int64_t tile = 0; tile < tiles; tile++) {                                                                 \
          name##_type columns = *(const name##_type *)right;                                                           \
          _Pragma("clang loop unroll(full)") for (int r = 0; r < count; r++) sum[r] = left[r] * columns + sum[r];      \
          left += inputs;                                                                                              \
          right += outputs;                                                                                            \
        }                                                                                                              \
        _Pragma("clang loop unroll(full)") for (int r = 0; r < count; r++)                                             \
          *(name##_type *)(to + r * outputs) += sum[r];                                                                \
      }                                                                                                                \
  }

typedef void sum_product(
    int64_t tiles, int64_t inputs, int64_t outputs, const float *v, const float *w, float *sums);

SUM_PRODUCT(narrow_sum, CLONES, 32, 8)
#if defined(__x86_64__)
SUM_PRODUCT(wide_sum, WIDE, 64, 16)
#endif

static sum_product *choose_sum(void) {
#if defined(__x86_64__)
  if (has_wide_registers()) return wide_sum;
#endif
  return narrow_sum;
}

// MARK: The whole

typedef struct {
  const backprop_winograd *shape;
  const float *x, *y;
  float *weights, *workspace;
  int64_t workers;
  _Atomic int *has_nan;
} gradient_task;

// A worker's workspace: sums, v, w.
static int64_t sum_floats(const backprop_winograd *s) { return FREQUENCIES * s->inputs * s->outputs; }

static int64_t worker_floats(const backprop_winograd *s) {
  return sum_floats(s) + FREQUENCIES * (frequency_stride(s->inputs) + frequency_stride(s->outputs));
}

static void sum_blocks(void *context, int64_t begin, int64_t end) {
  const gradient_task *task = context;
  const backprop_winograd *s = task->shape;
  int64_t inputs = s->inputs, outputs = s->outputs;
  int64_t v_stride = frequency_stride(inputs), w_stride = frequency_stride(outputs);
  winograd_tiles tiles = tiles_of(s);
  sum_product *product = choose_sum();
  for (int64_t worker = begin; worker < end; worker++) {
    float *sums = task->workspace + worker * worker_floats(s), *v = sums + sum_floats(s), *w = v + FREQUENCIES * v_stride;
    memset(sums, 0, (size_t)sum_floats(s) * sizeof(float));
    int64_t last = first_tile(&tiles, worker + 1, task->workers);
    for (int64_t first = first_tile(&tiles, worker, task->workers); first < last; first += BLOCK) {
      int64_t next = minimum(first + BLOCK, last), after = minimum(next + BLOCK, last);
      backprop_winograd_images(s, task->x, first, next, v, v_stride);
      for (int64_t done = first; done < next;) {
        tile_run run = run_from(&tiles, done, next);
        spread_run(s, task->y, &run, w + (done - first) * outputs, w_stride);
        done += run.count;
      }
      ahead images = prefetched_pixels(task->x, s->height, s->width, inputs, s->width, &tiles, next, after);
      ahead results = prefetched_pixels(task->y, s->out_height, s->out_width, outputs, 0, &tiles, next, after);
      for (int64_t f = 0; f < FREQUENCIES; f++)
        for (int64_t k = 0; k < outputs; k += LANES)
          for (int64_t c = 0; c < inputs; c += LANES) {
            ASK(images, 4 * BLOCK / outputs + 1, 0)
            ASK(results, 4 * BLOCK / inputs + 1, 0)
            product(
                next - first, inputs, outputs, v + f * v_stride + c, w + f * w_stride + k,
                sums + (f * inputs + c) * outputs + k);
          }
    }
  }
}

// G' m of a column.
INLINE void gather_column(lanes t[3], const lanes m[4]) {
  lanes sum = 0.5f * (m[1] + m[2]);
  t[0] = m[0] + sum;
  t[1] = 0.5f * (m[1] - m[2]);
  t[2] = sum + m[3];
}

CLONES static void gather_weights(void *context, int64_t begin, int64_t end) {
  const gradient_task *task = context;
  const backprop_winograd *s = task->shape;
  words nan = {0};
  for (int64_t item = begin; item < end; item++) {
    int64_t k = item / s->inputs * LANES, c = item % s->inputs;
    lanes left[3][4], w[3];
    for (int j = 0; j < 4; j++) {
      lanes m[4];
      for (int i = 0; i < 4; i++) {
        const float *from = task->workspace + ((4 * j + i) * s->inputs + c) * s->outputs + k;
        m[i] = LOAD(from);
        for (int64_t worker = 1; worker < task->workers; worker++) m[i] += LOAD(from + worker * worker_floats(s));
        if ((i == 3) != (j == 3)) m[i] = -m[i];
      }
      lanes t[3];
      gather_column(t, m);
      for (int i = 0; i < 3; i++) left[i][j] = t[i];
    }
    for (int i = 0; i < 3; i++) {
      gather_column(w, left[i]);
      for (int j = 0; j < 3; j++) {
        nan |= w[j] != w[j];
        for (int lane = 0; lane < LANES; lane++)
          task->weights[((k + lane) * s->inputs + c) * 9 + 3 * i + j] = w[j][lane];
      }
    }
  }
  if (any_lane(&nan)) atomic_store_explicit(task->has_nan, 1, memory_order_relaxed);
}

int64_t backprop_winograd_gradient_workspace(const backprop_winograd *s, int64_t workers) {
  return workers * worker_floats(s);
}

void backprop_winograd_weights_gradient(
    const backprop_winograd *s, const float *x, const float *y_gradient, float *weights_gradient, int64_t workers,
    float *workspace) {
  _Atomic int has_nan = 0;
  gradient_task task = {s, x, y_gradient, weights_gradient, workspace, workers, &has_nan};
  backprop_parallel(workers, 1, sum_blocks, &task);
  int64_t items = s->outputs / LANES * s->inputs;
  backprop_parallel(items, backprop_grain(items, 80), gather_weights, &task);
  if (has_nan) backprop_recompute_weights_gradient(s, x, y_gradient, weights_gradient);
}
