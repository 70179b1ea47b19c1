// Group normalization (Wu & He, 2018): over the channels of a group and all their positions, which are contiguous.
#include "CKernels.h"
#include "normalization/statistics.h"
#include "simd/simd.h"
#include "threading/grain.h"

enum { STRETCH = 4096 };  // elements that are summed in float lanes, before they go into a double

typedef struct {
  int64_t outer, channels, groups, inner;
  int64_t per_group, width;  // channels and elements of a group
  const float *x, *scale, *shift, *upstream, *mean, *inverse;
  float epsilon;
  float *y, *mean_out, *inverse_out, *scale_gradient, *shift_gradient;
} normalization;

typedef enum { SQUARE, SCALED, PRODUCT } term;  // (x - center)², u scale, u scale (x - center)

// The sum of a term over a run of `count` elements.
INLINE double run_sum(term kind, int64_t count, const float *x, float center, const float *u, float scale) {
  double total = 0;
  for (int64_t begin = 0; begin < count; begin += STRETCH) {
    int64_t end = count - begin < STRETCH ? count : begin + STRETCH, i = begin;
    lanes sum = {0};
    for (; i + LANES <= end; i += LANES) {
      lanes v = LOAD(kind == SQUARE ? x + i : u + i) * scale;
      if (kind == SCALED) sum += v;
      if (kind == SQUARE) v -= center, sum += v * v;
      if (kind == PRODUCT) sum += v * (LOAD(x + i) - center);
    }
    total += (double)sum_lanes(&sum);
    for (; i < end; i++) {
      float v = (kind == SQUARE ? x[i] : u[i]) * scale, d = kind == SCALED ? 0 : x[i] - center;
      total += (double)(kind == SCALED ? v : kind == SQUARE ? d * d : v * d);
    }
  }
  return total;
}

// The channel of element j of group i.
INLINE int64_t channel_of(const normalization *t, int64_t i, int64_t j) {
  return i % t->groups * t->per_group + j / t->inner;
}

static void careful_forward_group(const normalization *t, int64_t i) {
  const float *x = t->x + i * t->width;
  statistics s = careful_statistics(t->width, (double)t->epsilon, x);
  for (int64_t j = 0; j < t->width; j++) {
    int64_t c = channel_of(t, i, j);
    t->y[i * t->width + j] = (float)(((double)x[j] - s.mean) * s.inverse) * t->scale[c] + t->shift[c];
  }
  t->mean_out[i] = (float)s.mean;
  t->inverse_out[i] = (float)s.inverse;
}

CLONES static void forward_groups(void *context, int64_t begin, int64_t end) {
  const normalization *t = context;
  for (int64_t i = begin; i < end; i++) {
    const float *x = t->x + i * t->width;
    float center = (float)(run_sum(SCALED, t->width, NULL, 0, x, 1) / (double)t->width);
    double spread = run_sum(SQUARE, t->width, x, center, NULL, 1) / (double)t->width + (double)t->epsilon;
    if (!(spread > 1e-28 && spread < 1e37)) {
      careful_forward_group(t, i);
      continue;
    }
    float inverse = (float)(1 / sqrt(spread));
    for (int64_t k = 0; k < t->per_group; k++) {
      int64_t c = channel_of(t, i, k * t->inner), j = 0;
      const float *from = x + k * t->inner;
      float *y = t->y + i * t->width + k * t->inner, scale = t->scale[c], shift = t->shift[c];
      for (; j + LANES <= t->inner; j += LANES) STORE(y + j, (LOAD(from + j) - center) * inverse * scale + shift);
      for (; j < t->inner; j++) y[j] = (from[j] - center) * inverse * scale + shift;
    }
    t->mean_out[i] = center;
    t->inverse_out[i] = inverse;
  }
}

static void careful_backward_group(const normalization *t, int64_t i) {
  statistics s = careful_backward_statistics(t->width, t->inverse[i], t->x + i * t->width);
  const float *x = t->x + i * t->width, *u = t->upstream + i * t->width;
  double total = 0, product = 0;
  for (int64_t j = 0; j < t->width; j++) {
    double v = (double)u[j] * (double)t->scale[channel_of(t, i, j)];
    total += v;
    product += v * (((double)x[j] - s.mean) * s.inverse);
  }
  for (int64_t j = 0; j < t->width; j++) {
    double v = (double)u[j] * (double)t->scale[channel_of(t, i, j)] - total / (double)t->width;
    double along = ((double)x[j] - s.mean) * s.inverse * (product / (double)t->width);
    t->y[i * t->width + j] = (float)((v - along) * s.inverse);
  }
}

// dx = inverse · (v − mean(v) − x̂ · mean(v x̂)) with v = upstream · scale
CLONES static void backward_groups(void *context, int64_t begin, int64_t end) {
  const normalization *t = context;
  for (int64_t i = begin; i < end; i++) {
    if (is_extreme(t->inverse[i])) {
      careful_backward_group(t, i);
      continue;
    }
    float center = t->mean[i], inverse = t->inverse[i];
    double total = 0, product = 0;
    for (int64_t k = 0; k < t->per_group; k++) {
      int64_t at = i * t->width + k * t->inner;
      float scale = t->scale[channel_of(t, i, k * t->inner)];
      total += run_sum(SCALED, t->inner, NULL, 0, t->upstream + at, scale);
      product += run_sum(PRODUCT, t->inner, t->x + at, center, t->upstream + at, scale);
    }
    float mean = (float)(total / (double)t->width);
    float coefficient = (float)(product * (double)inverse * (double)inverse / (double)t->width);
    for (int64_t k = 0; k < t->per_group; k++) {
      int64_t at = i * t->width + k * t->inner, j = 0;
      const float *x = t->x + at, *u = t->upstream + at;
      float *y = t->y + at, scale = t->scale[channel_of(t, i, k * t->inner)];
      for (; j + LANES <= t->inner; j += LANES)
        STORE(y + j, (LOAD(u + j) * scale - mean - (LOAD(x + j) - center) * coefficient) * inverse);
      for (; j < t->inner; j++) y[j] = (u[j] * scale - mean - (x[j] - center) * coefficient) * inverse;
    }
  }
}

// The gradients of scale and shift for a range of channels; a thread reads its channels of all examples.
CLONES static void backward_channels(void *context, int64_t begin, int64_t end) {
  const normalization *t = context;
  for (int64_t c = begin; c < end; c++) {
    double scale = 0, shift = 0;
    for (int64_t n = 0; n < t->outer; n++) {
      int64_t at = (n * t->channels + c) * t->inner, i = n * t->groups + c / t->per_group;
      const float *x = t->x + at, *u = t->upstream + at;
      shift += run_sum(SCALED, t->inner, NULL, 0, u, 1);
      if (is_extreme(t->inverse[i])) {
        statistics s = careful_backward_statistics(t->width, t->inverse[i], t->x + i * t->width);
        for (int64_t j = 0; j < t->inner; j++) scale += (double)u[j] * (((double)x[j] - s.mean) * s.inverse);
      } else {
        scale += (double)t->inverse[i] * run_sum(PRODUCT, t->inner, x, t->mean[i], u, 1);
      }
    }
    t->scale_gradient[c] = (float)scale;
    t->shift_gradient[c] = (float)shift;
  }
}

static normalization sized(int64_t outer, int64_t channels, int64_t groups, int64_t inner) {
  int64_t per_group = channels / groups;
  return (normalization){.outer = outer, .channels = channels, .groups = groups, .inner = inner,
                         .per_group = per_group, .width = per_group * inner};
}

void backprop_group_norm(
    int64_t outer, int64_t channels, int64_t groups, int64_t inner, float epsilon, const float *x, const float *scale,
    const float *shift, float *y, float *mean, float *inverse) {
  if (outer <= 0 || channels <= 0 || inner <= 0) return;
  normalization t = sized(outer, channels, groups, inner);
  t.x = x, t.scale = scale, t.shift = shift, t.epsilon = epsilon, t.y = y, t.mean_out = mean, t.inverse_out = inverse;
  int64_t rows = outer * groups;
  backprop_parallel(rows, backprop_grain(rows, 10 + (double)t.width * 0.2), forward_groups, &t);
}

void backprop_group_norm_gradient(
    int64_t outer, int64_t channels, int64_t groups, int64_t inner, const float *x, const float *mean,
    const float *inverse, const float *scale, const float *upstream, float *y, float *scale_gradient,
    float *shift_gradient) {
  if (channels <= 0 || inner <= 0) return;
  normalization t = sized(outer, channels, groups, inner);
  t.x = x, t.mean = mean, t.inverse = inverse, t.scale = scale, t.upstream = upstream, t.y = y;
  t.scale_gradient = scale_gradient, t.shift_gradient = shift_gradient;
  int64_t rows = outer * groups;
  if (rows > 0) backprop_parallel(rows, backprop_grain(rows, 10 + (double)t.width * 0.3), backward_groups, &t);
  backprop_parallel(channels, backprop_grain(channels, 10 + (double)(outer * inner) * 0.15), backward_channels, &t);
}
