// The plain kernels of one element type, in C's arithmetic. Included once for each type, with
//
//   TYPE      the type, such as double
//   UNSIGNED  the type in which it may overflow: the unsigned one of an integer, otherwise the same
//   IS_FLOAT  whether it has fractions
//   LEAST, GREATEST  the start of a maximum and of a minimum
//   KERNELS   the name of the table of its kernels
#include <math.h>

#include "plain/layout.h"
#include "plain/table.h"

#define WRAPPED(x, operator, y) ((TYPE)((UNSIGNED)(x) operator (UNSIGNED)(y)))

#if IS_FLOAT
static double gelu_argument(double x) { return sqrt(2 / M_PI) * (x + 0.044715 * x * x * x); }
// a * b, and 0 where a is: it falls to 0 faster than b grows.
static double limited_product(double a, double b) { return a == 0 ? 0 : a * b; }

static double gelu_derivative(double x) {
  double t = tanh(gelu_argument(x)), inner = sqrt(2 / M_PI) * (1 + 3 * 0.044715 * x * x);
  return (1 + t) / 2 + limited_product(1 - t * t, x * inner) / 2;
}
#define IS_NAN(x) ((x) != (x))
#else
#define IS_NAN(x) 0
#endif

static TYPE greater(TYPE x, TYPE y) { return IS_NAN(x) || x > y ? x : y; }
static TYPE lesser(TYPE x, TYPE y) { return IS_NAN(x) || x < y ? x : y; }

#define EACH(RESULT, expression)                                    \
  for (int64_t i = 0; i < r.size; i++) {                            \
    TYPE x = a[i * r.step[0]], y = b[i * r.step[1]];                \
    (void)y;                                                        \
    ((RESULT *)result)[r.start[2] + i * r.step[2]] = (expression);  \
  }                                                                 \
  break;

static void elementwise(
    backprop_opcode function, const backprop_plain_layout *layout, const void *first, const void *second,
    void *result) {
  for (rows r = rows_of(layout); r.rows > 0; next_row(&r)) {
    const TYPE *a = (const TYPE *)first + r.start[0];
    const TYPE *b = second ? (const TYPE *)second + r.start[1] : a;
    if (!second) r.step[1] = 0;
    switch (function) {
    case BACKPROP_COPY: EACH(TYPE, x)
    case BACKPROP_NEGATE_F: EACH(TYPE, IS_FLOAT ? (TYPE)-x : WRAPPED(0, -, x))
    case BACKPROP_ABS_F: EACH(TYPE, x <= 0 ? WRAPPED(0, -, x) : x)
    case BACKPROP_SIGN_F: EACH(TYPE, x > 0 ? 1 : x < 0 ? (TYPE)-1 : x)
    case BACKPROP_SQUARE_F: EACH(TYPE, WRAPPED(x, *, x))
    case BACKPROP_RELU_F: EACH(TYPE, x < 0 ? 0 : x)
    case BACKPROP_ADD_F: EACH(TYPE, WRAPPED(x, +, y))
    case BACKPROP_SUBTRACT_F: EACH(TYPE, WRAPPED(x, -, y))
    case BACKPROP_MULTIPLY_F: EACH(TYPE, WRAPPED(x, *, y))
    case BACKPROP_MAXIMUM_F: EACH(TYPE, greater(x, y))
    case BACKPROP_MINIMUM_F: EACH(TYPE, lesser(x, y))
    case BACKPROP_LESS_F: EACH(float, x < y)
    case BACKPROP_LESS_EQUAL_F: EACH(float, x <= y)
    case BACKPROP_EQUAL_F: EACH(float, x == y)
#if IS_FLOAT
    case BACKPROP_EXP_F: EACH(TYPE, exp(x))
    case BACKPROP_LOG_F: EACH(TYPE, log(x))
    case BACKPROP_SQRT_F: EACH(TYPE, sqrt(x))
    case BACKPROP_RSQRT_F: EACH(TYPE, 1 / sqrt(x))
    case BACKPROP_RECIPROCAL_F: EACH(TYPE, 1 / x)
    case BACKPROP_TANH_F: EACH(TYPE, tanh(x))
    case BACKPROP_SIGMOID_F: EACH(TYPE, 1 / (1 + exp(-x)))
    case BACKPROP_SIN_F: EACH(TYPE, sin(x))
    case BACKPROP_COS_F: EACH(TYPE, cos(x))
    case BACKPROP_ERF_F: EACH(TYPE, erf(x))
    case BACKPROP_GELU_F: EACH(TYPE, limited_product(1 + tanh(gelu_argument(x)), x) / 2)
    case BACKPROP_GELU_DERIVATIVE_F: EACH(TYPE, gelu_derivative(x))
    case BACKPROP_FLOOR_F: EACH(TYPE, floor(x))
    case BACKPROP_DIVIDE_F: EACH(TYPE, x / y)
    case BACKPROP_POWER_F: EACH(TYPE, pow(x, y))
#endif
    default: break;
    }
  }
}
#undef EACH

// MARK: Reductions

#if IS_FLOAT
// Divided by the greatest magnitude, so that no square leaves the range of a double.
static double scaled_norm(const TYPE *x, int64_t count, int64_t row) {
  double greatest = 0, sum = 0;
  for (int64_t i = 0; i < count; i++) greatest = greater(fabs(x[i * row]), greatest);
  if (greatest == 0 || !isfinite(greatest)) return greatest;
  for (int64_t i = 0; i < count; i++) {
    double part = x[i * row] / greatest;
    sum += part * part;
  }
  return greatest * sqrt(sum);
}

static double norm(const TYPE *x, int64_t count, int64_t row) {
  double sum = 0;
  for (int64_t i = 0; i < count; i++) sum += x[i * row] * x[i * row];
  return sum > 1e-280 && sum < 1e300 ? sqrt(sum) : scaled_norm(x, count, row);
}

static double mean(const TYPE *x, int64_t count, int64_t row) {
  double sum = 0;
  for (int64_t i = 0; i < count; i++) sum += x[i * row];
  if (isfinite(sum) || count == 0) return sum / (double)count;
  sum = 0;
  for (int64_t i = 0; i < count; i++) sum += x[i * row] / (double)count;
  return sum;
}
#endif

static void reduce(
    backprop_reduction kind, int64_t outer, int64_t count, int64_t inner, int64_t row, const void *source,
    void *target) {
  for (int64_t o = 0; o < outer; o++) {
    const TYPE *x = (const TYPE *)source + o * count * row;
    TYPE *y = (TYPE *)target + o * inner;
#if IS_FLOAT
    if (kind == BACKPROP_MEAN || kind == BACKPROP_NORM) {
      for (int64_t j = 0; j < inner; j++)
        y[j] = kind == BACKPROP_MEAN ? mean(x + j, count, row) : norm(x + j, count, row);
      continue;
    }
#endif
    // Row by row, in memory order.
    for (int64_t j = 0; j < inner; j++) y[j] = kind == BACKPROP_SUM ? 0 : kind == BACKPROP_MAXIMUM ? LEAST : GREATEST;
    for (int64_t i = 0; i < count; i++, x += row) {
      if (kind == BACKPROP_SUM) {
        for (int64_t j = 0; j < inner; j++) y[j] = WRAPPED(y[j], +, x[j]);
      } else if (kind == BACKPROP_MAXIMUM) {
        for (int64_t j = 0; j < inner; j++) y[j] = greater(y[j], x[j]);
      } else {
        for (int64_t j = 0; j < inner; j++) y[j] = lesser(y[j], x[j]);
      }
    }
  }
}

static void argmax(int64_t outer, int64_t count, int64_t inner, const void *source, int32_t *y) {
  for (int64_t o = 0; o < outer; o++) {
    for (int64_t j = 0; j < inner; j++) {
      const TYPE *x = (const TYPE *)source + o * count * inner + j;
      int64_t best = 0;
      for (int64_t i = 1; i < count; i++) {
        TYPE value = x[i * inner], greatest = x[best * inner];
        if (value > greatest || (IS_NAN(value) && !IS_NAN(greatest))) best = i;
      }
      y[o * inner + j] = (int32_t)best;
    }
  }
}

// MARK: Products and sums of rows

static void matmul(
    int64_t m, int64_t n, int64_t k, const void *left, int64_t a_row, int64_t a_column, const void *right,
    int64_t b_row, int64_t b_column, void *result) {
  const TYPE *a = left, *b = right;
  TYPE *c = result;
  for (int64_t i = 0; i < m; i++, c += n) {
    for (int64_t j = 0; j < n; j++) c[j] = 0;
    for (int64_t p = 0; p < k; p++) {
      TYPE factor = a[i * a_row + p * a_column];
      const TYPE *row = b + p * b_row;
      for (int64_t j = 0; j < n; j++) c[j] = WRAPPED(c[j], +, WRAPPED(factor, *, row[j * b_column]));
    }
  }
}

static void scatter_add(
    int64_t rows, int64_t width, int64_t count, const int32_t *indices, const void *source, void *target) {
  const TYPE *x = source;
  for (int64_t i = 0; i < rows * width; i++) ((TYPE *)target)[i] = 0;
  for (int64_t i = 0; i < count; i++, x += width) {
    if (indices[i] < 0 || indices[i] >= rows) continue;
    TYPE *y = (TYPE *)target + indices[i] * width;
    for (int64_t j = 0; j < width; j++) y[j] = WRAPPED(y[j], +, x[j]);
  }
}

// MARK: Windows

// Calls `body` for each element of y[plane, oh, ow, kh, kw], with its offset `at` in x[plane, h, w], -1 where it is
// outside.
#define EACH_WINDOW(w, body)                                                                                  \
  for (int64_t plane = 0, i = 0; plane < (w)->batch * (w)->channels; plane++)                                 \
    for (int64_t oh = 0; oh < (w)->out_height; oh++)                                                          \
      for (int64_t ow = 0; ow < (w)->out_width; ow++)                                                         \
        for (int64_t kh = 0; kh < (w)->kernel[0]; kh++)                                                       \
          for (int64_t kw = 0; kw < (w)->kernel[1]; kw++, i++) {                                              \
            int64_t row = oh * (w)->stride[0] - (w)->padding[0] + kh * (w)->dilation[0];                      \
            int64_t column = ow * (w)->stride[1] - (w)->padding[1] + kw * (w)->dilation[1];                   \
            int inside = row >= 0 && row < (w)->height && column >= 0 && column < (w)->width;                 \
            int64_t at = inside ? (plane * (w)->height + row) * (w)->width + column : -1;                     \
            body;                                                                                             \
          }

static void unfold(const backprop_window *w, double outside, const void *source, void *target) {
  const TYPE *x = source;
  TYPE *y = target, around = outside < (double)LEAST ? LEAST : (TYPE)outside;
  EACH_WINDOW(w, y[i] = at < 0 ? around : x[at])
}

static void fold(const backprop_window *w, const void *source, void *target) {
  const TYPE *y = source;
  TYPE *x = target;
  for (int64_t i = 0; i < w->batch * w->channels * w->height * w->width; i++) x[i] = 0;
  EACH_WINDOW(w, if (at >= 0) x[at] = WRAPPED(x[at], +, y[i]))
}

const plain_kernels KERNELS = {elementwise, reduce, argmax, matmul, scatter_add, unfold, fold};
