// 3 x 3 convolutions of images with channels last, and the gradient of their weights: Winograd's, and direct on AMX.
#include "check.h"

#include <stdlib.h>
#include <string.h>

typedef struct {
  backprop_winograd shape;
  int32_t rotated;
  const float *x, *weights;  // weights[outputs, inputs, 3, 3], or rotated by 180 degrees [inputs, outputs, 3, 3]
} convolution;

static double weight(const convolution *c, int64_t output, int64_t input, int64_t row, int64_t column) {
  const backprop_winograd *s = &c->shape;
  if (c->rotated) return (double)c->weights[(input * s->outputs + output) * 9 + 3 * (2 - row) + 2 - column];
  return (double)c->weights[(output * s->inputs + input) * 9 + 3 * row + column];
}

// The pixel of tap (row, column) of the result at (i, j); NULL outside of the image.
static const float *pixel(const convolution *c, int64_t image, int64_t i, int64_t j, int64_t row, int64_t column) {
  const backprop_winograd *s = &c->shape;
  int64_t y = i * s->stride + row - s->padding[0], x = j * s->stride + column - s->padding[1];
  if (y < 0 || y >= s->height || x < 0 || x >= s->width) return NULL;
  return c->x + ((image * s->height + y) * s->width + x) * s->inputs;
}

static void compare_results(const convolution *c, const float *y) {
  const backprop_winograd *s = &c->shape;
  double *lengths = calloc((size_t)s->outputs, sizeof *lengths);
  for (int64_t o = 0; o < s->outputs; o++) {
    for (int64_t k = 0; k < s->inputs * 9; k++) {
      double w = weight(c, o, k / 9, k % 9 / 3, k % 3);
      lengths[o] += w * w;
    }
  }
  for (int64_t at = 0; at < s->batch * s->out_height * s->out_width; at++) {
    int64_t image = at / s->out_width / s->out_height, i = at / s->out_width % s->out_height, j = at % s->out_width;
    double length = 0;
    const float *pixels[9];
    for (int64_t tap = 0; tap < 9; tap++) {
      pixels[tap] = pixel(c, image, i, j, tap / 3, tap % 3);
      for (int64_t k = 0; pixels[tap] && k < s->inputs; k++) length += (double)pixels[tap][k] * (double)pixels[tap][k];
    }
    for (int64_t o = 0; o < s->outputs; o++) {
      double sum = 0;
      for (int64_t tap = 0; tap < 9; tap++)
        for (int64_t k = 0; pixels[tap] && k < s->inputs; k++)
          sum += (double)pixels[tap][k] * weight(c, o, k, tap / 3, tap % 3);
      // The transforms add up to 16 pixels of a tile, also those that this result does not depend on.
      double error = sum_error(sqrt(length) + 1, sqrt(lengths[o]));
      expect(at * s->outputs + o, y[at * s->outputs + o], sum, error);
    }
  }
  free(lengths);
}

static void compare_gradient(const convolution *c, const float *y_gradient, const float *found) {
  const backprop_winograd *s = &c->shape;
  int64_t positions = s->batch * s->out_height * s->out_width;
  for (int64_t o = 0; o < s->outputs; o++)
    for (int64_t k = 0; k < s->inputs; k++)
      for (int64_t tap = 0; tap < 9; tap++) {
        double sum = 0;
        for (int64_t at = 0; at < positions; at++) {
          int64_t image = at / s->out_width / s->out_height, i = at / s->out_width % s->out_height;
          const float *x = pixel(c, image, i, at % s->out_width, tap / 3, tap % 3);
          if (x) sum += (double)x[k] * (double)y_gradient[at * s->outputs + o];
        }
        int64_t index = (o * s->inputs + k) * 9 + tap;
        double length = sqrt((double)positions / 3);  // of as many values of -1 to 1
        expect(index, found[index], sum, sum_error(length + 1, length + 1));
      }
}

static backprop_winograd random_shape(int64_t stride) {
  backprop_winograd s = {.batch = pick(1, 3), .height = pick(2, 13), .width = pick(2, 13), .inputs = 16 * pick(1, 2),
                         .outputs = 16 * pick(1, 3), .padding = {pick(0, 2), pick(0, 2)}, .stride = stride};
  // As many rows and columns of zeros as are needed after the images: 0 to 2.
  s.out_height = (s.height + s.padding[0] + pick(0, 2) - 3) / stride + 1;
  s.out_width = (s.width + s.padding[1] + pick(0, 2) - 3) / stride + 1;
  if (s.height + s.padding[0] < 3) s.out_height = 1;
  if (s.width + s.padding[1] < 3) s.out_width = 1;
  return s;
}

static void begin(const char *kernel, const convolution *c) {
  const backprop_winograd *s = &c->shape;
  begin_case(kernel, "%lld images [%lld, %lld, %lld] -> [%lld, %lld, %lld], padding %lld and %lld, stride %lld%s",
             (long long)s->batch, (long long)s->height, (long long)s->width, (long long)s->inputs,
             (long long)s->out_height, (long long)s->out_width, (long long)s->outputs, (long long)s->padding[0],
             (long long)s->padding[1], (long long)s->stride, c->rotated ? ", rotated" : "");
}

static void check_winograd(backprop_winograd s, int32_t rotated) {
  convolution c = {.shape = s, .rotated = rotated};
  int64_t workers = backprop_winograd_workers(&s, backprop_threads());
  int64_t results = s.batch * s.out_height * s.out_width * s.outputs, weights = s.outputs * s.inputs * 9;
  begin("backprop_winograd_convolution", &c);
  c.x = random_floats(s.batch * s.height * s.width * s.inputs, -1, 1), c.weights = random_floats(weights, -1, 1);
  float *y = floats(results);
  float *memory = workspace(backprop_winograd_workspace(&s, workers) * (int64_t)sizeof(float));
  backprop_winograd_convolution(&s, c.x, c.weights, rotated, y, workers, memory);
  compare_results(&c, y);

  c.rotated = 0;
  begin("backprop_winograd_weights_gradient", &c);
  c.x = random_floats(s.batch * s.height * s.width * s.inputs, -1, 1);
  float *y_gradient = random_floats(results, -1, 1), *gradient = floats(weights);
  memory = workspace(backprop_winograd_gradient_workspace(&s, workers) * (int64_t)sizeof(float));
  backprop_winograd_weights_gradient(&s, c.x, y_gradient, gradient, workers, memory);
  compare_gradient(&c, y_gradient, gradient);
}

// With a stride of 2 only weights that are not rotated: rotated ones have another meaning there, see convolution.h.
static void check_amx(backprop_winograd s, int32_t rotated) {
  convolution c = {.shape = s, .rotated = rotated};
  int64_t workers = backprop_winograd_workers(&s, backprop_threads());
  int64_t results = s.batch * s.out_height * s.out_width * s.outputs, weights = s.outputs * s.inputs * 9;
  begin("backprop_convolution_amx", &c);
  c.x = random_floats(s.batch * s.height * s.width * s.inputs, -1, 1), c.weights = random_floats(weights, -1, 1);
  float *y = floats(results);
  expect_integer(-1, backprop_convolution_amx(&s, c.x, c.weights, rotated, y, workers), 1);
  compare_results(&c, y);

  c.rotated = 0;
  begin("backprop_convolution_gradient_amx", &c);
  c.x = random_floats(s.batch * s.height * s.width * s.inputs, -1, 1);
  float *y_gradient = random_floats(results, -1, 1), *gradient = floats(weights);
  expect_integer(-1, backprop_convolution_gradient_amx(&s, c.x, y_gradient, gradient, workers), 1);
  compare_gradient(&c, y_gradient, gradient);
}

void test_convolutions(void) {
  for (int64_t i = repeated(10); i > 0; i--) check_winograd(random_shape(1), (int32_t)pick(0, 1));
  // Several blocks of tiles, for several workers.
  check_winograd((backprop_winograd){2, 21, 19, 16, 21, 19, 16, {1, 1}, 1}, 0);
  for (int64_t i = repeated(10); i > 0 && tests_amx(); i--) {
    int64_t stride = pick(1, 2);
    check_amx(random_shape(stride), stride == 1 ? (int32_t)pick(0, 1) : 0);
  }
}
