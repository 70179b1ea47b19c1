// Means and variances of channels, in one reading of memory.
//
// A stretch of rows that stays in the first-level cache is read twice there: for a center, which is nearly its mean,
// and for the sums of the deviations and of their squares, which correct the rounding error of the center. Stretches
// are merged in double. So neither a large mean nor many elements cost precision. Source: Chan, Golub & LeVeque,
// "Algorithms for Computing the Sample Variance: Analysis and Recommendations", The American Statistician 37 (1983).
#include "CKernels.h"
#include "normalization/channels.h"
#include "simd/simd.h"

enum {
  STRETCH = 4096,  // elements of a stretch: 16 KB
  MOST_ROWS = 256,
};

typedef struct {
  channel_split split;
  const float *x;
  float *mean, *variance;
  double *partial;
} work;

// Rounding may give a negative value where all elements are the same. NaN stays.
static float variance_of(double squares, int64_t count) { return squares < 0 ? 0 : (float)(squares / (double)count); }

// Merges a stretch of n elements, `apart` from each other, into the moments of the `done` before it, in double.
static void careful_stretch(int64_t n, int64_t apart, const float *x, int64_t done, double *mean, double *squares) {
  double sum = 0, square = 0, count = (double)n, share = count / (double)(done + n);
  for (int64_t i = 0; i < n; i++) sum += (double)x[i * apart];
  double here = sum / count, moved = here - *mean;
  for (int64_t i = 0; i < n; i++) {
    double d = (double)x[i * apart] - here;
    square += d * d;
  }
  *mean += moved * share;
  *squares += square + moved * moved * (double)done * share;
}

// Rows of x[rows, channels]: the moments of `width` columns.
CLONES static void of_columns(int64_t rows, int64_t channels, int64_t width, const float *x, double *mean,
                              double *squares) {
  int64_t stretch = STRETCH / width < MOST_ROWS ? STRETCH / width : MOST_ROWS;
  for (int64_t j = 0; j < width; j++) mean[j] = squares[j] = 0;
  for (int64_t done = 0; done < rows; done += stretch) {
    int64_t n = rows - done < stretch ? rows - done : stretch, j = 0;
    const float *p = x + done * channels;
    double count = (double)n, share = count / (double)(done + n), weight = (double)done * share;
    for (; j + LANES <= width; j += LANES) {
      lanes s0 = {0}, s1 = {0}, s2 = {0}, s3 = {0}, r0 = {0}, r1 = {0}, q0 = {0}, q1 = {0}, q2 = {0}, q3 = {0};
      int64_t i = 0;
      for (; i + 4 <= n; i += 4) {
        s0 += LOAD(p + i * channels + j), s1 += LOAD(p + (i + 1) * channels + j);
        s2 += LOAD(p + (i + 2) * channels + j), s3 += LOAD(p + (i + 3) * channels + j);
      }
      for (; i < n; i++) s0 += LOAD(p + i * channels + j);
      lanes center = ((s0 + s1) + (s2 + s3)) / (float)n;
      for (i = 0; i + 4 <= n; i += 4) {
        lanes d0 = LOAD(p + i * channels + j) - center, d1 = LOAD(p + (i + 1) * channels + j) - center;
        lanes d2 = LOAD(p + (i + 2) * channels + j) - center, d3 = LOAD(p + (i + 3) * channels + j) - center;
        r0 += d0 + d1, r1 += d2 + d3;
        q0 += d0 * d0, q1 += d1 * d1, q2 += d2 * d2, q3 += d3 * d3;
      }
      for (; i < n; i++) {
        lanes d = LOAD(p + i * channels + j) - center;
        r0 += d;
        q0 += d * d;
      }
      lanes all = (q0 + q1) + (q2 + q3);
      words over = all * 0.0f != 0.0f;  // infinite or NaN, as where the center is
      if (any_lane(&over)) {
        for (int64_t k = j; k < j + LANES; k++) careful_stretch(n, channels, p + k, done, mean + k, squares + k);
        continue;
      }
      wide_lanes left = __builtin_convertvector(r0 + r1, wide_lanes), m, q;
      memcpy(&m, mean + j, sizeof m);
      memcpy(&q, squares + j, sizeof q);
      wide_lanes moved = __builtin_convertvector(center, wide_lanes) + left / count - m;
      m += moved * share;
      q += __builtin_convertvector(all, wide_lanes) - left * left / count + moved * moved * weight;
      memcpy(mean + j, &m, sizeof m);
      memcpy(squares + j, &q, sizeof q);
    }
    for (; j < width; j++) careful_stretch(n, channels, p + j, done, mean + j, squares + j);
  }
}

// Runs of x[rows, channels, inner]: the moments of one channel.
CLONES static void of_runs(int64_t rows, int64_t channels, int64_t inner, const float *x, double *mean, double *squares) {
  int64_t done = 0;
  *mean = *squares = 0;
  for (int64_t r = 0; r < rows; r++) {
    for (int64_t begin = 0, n; begin < inner; begin += n, done += n) {
      const float *p = x + r * channels * inner + begin;
      n = inner - begin < STRETCH ? inner - begin : STRETCH;
      int64_t i = 0;
      lanes s0 = {0}, s1 = {0}, r0 = {0}, r1 = {0}, q0 = {0}, q1 = {0};
      for (; i + 2 * LANES <= n; i += 2 * LANES) s0 += LOAD(p + i), s1 += LOAD(p + i + LANES);
      s0 += s1;
      double sum = (double)sum_lanes(&s0), count = (double)n, share = count / (double)(done + n);
      for (int64_t k = i; k < n; k++) sum += (double)p[k];
      float center = (float)(sum / count);
      for (i = 0; i + 2 * LANES <= n; i += 2 * LANES) {
        lanes d0 = LOAD(p + i) - center, d1 = LOAD(p + i + LANES) - center;
        r0 += d0, r1 += d1, q0 += d0 * d0, q1 += d1 * d1;
      }
      r0 += r1, q0 += q1;
      double left = (double)sum_lanes(&r0), square = (double)sum_lanes(&q0);
      for (int64_t k = i; k < n; k++) {
        double d = (double)p[k] - (double)center;
        left += d, square += d * d;
      }
      if (!isfinite(square)) {
        careful_stretch(n, 1, p, done, mean, squares);
        continue;
      }
      double moved = (double)center + left / count - *mean;
      *mean += moved * share;
      *squares += square - left * left / count + moved * moved * (double)done * share;
    }
  }
}

static void run_units(void *context, int64_t begin, int64_t end) {
  const work *w = context;
  const channel_split *s = &w->split;
  for (int64_t index = begin; index < end; index++) {
    const channel_unit unit = unit_of(s, index);
    const float *x = w->x + unit.start;
    double mean[TILE], squares[TILE];
    if (s->inner == 1) {
      of_columns(unit.rows, s->channels, unit.width, x, mean, squares);
    } else {
      of_runs(unit.rows, s->channels, s->inner, x, mean, squares);
    }
    for (int64_t j = 0; j < unit.width; j++) {
      if (w->partial) {
        double *to = w->partial + unit.segment * 2 * s->channels + unit.channel + j;
        to[0] = mean[j], to[s->channels] = squares[j];
      } else {
        w->mean[unit.channel + j] = (float)mean[j];
        w->variance[unit.channel + j] = variance_of(squares[j], unit.rows * s->inner);
      }
    }
  }
}

void backprop_moments(int64_t outer, int64_t channels, int64_t inner, const float *x, float *mean, float *variance) {
  if (outer <= 0 || channels <= 0 || inner <= 0) return;
  work w = {.split = split_channels(outer, channels, inner), .x = x, .mean = mean, .variance = variance};
  w.partial = partial_sums(&w.split);
  run_channels(&w.split, 0.1, run_units, &w);
  if (!w.partial) return;
  for (int64_t c = 0; c < channels; c++) {
    double m = 0, q = 0;
    for (int64_t s = 0; s < w.split.segments; s++) {
      const double *from = w.partial + s * 2 * channels + c;
      int64_t before = s * w.split.rows, rows = outer - before < w.split.rows ? outer - before : w.split.rows;
      double share = (double)rows / (double)(before + rows), moved = from[0] - m;
      m += moved * share;
      q += from[channels] + moved * moved * (double)(before * inner) * share;
    }
    mean[c] = (float)m;
    variance[c] = variance_of(q, outer * inner);
  }
}
