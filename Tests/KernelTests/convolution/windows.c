// Unfold and fold, and pooling with its gradients. Values are small whole numbers, so that sums are exact.
#include "check.h"

#include <stdlib.h>
#include <string.h>

static backprop_window random_window(void) {
  backprop_window w = {.batch = pick(1, 3), .channels = one_in(3) ? 16 * pick(1, 2) : pick(1, 40)};
  int64_t sizes[2], out[2];
  int is_plain = one_in(2);  // as most networks have them
  for (int axis = 0; axis < 2; axis++) {
    w.kernel[axis] = is_plain ? 2 : pick(1, 4);
    w.stride[axis] = is_plain ? 2 : pick(1, 3);
    w.dilation[axis] = is_plain || one_in(2) ? 1 : pick(1, 3);
    int64_t reach = (w.kernel[axis] - 1) * w.dilation[axis];
    w.padding[axis] = is_plain ? 0 : pick(0, reach < 3 ? reach : 3);
    sizes[axis] = pick(1, 14);
    if (is_plain && one_in(2)) sizes[axis] = 2 * pick(1, 7);
    if (sizes[axis] + 2 * w.padding[axis] <= reach) sizes[axis] = reach + 1;
    out[axis] = (sizes[axis] + 2 * w.padding[axis] - reach - 1) / w.stride[axis] + 1;
    if (!is_plain && one_in(6)) out[axis]++;  // the last window may end after the padding
  }
  w.height = sizes[0], w.width = sizes[1], w.out_height = out[0], w.out_width = out[1];
  return w;
}

static void begin(const char *kernel, const backprop_window *w, const char *with) {
  begin_case(kernel, "%lld images of %lld channels [%lld, %lld] -> [%lld, %lld], kernel %lldx%lld, stride %lldx%lld, "
             "padding %lldx%lld, dilation %lldx%lld%s", (long long)w->batch, (long long)w->channels,
             (long long)w->height, (long long)w->width, (long long)w->out_height, (long long)w->out_width,
             (long long)w->kernel[0], (long long)w->kernel[1], (long long)w->stride[0], (long long)w->stride[1],
             (long long)w->padding[0], (long long)w->padding[1], (long long)w->dilation[0], (long long)w->dilation[1],
             with);
}

// The index in a plane of tap (kh, kw) of the window at (oh, ow), or -1 where it is outside.
static int64_t pixel_of(const backprop_window *w, int64_t oh, int64_t ow, int64_t kh, int64_t kw) {
  int64_t row = oh * w->stride[0] - w->padding[0] + kh * w->dilation[0];
  int64_t column = ow * w->stride[1] - w->padding[1] + kw * w->dilation[1];
  return row >= 0 && row < w->height && column >= 0 && column < w->width ? row * w->width + column : -1;
}

// The same for element i of [planes, oh, ow, kh, kw].
static int64_t pixel_of_element(const backprop_window *w, int64_t i) {
  int64_t taps = w->kernel[0] * w->kernel[1], tap = i % taps, window = i / taps % (w->out_height * w->out_width);
  return pixel_of(w, window / w->out_width, window % w->out_width, tap / w->kernel[1], tap % w->kernel[1]);
}

static float *whole_numbers(int64_t count) {
  float *x = floats(count);
  for (int64_t i = 0; i < count; i++) x[i] = (float)pick(-4, 4);
  return x;
}

static void check_unfold(const backprop_window *w) {
  begin("backprop_unfold", w, "");
  int64_t planes = w->batch * w->channels, taps = w->kernel[0] * w->kernel[1], windows = w->out_height * w->out_width;
  int64_t plane = w->height * w->width;
  float outside = one_in(2) ? -INFINITY : 0, *x = whole_numbers(planes * plane), *y = floats(planes * windows * taps);
  backprop_unfold(w, outside, x, y);
  for (int64_t i = 0; i < planes * windows * taps; i++) {
    int64_t at = pixel_of_element(w, i);
    expect_bits(i, y[i], at >= 0 ? x[i / taps / windows * plane + at] : outside);
  }
}

static void check_fold(const backprop_window *w) {
  begin("backprop_fold", w, "");
  int64_t planes = w->batch * w->channels, taps = w->kernel[0] * w->kernel[1], windows = w->out_height * w->out_width;
  int64_t plane = w->height * w->width;
  float *y = whole_numbers(planes * windows * taps), *x = floats(planes * plane);
  double *sums = calloc((size_t)(planes * plane), sizeof *sums);
  backprop_fold(w, y, x);
  for (int64_t i = 0; i < planes * windows * taps; i++) {
    int64_t at = pixel_of_element(w, i);
    if (at >= 0) sums[i / taps / windows * plane + at] += (double)y[i];
  }
  for (int64_t i = 0; i < planes * plane; i++) expect(i, x[i], sums[i], 0);
  free(sums);
}

typedef struct {
  double greatest, sum;
  int64_t first;  // index of the first greatest pixel, -1 where no pixel is inside
} pooled;

static pooled pool(const backprop_window *w, const float *x, int64_t image, int64_t oh, int64_t ow, int64_t channel) {
  pooled p = {-INFINITY, 0, -1};
  for (int64_t kh = 0; kh < w->kernel[0]; kh++)
    for (int64_t kw = 0; kw < w->kernel[1]; kw++) {
      int64_t at = pixel_of(w, oh, ow, kh, kw);
      if (at < 0) continue;
      at = (image * w->height * w->width + at) * w->channels + channel;
      double v = (double)x[at];
      p.sum += v;
      if (p.first < 0 || (!isnan(p.greatest) && (v > p.greatest || isnan(v)))) p.greatest = v, p.first = at;
    }
  return p;
}

static void check_pooling(const backprop_window *w, int special) {
  int64_t pixels = w->batch * w->height * w->width * w->channels;
  int64_t results = w->batch * w->out_height * w->out_width * w->channels;
  double taps = (double)(w->kernel[0] * w->kernel[1]);
  for (int average = 0; average < 2; average++) {
    for (int gradient = 0; gradient < 2; gradient++) {
      begin(average ? gradient ? "backprop_average_pool_gradient" : "backprop_average_pool"
                    : gradient ? "backprop_max_pool_gradient" : "backprop_max_pool", w, special ? ", special" : "");
      float *x = whole_numbers(pixels), *y = floats(gradient ? pixels : results), *upstream = whole_numbers(results);
      for (int64_t i = 0; i < pixels && special; i++)
        if (one_in(8)) x[i] = one_in(3) ? NAN : one_in(2) ? INFINITY : -INFINITY;
      double *sums = calloc((size_t)pixels, sizeof *sums);
      if (!gradient) {
        (average ? backprop_average_pool : backprop_max_pool)(w, x, y);
      } else if (average) {
        backprop_average_pool_gradient(w, upstream, y);
      } else {
        backprop_max_pool_gradient(w, x, upstream, y);
      }
      for (int64_t i = 0; i < results; i++) {
        int64_t channel = i % w->channels, ow = i / w->channels % w->out_width;
        int64_t row = i / w->channels / w->out_width, oh = row % w->out_height, image = row / w->out_height;
        pooled p = pool(w, x, image, oh, ow, channel);
        if (!gradient) {
          expect(i, y[i], average ? p.sum / taps : p.greatest, average ? 4 * taps * 4 * ROUNDING : 0);
        } else if (!average) {
          if (p.first >= 0) sums[p.first] += (double)upstream[i];
        } else {
          for (int64_t kh = 0; kh < w->kernel[0]; kh++)
            for (int64_t kw = 0; kw < w->kernel[1]; kw++) {
              int64_t at = pixel_of(w, oh, ow, kh, kw);
              if (at < 0) continue;
              at = (image * w->height * w->width + at) * w->channels + channel;
              sums[at] += (double)upstream[i] / taps;
            }
        }
      }
      for (int64_t i = 0; i < pixels && gradient; i++) expect(i, y[i], sums[i], average ? 64 * taps * ROUNDING : 0);
      free(sums);
    }
  }
}

void test_windows(void) {
  for (int64_t i = repeated(60); i > 0; i--) {
    backprop_window w = random_window();
    check_unfold(&w);
    check_fold(&w);
    check_pooling(&w, one_in(3));
  }
  const backprop_window large = {4, 32, 24, 24, 12, 12, {2, 2}, {2, 2}, {0, 0}, {1, 1}};
  check_pooling(&large, 0);
  const backprop_window overlapping = {2, 20, 30, 31, 15, 16, {3, 3}, {2, 2}, {1, 1}, {1, 1}};
  check_pooling(&overlapping, 1);
}
