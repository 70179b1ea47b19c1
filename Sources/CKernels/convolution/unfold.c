// Unfold (im2col) and fold (col2im): convolutions and pooling are defined by them.
#include "CKernels.h"
#include "convolution/window_bounds.h"
#include "simd/simd.h"
#include "threading/grain.h"

typedef struct {
  const backprop_window *window;
  float outside;
  const float *x;
  float *y;
} job;

// x[plane, h, w] -> y[plane, oh, ow, kh, kw], one plane (image and channel) a unit
static void unfold_planes(void *context, int64_t begin, int64_t end) {
  const job *j = context;
  const backprop_window *w = j->window;
  int64_t kw = w->kernel[1], dilation = w->dilation[1], window_size = w->kernel[0] * kw;
  for (int64_t plane = begin; plane < end; plane++) {
    const float *x = j->x + plane * w->height * w->width;
    float *y = j->y + plane * w->out_height * w->out_width * window_size;
    for (int64_t oh = 0; oh < w->out_height; oh++) {
      for (int64_t ow = 0; ow < w->out_width; ow++) {
        int64_t left = ow * w->stride[1] - w->padding[1], first, last;
        backprop_inside(left, kw, dilation, w->width, &first, &last);
        for (int64_t kh = 0; kh < w->kernel[0]; kh++, y += kw) {
          int64_t row = oh * w->stride[0] - w->padding[0] + kh * w->dilation[0];
          const float *from = x + row * w->width + left;
          if (row < 0 || row >= w->height) {
            for (int64_t k = 0; k < kw; k++) y[k] = j->outside;
          } else if (kw == 3 && dilation == 1 && first == 0 && last == 3) {  // the most common kernel
            y[0] = from[0], y[1] = from[1], y[2] = from[2];
          } else {
            for (int64_t k = 0; k < first; k++) y[k] = j->outside;
            for (int64_t k = first; k < last; k++) y[k] = from[k * dilation];
            for (int64_t k = last; k < kw; k++) y[k] = j->outside;
          }
        }
      }
    }
  }
}

// y[plane, oh, ow, kh, kw] -> x[plane, h, w], summed in the order of y. Planes do not overlap: no two threads add
// to the same element.
static void fold_planes(void *context, int64_t begin, int64_t end) {
  const job *j = context;
  const backprop_window *w = j->window;
  int64_t kw = w->kernel[1], dilation = w->dilation[1], window_size = w->kernel[0] * kw;
  for (int64_t plane = begin; plane < end; plane++) {
    const float *y = j->x + plane * w->out_height * w->out_width * window_size;
    float *x = j->y + plane * w->height * w->width;
    memset(x, 0, (size_t)(w->height * w->width) * sizeof *x);
    for (int64_t oh = 0; oh < w->out_height; oh++) {
      for (int64_t ow = 0; ow < w->out_width; ow++) {
        int64_t left = ow * w->stride[1] - w->padding[1], first, last;
        backprop_inside(left, kw, dilation, w->width, &first, &last);
        for (int64_t kh = 0; kh < w->kernel[0]; kh++, y += kw) {
          int64_t row = oh * w->stride[0] - w->padding[0] + kh * w->dilation[0];
          if (row < 0 || row >= w->height) continue;
          float *to = x + row * w->width + left;
          for (int64_t k = first; k < last; k++) to[k * dilation] += y[k];
        }
      }
    }
  }
}

static void run(const backprop_window *w, float outside, const float *x, float *y, backprop_task task) {
  int64_t planes = w->batch * w->channels;
  double cost = (double)(w->out_height * w->out_width * w->kernel[0] * w->kernel[1]) * 0.6 +
                (double)(w->height * w->width) * 0.1;
  job j = {w, outside, x, y};
  backprop_parallel(planes, backprop_grain(planes, cost), task, &j);
}

void backprop_unfold(const backprop_window *window, float outside, const float *x, float *y) {
  run(window, outside, x, y, unfold_planes);
}

void backprop_fold(const backprop_window *window, const float *y, float *x) {
  run(window, 0, y, x, fold_planes);
}
