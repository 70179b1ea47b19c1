// The sums over channels that the gradient of batch normalization needs, in one reading of memory.
//
// Sums of a stretch of rows are floats, side by side; stretches are added up in double. Where ReLU follows the
// normalization, its mask is recomputed from x, with the roundings of the elementwise kernels, so that its gradient
// need not be stored.
#include "CKernels.h"
#include "normalization/channels.h"
#include "simd/simd.h"

enum { STRETCH = 256 };  // rows, or vectors of a run, that are summed in float

typedef struct {
  channel_split split;
  const float *x, *mean, *variance, *upstream;
  const float *factor, *shift;  // NULL without ReLU
  float epsilon;
  float *scale_gradient, *shift_gradient;
  double *partial;
} work;

// The values that the sums of a channel, or of some adjacent ones, are made from.
typedef struct {
  lanes center, factor, shift;
} channel_lanes;

INLINE void add_lanes(int has_relu, const channel_lanes *c, const float *x, const float *upstream, lanes *product,
                      lanes *sum) {
  lanes d = LOAD(x) - c->center, u = LOAD(upstream);
  if (has_relu) {
    lanes y = d * c->factor;
    y += c->shift;  // a statement of its own, or the two would be rounded once
    u = SELECT(y > 0.0f, u, (lanes){0});
  }
  *sum += u;
  *product += u * d;
}

INLINE void add_one(int has_relu, const work *w, int64_t channel, float x, float upstream, double *product, double *sum) {
  float d = x - w->mean[channel];
  if (has_relu) {
    float y = d * w->factor[channel];
    y += w->shift[channel];
    if (!(y > 0)) upstream = 0;
  }
  *sum += (double)upstream;
  *product += (double)upstream * (double)d;
}

// Rows of x[rows, channels]: the sums of the unit's columns.
INLINE void of_columns(int has_relu, const work *w, channel_unit unit, double *products, double *sums) {
  int64_t channels = w->split.channels;
  for (int64_t j = 0; j < unit.width; j++) products[j] = sums[j] = 0;
  for (int64_t done = 0; done < unit.rows; done += STRETCH) {
    int64_t n = unit.rows - done < STRETCH ? unit.rows - done : STRETCH, j = 0;
    const float *x = w->x + unit.start + done * channels, *u = w->upstream + unit.start + done * channels;
    for (; j + LANES <= unit.width; j += LANES) {
      int64_t channel = unit.channel + j, i = 0;
      channel_lanes c = {.center = LOAD(w->mean + channel)};
      if (has_relu) c.factor = LOAD(w->factor + channel), c.shift = LOAD(w->shift + channel);
      lanes p0 = {0}, p1 = {0}, p2 = {0}, p3 = {0}, s0 = {0}, s1 = {0}, s2 = {0}, s3 = {0};
      for (; i + 4 <= n; i += 4) {
        int64_t at = i * channels + j;
        add_lanes(has_relu, &c, x + at, u + at, &p0, &s0);
        add_lanes(has_relu, &c, x + at + channels, u + at + channels, &p1, &s1);
        add_lanes(has_relu, &c, x + at + 2 * channels, u + at + 2 * channels, &p2, &s2);
        add_lanes(has_relu, &c, x + at + 3 * channels, u + at + 3 * channels, &p3, &s3);
      }
      for (; i < n; i++) add_lanes(has_relu, &c, x + i * channels + j, u + i * channels + j, &p0, &s0);
      wide_lanes product, sum;
      memcpy(&product, products + j, sizeof product);
      memcpy(&sum, sums + j, sizeof sum);
      product += __builtin_convertvector((p0 + p1) + (p2 + p3), wide_lanes);
      sum += __builtin_convertvector((s0 + s1) + (s2 + s3), wide_lanes);
      memcpy(products + j, &product, sizeof product);
      memcpy(sums + j, &sum, sizeof sum);
    }
    for (; j < unit.width; j++) {
      for (int64_t at = j; at < n * channels; at += channels) {
        add_one(has_relu, w, unit.channel + j, x[at], u[at], products + j, sums + j);
      }
    }
  }
}

// Runs of x[rows, channels, inner]: the sums of one channel.
INLINE void of_runs(int has_relu, const work *w, channel_unit unit, double *products, double *sums) {
  int64_t inner = w->split.inner;
  channel_lanes c = {.center = SPLAT(w->mean[unit.channel])};
  if (has_relu) c.factor = SPLAT(w->factor[unit.channel]), c.shift = SPLAT(w->shift[unit.channel]);
  *products = *sums = 0;
  for (int64_t r = 0; r < unit.rows; r++) {
    int64_t run = unit.start + r * w->split.channels * inner, i = 0;
    const float *x = w->x + run, *u = w->upstream + run;
    while (i + 2 * LANES <= inner) {
      int64_t end = inner - i < STRETCH * LANES ? inner : i + STRETCH * LANES;
      lanes p0 = {0}, p1 = {0}, s0 = {0}, s1 = {0};
      for (; i + 2 * LANES <= end; i += 2 * LANES) {
        add_lanes(has_relu, &c, x + i, u + i, &p0, &s0);
        add_lanes(has_relu, &c, x + i + LANES, u + i + LANES, &p1, &s1);
      }
      p0 += p1, s0 += s1;
      *products += (double)sum_lanes(&p0), *sums += (double)sum_lanes(&s0);
    }
    for (; i < inner; i++) add_one(has_relu, w, unit.channel, x[i], u[i], products, sums);
  }
}

static void finish(const work *w, int64_t channel, double product, double sum) {
  w->scale_gradient[channel] = (float)(product / sqrt((double)w->variance[channel] + (double)w->epsilon));
  w->shift_gradient[channel] = (float)sum;
}

CLONES static void run_units(void *context, int64_t begin, int64_t end) {
  const work *w = context;
  const channel_split *s = &w->split;
  for (int64_t index = begin; index < end; index++) {
    const channel_unit unit = unit_of(s, index);
    double products[TILE], sums[TILE];
    if (s->inner == 1 && w->factor) {
      of_columns(1, w, unit, products, sums);
    } else if (s->inner == 1) {
      of_columns(0, w, unit, products, sums);
    } else if (w->factor) {
      of_runs(1, w, unit, products, sums);
    } else {
      of_runs(0, w, unit, products, sums);
    }
    for (int64_t j = 0; j < unit.width; j++) {
      if (w->partial) {
        double *to = w->partial + unit.segment * 2 * s->channels + unit.channel + j;
        to[0] = products[j], to[s->channels] = sums[j];
      } else {
        finish(w, unit.channel + j, products[j], sums[j]);
      }
    }
  }
}

void backprop_batch_norm_sums(
    int64_t outer, int64_t channels, int64_t inner, float epsilon, const float *x, const float *mean,
    const float *variance, const float *upstream, const float *factor, const float *shift, float *scale_gradient,
    float *shift_gradient) {
  if (outer <= 0 || channels <= 0 || inner <= 0) return;
  work w = {.split = split_channels(outer, channels, inner), .x = x, .mean = mean, .variance = variance,
            .upstream = upstream, .factor = factor, .shift = shift, .epsilon = epsilon,
            .scale_gradient = scale_gradient, .shift_gradient = shift_gradient};
  w.partial = partial_sums(&w.split);
  run_channels(&w.split, 0.15, run_units, &w);
  if (!w.partial) return;
  for (int64_t c = 0; c < channels; c++) {
    double product = 0, sum = 0;
    for (int64_t s = 0; s < w.split.segments; s++) {
      const double *from = w.partial + s * 2 * channels + c;
      product += from[0], sum += from[channels];
    }
    finish(&w, c, product, sum);
  }
}
