// Sums over taps and channels as they are defined, sixteen outputs or inputs at a time.
#include "convolution/convolution_direct.h"

#include "simd/simd.h"
#include "threading/grain.h"

typedef struct {
  const backprop_winograd *shape;
  const float *x, *weights;
  int is_rotated;
  float *y;
} convolution;

// What a result of row or column `at` sees through a tap: the row or column of the image, or -1 where there is none.
static int64_t seen(const convolution *c, int64_t at, int64_t tap, int axis) {
  const backprop_winograd *s = c->shape;
  const int is_spread = c->is_rotated && s->stride == 2;  // zeros between the pixels
  int64_t from = at * (is_spread ? 1 : s->stride) - s->padding[axis] + tap;
  if (is_spread) from = from % 2 == 0 ? from / 2 : -1;
  return from < (axis == 0 ? s->height : s->width) ? from : -1;
}

CLONES static void sum_taps(const convolution *c, int64_t image, int64_t row, int64_t column, int64_t k, float *to) {
  const backprop_winograd *s = c->shape;
  // Weights are [outputs, inputs, 3, 3], those to be rotated [inputs, outputs, 3, 3].
  const int64_t output_step = c->is_rotated ? 9 : 9 * s->inputs, input_step = c->is_rotated ? 9 * s->outputs : 9;
  lanes sum = {0};
  for (int64_t tap = 0; tap < 9; tap++) {
    const int64_t i = seen(c, row, tap / 3, 0), j = seen(c, column, tap % 3, 1);
    if (i < 0 || j < 0) continue;
    const float *pixel = c->x + ((image * s->height + i) * s->width + j) * s->inputs;
    const float *weights = c->weights + k * output_step + (c->is_rotated ? 8 - tap : tap);
    for (int64_t input = 0; input < s->inputs; input++) {
      lanes w;
      for (int lane = 0; lane < LANES; lane++) w[lane] = weights[lane * output_step + input * input_step];
      sum += pixel[input] * w;
    }
  }
  STORE(to, sum);
}

INLINE int has_nan(const float *x) {
  const lanes v = LOAD(x);
  const words nan = v != v;
  return any_lane(&nan);
}

CLONES static void recompute_rows(void *context, int64_t begin, int64_t end) {
  const convolution *c = context;
  const backprop_winograd *s = c->shape;
  float *y = c->y + begin * s->out_width * s->outputs;
  for (int64_t row = begin; row < end; row++)
    for (int64_t column = 0; column < s->out_width; column++)
      for (int64_t k = 0; k < s->outputs; k += LANES, y += LANES)
        if (has_nan(y)) sum_taps(c, row / s->out_height, row % s->out_height, column, k, y);
}

void backprop_recompute_convolution(
    const backprop_winograd *s, const float *x, const float *weights, int32_t rotated, float *y) {
  convolution c = {s, x, weights, rotated, y};
  backprop_parallel(s->batch * s->out_height, 1, recompute_rows, &c);
}

// MARK: The gradient of the weights

typedef struct {
  const backprop_winograd *shape;
  const float *x, *y;
  float *weights;
} gradient;

// For sixteen inputs of one output and tap. Sums of rows, as sums of sums round less than one long sum.
CLONES static void sum_pixels(const gradient *g, int64_t output, int64_t input, int64_t tap, lanes *result) {
  const backprop_winograd *s = g->shape;
  lanes sum = {0};
  for (int64_t row = 0; row < s->batch * s->out_height; row++) {
    const int64_t image = row / s->out_height, i = row % s->out_height * s->stride - s->padding[0] + tap / 3;
    if (i < 0 || i >= s->height) continue;
    const float *x = g->x + (image * s->height + i) * s->width * s->inputs + input;
    const float *y = g->y + row * s->out_width * s->outputs + output;
    lanes part = {0};
    for (int64_t column = 0; column < s->out_width; column++) {
      const int64_t j = column * s->stride - s->padding[1] + tap % 3;
      if (j >= 0 && j < s->width) part += y[column * s->outputs] * LOAD(x + j * s->inputs);
    }
    sum += part;
  }
  *result = sum;
}

static void recompute_outputs(void *context, int64_t begin, int64_t end) {
  const gradient *g = context;
  const int64_t inputs = g->shape->inputs;
  for (int64_t output = begin; output < end; output++)
    for (int64_t input = 0; input < inputs; input += LANES)
      for (int64_t tap = 0; tap < 9; tap++) {
        float *to = g->weights + (output * inputs + input) * 9 + tap;
        int is_wanted = 0;
        for (int lane = 0; lane < LANES; lane++) is_wanted |= isnan(to[lane * 9]) != 0;
        if (!is_wanted) continue;
        lanes sum;
        sum_pixels(g, output, input, tap, &sum);
        for (int lane = 0; lane < LANES; lane++)
          if (isnan(to[lane * 9])) to[lane * 9] = sum[lane];
      }
}

void backprop_recompute_weights_gradient(
    const backprop_winograd *s, const float *x, const float *y_gradient, float *weights_gradient) {
  gradient g = {s, x, y_gradient, weights_gradient};
  backprop_parallel(s->outputs, 1, recompute_outputs, &g);
}
