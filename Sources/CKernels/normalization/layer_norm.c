// Layer normalization over the last axis (Ba, Kiros & Hinton, 2016).
#include "CKernels.h"
#include "normalization/statistics.h"
#include "simd/simd.h"
#include "threading/grain.h"

enum {
  STRETCH_ROWS = 64,  // rows that are summed in float, per column, before they go into a double
  COLUMNS = 2 * LANES,
};

typedef struct {
  int64_t rows, width;
  const float *x, *scale, *shift, *upstream;
  const float *mean, *inverse;
  float epsilon;
  float *y, *mean_out, *inverse_out, *scale_gradient, *shift_gradient;
} normalization;

static void careful_forward_row(const normalization *t, int64_t i) {
  statistics s = careful_statistics(t->width, (double)t->epsilon, t->x + i * t->width);
  for (int64_t j = 0; j < t->width; j++) {
    float normalized = (float)(((double)t->x[i * t->width + j] - s.mean) * s.inverse);
    t->y[i * t->width + j] = normalized * t->scale[j] + t->shift[j];
  }
  t->mean_out[i] = (float)s.mean;
  t->inverse_out[i] = (float)s.inverse;
}

CLONES static void forward_rows(void *context, int64_t begin, int64_t end) {
  const normalization *t = context;
  int64_t width = t->width;
  for (int64_t i = begin; i < end; i++) {
    const float *x = t->x + i * width;
    float *y = t->y + i * width;
    lanes sum = {0};
    int64_t whole = width / LANES * LANES;
    double mean = 0, variance = 0;
    for (int64_t j = 0; j < whole; j += LANES) sum += LOAD(x + j);
    mean = (double)sum_lanes(&sum);
    for (int64_t j = whole; j < width; j++) mean += (double)x[j];
    mean /= (double)width;
    float center = (float)mean;
    lanes squares = {0};
    for (int64_t j = 0; j < whole; j += LANES) {
      lanes d = LOAD(x + j) - center;
      squares += d * d;
    }
    variance = (double)sum_lanes(&squares);
    for (int64_t j = whole; j < width; j++) variance += (double)((x[j] - center) * (x[j] - center));
    double spread = variance / (double)width + (double)t->epsilon;
    if (!(spread > 1e-28 && spread < 1e37)) {
      careful_forward_row(t, i);
      continue;
    }
    float inverse = (float)(1 / sqrt(spread));
    for (int64_t j = 0; j < whole; j += LANES) {
      STORE(y + j, (LOAD(x + j) - center) * inverse * LOAD(t->scale + j) + LOAD(t->shift + j));
    }
    for (int64_t j = whole; j < width; j++) y[j] = (x[j] - center) * inverse * t->scale[j] + t->shift[j];
    t->mean_out[i] = center;
    t->inverse_out[i] = inverse;
  }
}

static void careful_backward_row(const normalization *t, int64_t i) {
  statistics s = careful_backward_statistics(t->width, t->inverse[i], t->x + i * t->width);
  const float *x = t->x + i * t->width, *u = t->upstream + i * t->width;
  double total = 0, product = 0;
  for (int64_t j = 0; j < t->width; j++) {
    double v = (double)u[j] * (double)t->scale[j];
    total += v;
    product += v * (((double)x[j] - s.mean) * s.inverse);
  }
  for (int64_t j = 0; j < t->width; j++) {
    double v = (double)u[j] * (double)t->scale[j] - total / (double)t->width;
    double along = ((double)x[j] - s.mean) * s.inverse * (product / (double)t->width);
    t->y[i * t->width + j] = (float)((v - along) * s.inverse);
  }
}

// dx = inverse · (v − mean(v) − x̂ · mean(v x̂)) with v = upstream · scale
CLONES static void backward_rows(void *context, int64_t begin, int64_t end) {
  const normalization *t = context;
  int64_t width = t->width;
  for (int64_t i = begin; i < end; i++) {
    const float *x = t->x + i * width, *u = t->upstream + i * width;
    float *y = t->y + i * width;
    float center = t->mean[i], inverse = t->inverse[i];
    if (is_extreme(t->inverse[i])) {
      careful_backward_row(t, i);
      continue;
    }
    lanes sum = {0}, products = {0};
    int64_t whole = width / LANES * LANES;
    for (int64_t j = 0; j < whole; j += LANES) {
      lanes v = LOAD(u + j) * LOAD(t->scale + j);
      sum += v;
      products += v * (LOAD(x + j) - center);
    }
    double total = (double)sum_lanes(&sum), product = (double)sum_lanes(&products);
    for (int64_t j = whole; j < width; j++) {
      float v = u[j] * t->scale[j];
      total += (double)v;
      product += (double)(v * (x[j] - center));
    }
    float mean = (float)(total / (double)width);
    float coefficient = (float)(product * (double)inverse * (double)inverse / (double)width);
    for (int64_t j = 0; j < whole; j += LANES) {
      lanes v = LOAD(u + j) * LOAD(t->scale + j);
      STORE(y + j, (v - mean - (LOAD(x + j) - center) * coefficient) * inverse);
    }
    for (int64_t j = whole; j < width; j++) {
      y[j] = (u[j] * t->scale[j] - mean - (x[j] - center) * coefficient) * inverse;
    }
  }
}

// Replaces the contribution of extreme rows, wrong in float, in the sums over rows first..<last of columns j..<j + n.
static void careful_columns(
    const normalization *t, int64_t first, int64_t last, int64_t j, int64_t n, double *scale, double *shift) {
  for (int64_t i = first; i < last; i++) {
    statistics s = careful_backward_statistics(t->width, t->inverse[i], t->x + i * t->width);
    for (int64_t k = j; k < j + n; k++) {
      double u = (double)t->upstream[i * t->width + k];
      shift[k - j] += u;
      scale[k - j] += u * (((double)t->x[i * t->width + k] - s.mean) * s.inverse);
    }
  }
}

// The gradients of scale and shift for a range of columns; a thread reads its columns of all rows.
CLONES static void backward_columns(void *context, int64_t begin, int64_t end) {
  const normalization *t = context;
  for (int64_t j = begin; j < end; j += COLUMNS) {
    int64_t n = end - j < COLUMNS ? end - j : COLUMNS;
    double scale[COLUMNS] = {0}, shift[COLUMNS] = {0};
    for (int64_t first = 0; first < t->rows; first += STRETCH_ROWS) {
      int64_t last = first + STRETCH_ROWS < t->rows ? first + STRETCH_ROWS : t->rows;
      int extreme = 0;
      for (int64_t i = first; i < last; i++) extreme |= is_extreme(t->inverse[i]);
      if (extreme) {
        careful_columns(t, first, last, j, n, scale, shift);
        continue;
      }
      if (n == COLUMNS) {
        lanes a0 = {0}, a1 = {0}, b0 = {0}, b1 = {0};
        for (int64_t i = first; i < last; i++) {
          const float *x = t->x + i * t->width + j, *u = t->upstream + i * t->width + j;
          lanes u0 = LOAD(u), u1 = LOAD(u + LANES);
          float center = t->mean[i], inverse = t->inverse[i];
          b0 += u0;
          b1 += u1;
          a0 += u0 * ((LOAD(x) - center) * inverse);
          a1 += u1 * ((LOAD(x + LANES) - center) * inverse);
        }
        for (int k = 0; k < LANES; k++) {
          scale[k] += (double)a0[k];
          scale[k + LANES] += (double)a1[k];
          shift[k] += (double)b0[k];
          shift[k + LANES] += (double)b1[k];
        }
      } else {
        for (int64_t i = first; i < last; i++) {
          const float *x = t->x + i * t->width + j, *u = t->upstream + i * t->width + j;
          for (int64_t k = 0; k < n; k++) {
            shift[k] += (double)u[k];
            scale[k] += (double)(u[k] * ((x[k] - t->mean[i]) * t->inverse[i]));
          }
        }
      }
    }
    for (int64_t k = 0; k < n; k++) {
      t->scale_gradient[j + k] = (float)scale[k];
      t->shift_gradient[j + k] = (float)shift[k];
    }
  }
}

void backprop_layer_norm(
    int64_t rows, int64_t width, float epsilon, const float *x, const float *scale, const float *shift, float *y,
    float *mean, float *inverse) {
  if (rows <= 0 || width <= 0) return;
  normalization t = {
      .rows = rows, .width = width, .x = x, .scale = scale, .shift = shift, .epsilon = epsilon, .y = y,
      .mean_out = mean, .inverse_out = inverse};
  backprop_parallel(rows, backprop_grain(rows, 10 + (double)width * 0.2), forward_rows, &t);
}

void backprop_layer_norm_gradient(
    int64_t rows, int64_t width, const float *x, const float *mean, const float *inverse, const float *scale,
    const float *upstream, float *y, float *scale_gradient, float *shift_gradient) {
  if (width <= 0) return;
  normalization t = {
      .rows = rows, .width = width, .x = x, .scale = scale, .upstream = upstream, .mean = mean, .inverse = inverse,
      .y = y, .scale_gradient = scale_gradient, .shift_gradient = shift_gradient};
  if (rows > 0) backprop_parallel(rows, backprop_grain(rows, 10 + (double)width * 0.3), backward_rows, &t);
  int64_t grain = backprop_grain(width, (double)rows * 0.15);
  backprop_parallel(width, (grain + COLUMNS - 1) / COLUMNS * COLUMNS, backward_columns, &t);
}
