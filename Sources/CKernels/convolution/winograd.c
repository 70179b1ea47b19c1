// 3 x 3 convolutions with 16 multiplications for 2 x 2 results instead of 36.
#include "convolution/winograd.h"

#include <stdatomic.h>
#include <stddef.h>

#include "convolution/convolution_direct.h"

#include "threading/grain.h"

// MARK: The images

// One column of B' d: rows[i] + at * steps[i] is its pixel in the i-th of four rows.
INLINE void image_column(lanes t[4], const float *const rows[4], const int64_t steps[4], int64_t at, int64_t width) {
  if (at < 0 || at >= width) {
    t[0] = t[1] = t[2] = t[3] = (lanes){0};
    return;
  }
  lanes a = LOAD(rows[0] + at * steps[0]), b = LOAD(rows[1] + at * steps[1]);
  lanes c = LOAD(rows[2] + at * steps[2]), d = LOAD(rows[3] + at * steps[3]);
  t[0] = a - c;
  t[1] = b + c;
  t[2] = c - b;
  t[3] = b - d;
}

// Neighbors share two of their four columns, which stay in registers.
CLONES static void transform_run(
    const backprop_winograd *s, const float *x, const tile_run *run, float *v, int64_t stride) {
  static const float zeros[LANES];
  int64_t width = s->width, channels = s->inputs;
  for (int64_t c = 0; c < channels; c += LANES) {
    const float *rows[4];
    int64_t steps[4];
    for (int i = 0; i < 4; i++) {
      int64_t y = 2 * run->row - s->padding[0] + i;
      int inside = y >= 0 && y < s->height;
      rows[i] = inside ? x + (run->image * s->height + y) * width * channels + c : zeros;
      steps[i] = inside ? channels : 0;
    }
    int64_t at = 2 * run->column - s->padding[1];
    lanes t[4][4];
    image_column(t[0], rows, steps, at, width);
    image_column(t[1], rows, steps, at + 1, width);
    float *to = v + c;
    for (int64_t tile = 0; tile < run->count; tile++) {
      image_column(t[2], rows, steps, at + 2, width);
      image_column(t[3], rows, steps, at + 3, width);
#pragma clang loop unroll(full)
      for (int i = 0; i < 4; i++) {
        STORE(to + i * stride, t[0][i] - t[2][i]);
        STORE(to + (4 + i) * stride, t[1][i] + t[2][i]);
        STORE(to + (8 + i) * stride, t[2][i] - t[1][i]);
        STORE(to + (12 + i) * stride, t[1][i] - t[3][i]);
        t[0][i] = t[2][i];
        t[1][i] = t[3][i];
      }
      at += 2;
      to += channels;
    }
  }
}

void backprop_winograd_images(
    const backprop_winograd *s, const float *x, int64_t first, int64_t end, float *v, int64_t stride) {
  winograd_tiles tiles = tiles_of(s);
  while (first < end) {
    tile_run run = run_from(&tiles, first, end);
    transform_run(s, x, &run, v, stride);
    first += run.count;
    v += run.count * s->inputs;
  }
}

// MARK: The weights

// u = G w G' as panels [4 columns][outputs / 16][inputs][4 frequencies][16 outputs].
typedef struct {
  const backprop_winograd *shape;
  const float *weights;
  int rotated;
  float *panels;
} weights_task;

INLINE void weights_column(lanes t[4], const lanes *a, const lanes *b, const lanes *c) {
  lanes ends = *a + *c;
  t[0] = *a;
  t[1] = 0.5f * (ends + *b);
  t[2] = 0.5f * (ends - *b);
  t[3] = *c;
}

// For begin...end of the lanes of outputs.
CLONES static void transform_weights(void *context, int64_t begin, int64_t end) {
  const weights_task *task = context;
  int64_t inputs = task->shape->inputs, outputs = task->shape->outputs;
  // Weights are [outputs, inputs, 3, 3], those to be rotated [inputs, outputs, 3, 3].
  int64_t output_step = task->rotated ? 9 : 9 * inputs, input_step = task->rotated ? 9 * outputs : 9;
  for (int64_t part = begin; part < end; part++)
    for (int64_t c = 0; c < inputs; c++) {
      const float *from = task->weights + part * LANES * output_step + c * input_step;
      float numbers[9][LANES];
      for (int lane = 0; lane < LANES; lane++)
        for (int i = 0; i < 9; i++) numbers[task->rotated ? 8 - i : i][lane] = from[lane * output_step + i];
      lanes w[9], left[3][4], t[4];
      for (int i = 0; i < 9; i++) w[i] = LOAD(numbers[i]);
      for (int j = 0; j < 3; j++) weights_column(left[j], &w[j], &w[3 + j], &w[6 + j]);
      for (int i = 0; i < 4; i++) {
        weights_column(t, &left[0][i], &left[1][i], &left[2][i]);
        for (int j = 0; j < 4; j++)
          STORE(task->panels + (((j * (outputs / LANES) + part) * inputs + c) * 4 + i) * LANES, t[j]);
      }
    }
}

// MARK: The products

// For a group of tiles, a column of frequencies and 16 outputs: z[2][tiles][16] = A' m, where m = v · u. Since the sums
// of a column are in registers together, half of them need not be stored. `count` tiles of one vector of `bytes` at a
// time.
#define COLUMN_PRODUCT(name, attribute, bytes, count)                                                                  \
  typedef float name##_type __attribute__((vector_size(bytes), aligned(4), may_alias));                                \
  attribute static void name(                                                                                          \
      int64_t inputs, const float *v, int64_t v_stride, const float *panel, float *z, int64_t z_stride,                \
      int64_t outputs) {                                                                                               \
    enum { WIDTH = bytes / 4 };                                                                                        \
    for (int64_t part = 0; part < LANES; part += WIDTH)                                                                \
      for (int64_t tile = 0; tile < GROUP; tile += count) {                                                            \
        name##_type sums[4][count];                                                                                    \
        const float *left = v + tile * inputs, *right = panel + part;                                                  \
        _Pragma("clang loop unroll(full)") for (int i = 0; i < 4; i++)                                                 \
          _Pragma("clang loop unroll(full)") for (int r = 0; r < count; r++) sums[i][r] = (name##_type){0};            \
        for (int64_t c = 0; c < inputs; c++) {                                                                         \
          _Pragma("clang loop unroll(full)") for (int i = 0; i < 4; i++) {                                             \
            name##_type u = *(const name##_type *)(right + i * LANES);                                                 \
            _Pragma("clang loop unroll(full)") for (int r = 0; r < count; r++)                                         \
              sums[i][r] = left[i * v_stride + r * inputs + c] * u + sums[i][r];                                       \
          }                                                                                                            \
          right += 4 * LANES;                                                                                          \
        }                                                                                                              \
        _Pragma("clang loop unroll(full)") for (int r = 0; r < count; r++) {                                           \
          float *to = z + (tile + r) * outputs + part;                                                                 \
          *(name##_type *)to = sums[0][r] + sums[1][r] + sums[2][r];                                                   \
          *(name##_type *)(to + z_stride) = sums[1][r] - sums[2][r] - sums[3][r];                                      \
        }                                                                                                              \
      }                                                                                                                \
  }

typedef void column_product(
    int64_t inputs, const float *v, int64_t v_stride, const float *panel, float *z, int64_t z_stride, int64_t outputs);

COLUMN_PRODUCT(narrow_product, CLONES, 32, 3)
#if defined(__x86_64__)
COLUMN_PRODUCT(wide_product, WIDE, 64, 6)
#endif

static column_product *choose_product(void) {
#if defined(__x86_64__)
  if (has_wide_registers()) return wide_product;
#endif
  return narrow_product;
}

// MARK: The results

// y = (A' m) A of the tiles of a run, clipped to the image. Whether one of them is NaN.
CLONES static int results_of_run(
    const backprop_winograd *s, const float *z, int64_t stride, const tile_run *run, float *y) {
  int64_t outputs = s->outputs, row_step = s->out_width * outputs;
  int64_t rows = minimum(2, s->out_height - 2 * run->row);
  float *to = y + (run->image * s->out_height + 2 * run->row) * row_step + 2 * run->column * outputs;
  words nan = {0};
  for (int64_t tile = 0; tile < run->count; tile++) {
    int both = 2 * (run->column + tile) + 1 < s->out_width;
    for (int64_t k = 0; k < outputs; k += LANES)
      for (int64_t i = 0; i < rows; i++) {
        const float *from = z + i * stride + k;
        lanes a = LOAD(from), b = LOAD(from + 2 * stride), c = LOAD(from + 4 * stride), d = LOAD(from + 6 * stride);
        lanes first = a + b + c, second = b - c - d;
        nan |= first != first | second != second;
        STORE(to + i * row_step + k, first);
        if (both) STORE(to + i * row_step + outputs + k, second);
      }
    z += outputs;
    to += 2 * outputs;
  }
  return any_lane(&nan);
}

// MARK: The whole

typedef struct {
  const backprop_winograd *shape;
  const float *x, *panels;
  float *y, *workspace;
  int64_t workers;
  _Atomic int *has_nan;
} convolution_task;

static int64_t worker_floats(const backprop_winograd *s) {
  return FREQUENCIES * frequency_stride(s->inputs) + FREQUENCIES / 2 * frequency_stride(s->outputs);
}

static void convolve_blocks(void *context, int64_t begin, int64_t end) {
  const convolution_task *task = context;
  const backprop_winograd *s = task->shape;
  int64_t inputs = s->inputs, outputs = s->outputs;
  int64_t v_stride = frequency_stride(inputs), z_stride = frequency_stride(outputs);
  winograd_tiles tiles = tiles_of(s);
  column_product *product = choose_product();
  float *v = task->workspace + begin * worker_floats(s), *z = v + FREQUENCIES * v_stride;
  int64_t last = first_tile(&tiles, end, task->workers);
  for (int64_t first = first_tile(&tiles, begin, task->workers); first < last; first += BLOCK) {
    int64_t next = minimum(first + BLOCK, last), after = minimum(next + BLOCK, last);
    backprop_winograd_images(s, task->x, first, next, v, v_stride);
    ahead images = prefetched_pixels(task->x, s->height, s->width, inputs, s->width, &tiles, next, after);
    ahead results = prefetched_pixels(task->y, s->out_height, s->out_width, outputs, 0, &tiles, first, next);
    for (int64_t j = 0; j < 4; j++)
      for (int64_t k = 0; k < outputs; k += LANES)
        for (int64_t tile = 0; tile < next - first; tile += GROUP) {
          ASK(images, GROUP * inputs / outputs + 1, 0)
          ASK(results, GROUP, 1)
          product(
              inputs, v + 4 * j * v_stride + tile * inputs, v_stride, task->panels + (j * outputs + k) * 4 * inputs,
              z + 2 * j * z_stride + tile * outputs + k, z_stride, outputs);
        }
    for (int64_t done = first; done < next;) {
      tile_run run = run_from(&tiles, done, next);
      if (results_of_run(s, z + (done - first) * outputs, z_stride, &run, task->y))
        atomic_store_explicit(task->has_nan, 1, memory_order_relaxed);
      done += run.count;
    }
  }
}

int32_t backprop_winograd_is_fast(void) {
#if defined(__x86_64__)
  return has_wide_registers() || (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"));
#else
  return 0;
#endif
}

int64_t backprop_winograd_workers(const backprop_winograd *s, int64_t threads) {
  int64_t blocks = (tiles_of(s).count + BLOCK - 1) / BLOCK;
  return blocks < 1 ? 1 : minimum(blocks, threads);
}

int64_t backprop_winograd_workspace(const backprop_winograd *s, int64_t workers) {
  return FREQUENCIES * s->inputs * s->outputs + workers * worker_floats(s);
}

void backprop_winograd_convolution(
    const backprop_winograd *s, const float *x, const float *weights, int32_t rotated, float *y, int64_t workers,
    float *workspace) {
  weights_task transform = {s, weights, rotated, workspace};
  int64_t parts = s->outputs / LANES;
  backprop_parallel(parts, backprop_grain(parts, 60.0 * (double)s->inputs), transform_weights, &transform);
  _Atomic int has_nan = 0;
  convolution_task task = {s, x, workspace, y, workspace + FREQUENCIES * s->inputs * s->outputs, workers, &has_nan};
  backprop_parallel(workers, 1, convolve_blocks, &task);
  if (has_nan) backprop_recompute_convolution(s, x, weights, rotated, y);
}
