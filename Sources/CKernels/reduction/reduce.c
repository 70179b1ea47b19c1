// Sums, maxima and minima: x[outer, count, inner] -> y[outer, inner].
//
// Sums, and sums of squares, run in float lanes over bounded stretches, and in double across stretches, so that the
// error does not grow with count. Where an intermediate result leaves the range of a float, they are done again in
// double. Which elements share a stretch depends on the shapes and the thread count alone.
#include "CKernels.h"
#include "simd/simd.h"
#include "threading/grain.h"

enum {
  STRETCH = 4096,   // elements of a contiguous run that are summed in float, over 64 partial sums
  STRETCH_ROWS = 64,  // rows that are summed in float, per column
  TILE = 64,        // columns whose partial results stay in registers
  FOLD_LIMIT = 1024,
  SEGMENT = 1 << 15,  // elements that are worth a segment of a split reduction
};

// MARK: Accumulators

INLINE int is_sum(backprop_reduction kind) { return kind == BACKPROP_SUM || kind == BACKPROP_NORM; }

INLINE double start_value(backprop_reduction kind) {
  return is_sum(kind) ? 0 : kind == BACKPROP_MAXIMUM ? -INFINITY : INFINITY;
}

INLINE void accumulate(backprop_reduction kind, lanes *into, const lanes *x) {
  if (kind == BACKPROP_SUM) {
    *into += *x;
  } else if (kind == BACKPROP_NORM) {
    *into += *x * *x;
  } else if (kind == BACKPROP_MAXIMUM) {
    lanes_maximum(into, x);
  } else {
    lanes_minimum(into, x);
  }
}

// Two partial results. (`accumulate` takes elements, which the norm squares.)
INLINE void merge(backprop_reduction kind, lanes *into, const lanes *part) {
  accumulate(is_sum(kind) ? BACKPROP_SUM : kind, into, part);
}

INLINE double element(backprop_reduction kind, float x) {
  return kind == BACKPROP_NORM ? (double)x * (double)x : (double)x;
}

INLINE double combine(backprop_reduction kind, double a, double b) {
  if (is_sum(kind)) return a + b;
  if (a != a || b != b) return NAN;
  return (kind == BACKPROP_MAXIMUM) == (a > b) ? a : b;
}

INLINE double across(backprop_reduction kind, const lanes *v) {
  if (is_sum(kind)) return (double)sum_lanes(v);
  words bad = *v != *v;
  if (any_lane(&bad)) return NAN;
  if (kind == BACKPROP_MAXIMUM) return (double)greatest_lane(v);
  lanes negated = -*v;
  return -(double)greatest_lane(&negated);
}

// Whether floats may have overflowed on the way to a sum, or squares have underflowed to zero.
INLINE int is_doubtful(backprop_reduction kind, double total) {
  return is_sum(kind) && (!isfinite(total) || (kind == BACKPROP_NORM && total < 1e-24));
}

// The sum of `count` elements, `row` apart, in double.
static double careful_sum(backprop_reduction kind, int64_t count, int64_t row, const float *x) {
  double partial[8] = {0};
  for (int64_t i = 0; i < count; i++) partial[i % 8] += element(kind, x[i * row]);
  return ((partial[0] + partial[1]) + (partial[2] + partial[3])) +
         ((partial[4] + partial[5]) + (partial[6] + partial[7]));
}

// MARK: Contiguous runs

// x[count]; `readable` elements may be read
INLINE double reduce_run(backprop_reduction kind, int64_t count, int64_t readable, const float *x) {
  double total = start_value(kind);
  float start = (float)total;
  if (count <= 4 * LANES) {  // short rows are common: no tree over idle lanes
    lanes a = SPLAT(start);
    for (int64_t i = 0; i < count; i += LANES) {
      lanes x0;
      load_tail(&x0, x + i, count - i, readable - i, start);
      accumulate(kind, &a, &x0);
    }
    return across(kind, &a);
  }
  for (int64_t begin = 0; begin < count; begin += STRETCH) {
    int64_t n = count - begin < STRETCH ? count - begin : STRETCH, i = 0;
    const float *p = x + begin;
    lanes a = SPLAT(start), b = a, c = a, d = a;
    for (; i + 4 * LANES <= n; i += 4 * LANES) {
      lanes x0 = LOAD(p + i), x1 = LOAD(p + i + 16), x2 = LOAD(p + i + 32), x3 = LOAD(p + i + 48);
      accumulate(kind, &a, &x0);
      accumulate(kind, &b, &x1);
      accumulate(kind, &c, &x2);
      accumulate(kind, &d, &x3);
    }
    for (; i + LANES <= n; i += LANES) {
      lanes x0 = LOAD(p + i);
      accumulate(kind, &a, &x0);
    }
    if (i < n) {
      lanes x0;
      load_tail(&x0, p + i, n - i, readable - begin - i, start);
      accumulate(kind, &b, &x0);
    }
    merge(kind, &a, &b);
    merge(kind, &c, &d);
    merge(kind, &a, &c);
    total = combine(kind, total, across(kind, &a));
  }
  return total;
}

// The result from a total: the mean is the sum over a divisor, the norm the root of the sum of squares.
typedef struct {
  backprop_reduction kind;
  double divisor;
} ending;

INLINE float ended(ending e, double total) {
  return (float)(e.kind == BACKPROP_NORM ? sqrt(total) : total / e.divisor);
}

// x[runs, count] -> y[runs]; `readable` elements of x may be read
CLONES static void reduce_runs(
    ending end, int64_t runs, int64_t count, int64_t readable, const float *x, float *y) {
  backprop_reduction kind = end.kind;
#define RUNS(kind)                                                                          \
  for (int64_t i = 0; i < runs; i++) {                                                      \
    double total = reduce_run(kind, count, readable - i * count, x + i * count);            \
    if (is_doubtful(kind, total)) total = careful_sum(kind, count, 1, x + i * count);       \
    y[i] = is_sum(kind) ? ended(end, total) : (float)total;                                 \
  }
  if (kind == BACKPROP_SUM) {
    RUNS(BACKPROP_SUM);
  } else if (kind == BACKPROP_NORM) {
    RUNS(BACKPROP_NORM);
  } else if (kind == BACKPROP_MAXIMUM) {
    RUNS(BACKPROP_MAXIMUM);
  } else {
    RUNS(BACKPROP_MINIMUM);
  }
}

CLONES static double reduce_one_run(backprop_reduction kind, int64_t count, const float *x) {
  if (kind == BACKPROP_SUM) return reduce_run(BACKPROP_SUM, count, count, x);
  if (kind == BACKPROP_NORM) return reduce_run(BACKPROP_NORM, count, count, x);
  if (kind == BACKPROP_MAXIMUM) return reduce_run(BACKPROP_MAXIMUM, count, count, x);
  return reduce_run(BACKPROP_MINIMUM, count, count, x);
}

// MARK: Columns

// x[count, width] with rows `stride` apart, width 16 to 64 -> out[width]. `vectors` lanes cover the width; the last
// overlaps the one before where the width is ragged: the same elements in the same order, hence the same result.
INLINE void reduce_columns_by(
    backprop_reduction kind, int vectors, int64_t count, int64_t stride, int64_t width, const float *x, double *out) {
  float start = (float)start_value(kind);
  int64_t at[4];
  wide_lanes totals[4];
  for (int j = 0; j < vectors; j++) {
    at[j] = (j + 1) * LANES <= width ? j * LANES : width - LANES;
    totals[j] = (wide_lanes){0};
  }
  int64_t limit = is_sum(kind) ? STRETCH_ROWS : INT64_MAX;
  lanes sums[4];
  for (int64_t begin = 0; begin < count;) {
    int64_t end = count - begin < limit ? count : begin + limit;
    for (int j = 0; j < vectors; j++) sums[j] = SPLAT(start);
    for (int64_t r = begin; r < end; r++) {
      for (int j = 0; j < vectors; j++) {
        lanes v = LOAD(x + r * stride + at[j]);
        accumulate(kind, &sums[j], &v);
      }
    }
    for (int j = 0; j < vectors; j++) totals[j] += __builtin_convertvector(sums[j], wide_lanes);
    begin = end;
  }
  for (int j = 0; j < vectors; j++) {
    wide_lanes total = count > 0 ? totals[j] : totals[j] + start_value(kind);
    memcpy(out + at[j], &total, sizeof total);
  }
}

CLONES static void reduce_columns(
    backprop_reduction kind, int64_t count, int64_t stride, int64_t width, const float *x, double *out) {
#define BY_VECTORS(kind)                                                        \
  switch ((width + LANES - 1) / LANES) {                                        \
  case 1: reduce_columns_by(kind, 1, count, stride, width, x, out); break;      \
  case 2: reduce_columns_by(kind, 2, count, stride, width, x, out); break;      \
  case 3: reduce_columns_by(kind, 3, count, stride, width, x, out); break;      \
  default: reduce_columns_by(kind, 4, count, stride, width, x, out); break;     \
  }
  if (kind == BACKPROP_SUM) {
    BY_VECTORS(BACKPROP_SUM)
  } else if (kind == BACKPROP_NORM) {
    BY_VECTORS(BACKPROP_NORM)
  } else if (kind == BACKPROP_MAXIMUM) {
    BY_VECTORS(BACKPROP_MAXIMUM)
  } else {
    BY_VECTORS(BACKPROP_MINIMUM)
  }
}

// x[count, inner] dense, inner < 64 -> out[inner]. Rows are joined until they fill whole vectors.
static void reduce_narrow(backprop_reduction kind, int64_t count, int64_t inner, const float *x, double *out) {
  int64_t fold = 16;
  while (fold > 1 && fold / 2 * inner % LANES == 0) fold /= 2;
  while (fold * inner < TILE) fold *= 2;
  int64_t groups = count / fold, width = fold * inner;
  double folded[FOLD_LIMIT];
  for (int64_t j = 0; j < inner; j++) out[j] = start_value(kind);
  if (groups > 0) {
    for (int64_t j = 0; j < width; j += TILE)
      reduce_columns(kind, groups, width, width - j < TILE ? width - j : TILE, x + j, folded + j);
    for (int64_t f = 0; f < fold; f++)
      for (int64_t j = 0; j < inner; j++) out[j] = combine(kind, out[j], folded[f * inner + j]);
  }
  for (int64_t r = groups * fold; r < count; r++)
    for (int64_t j = 0; j < inner; j++) out[j] = combine(kind, out[j], element(kind, x[r * inner + j]));
}

// MARK: The work and its split

typedef struct {
  backprop_reduction kind;  // not the mean, which is a sum
  ending end;
  int64_t outer, count, inner, row;
  int64_t tiles;           // of columns; 1 where inner is narrow
  int64_t segments, rows;  // of count: how many, and how many rows each
  const float *x;
  float *y;
  double *partial;  // [outer, segments, inner], where segments > 1
} work;

static void run_rows(void *context, int64_t begin, int64_t end) {
  const work *w = context;
  reduce_runs(w->end, end - begin, w->count, (w->outer - begin) * w->count, w->x + begin * w->count, w->y + begin);
}

// Units are (outer, segment, tile), the tile fastest.
static void run_units(void *context, int64_t begin, int64_t end) {
  const work *w = context;
  for (int64_t unit = begin; unit < end; unit++) {
    int64_t tile = unit % w->tiles, segment = unit / w->tiles % w->segments, o = unit / w->tiles / w->segments;
    int64_t first = segment * w->rows, rows = w->count - first < w->rows ? w->count - first : w->rows;
    int64_t column = tile * TILE, width = w->tiles == 1 ? w->inner : w->inner - column;
    if (w->tiles > 1 && width > TILE) width = TILE;
    if (w->tiles > 1 && width < LANES) column -= LANES - width, width = LANES;
    const float *x = w->x + (o * w->count + first) * w->row + column;
    double out[TILE];
    if (rows < 0) rows = 0;
    if (w->inner == 1) {
      out[0] = reduce_one_run(w->kind, rows, x);
    } else if (w->inner < TILE) {
      reduce_narrow(w->kind, rows, w->inner, x, out);
    } else {
      reduce_columns(w->kind, rows, w->row, width, x, out);
    }
    for (int64_t j = 0; j < width; j++) {
      if (is_doubtful(w->kind, out[j])) out[j] = careful_sum(w->kind, rows, w->row, x + j);
    }
    if (w->segments > 1) {
      memcpy(w->partial + (o * w->segments + segment) * w->inner + column, out, (size_t)width * sizeof *out);
    } else {
      for (int64_t j = 0; j < width; j++) w->y[o * w->inner + column + j] = ended(w->end, out[j]);
    }
  }
}

void backprop_reduce(
    backprop_reduction kind, int64_t outer, int64_t count, int64_t inner, int64_t row, const float *x, float *y) {
  if (outer <= 0 || inner <= 0) return;
  int64_t threads = backprop_threads();
  ending end = {kind == BACKPROP_MEAN ? BACKPROP_SUM : kind, kind == BACKPROP_MEAN ? (double)count : 1};
  kind = end.kind;
  work w = {kind, end, outer, count, inner, row, 1, 1, count, x, y, NULL};
  if (inner >= TILE) w.tiles = (inner + TILE - 1) / TILE;
  double cost = inner == 1 ? 0.06 : 0.1;  // nanoseconds an element
  int64_t units = outer * w.tiles;
  if (units < 4 * threads && outer * count * inner >= 2 * SEGMENT) {
    // Too few independent results to keep the threads busy: split count as well.
    int64_t wanted = (4 * threads + units - 1) / units, most = count * inner / SEGMENT;
    w.segments = wanted < most ? wanted : most;
    if (w.segments < 1) w.segments = 1;
    w.rows = (count + w.segments - 1) / w.segments;
    if (w.segments > 1)
      w.partial = backprop_scratch(0, outer * w.segments * inner * (int64_t)sizeof(double));
    if (!w.partial) w.segments = 1, w.rows = count;
  }
  if (inner == 1 && w.segments == 1) {
    backprop_parallel(outer, backprop_grain(outer, (double)count * cost + 4), run_rows, &w);
    return;
  }
  units *= w.segments;
  double unit_cost = cost * (double)(outer * count * inner) / (double)units + 10;
  backprop_parallel(units, backprop_grain(units, unit_cost), run_units, &w);
  if (w.segments == 1) return;
  for (int64_t o = 0; o < outer; o++) {
    for (int64_t j = 0; j < inner; j++) {
      const double *p = w.partial + o * w.segments * inner + j;
      double total = p[0];
      for (int64_t s = 1; s < w.segments; s++) total = combine(kind, total, p[s * inner]);
      y[o * inner + j] = ended(end, total);
    }
  }
}

// MARK: The index of the greatest

typedef struct {
  int64_t outer, count, inner;
  const float *x;
  int32_t *y;
} search;

// y[outer] = the first index of the greatest of x[outer, count]
CLONES static void argmax_rows(const search *s, int64_t begin, int64_t end) {
  for (int64_t o = begin; o < end; o++) {
    const float *x = s->x + o * s->count;
    int64_t readable = (s->outer - o) * s->count;
    float greatest = (float)reduce_run(BACKPROP_MAXIMUM, s->count, readable, x);
    int64_t i = 0;
    for (; i < s->count; i += LANES) {
      lanes v;
      load_tail(&v, x + i, s->count - i, readable - i, 0);
      words found = greatest != greatest ? (words)(v != v) : (words)(v == greatest);
      if (any_lane(&found)) break;
    }
    while (greatest != greatest ? x[i] == x[i] : x[i] != greatest) i++;
    s->y[o] = (int32_t)i;
  }
}

// y[outer, inner] = the first index of the greatest along count of x[outer, count, inner]
CLONES static void argmax_columns(const search *s, int64_t begin, int64_t end) {
  for (int64_t o = begin; o < end; o++) {
    const float *x = s->x + o * s->count * s->inner;
    int32_t *y = s->y + o * s->inner;
    for (int64_t j = 0; j < s->inner; j += LANES) {
      int64_t width = s->inner - j < LANES ? s->inner - j : LANES;
      lanes best = {0};
      words index = {0};
      if (width == LANES) best = LOAD(x + j); else load_part(&best, x + j, width);
      for (int64_t c = 1; c < s->count; c++) {
        const float *p = x + c * s->inner + j;
        lanes v = {0};
        if (width == LANES) v = LOAD(p); else load_part(&v, p, width);
        words better = (v > best) | ((v != v) & (best == best));
        best = SELECT(better, v, best);
        index = (words)SELECT(better, SPLAT_WORD((int32_t)c), index);
      }
      lanes bits = (lanes)index;
      if (width == LANES) STORE(y + j, bits); else store_part((float *)(y + j), &bits, width);
    }
  }
}

static void argmax_task(void *context, int64_t begin, int64_t end) {
  const search *s = context;
  if (s->inner == 1) {
    argmax_rows(s, begin, end);
  } else {
    argmax_columns(s, begin, end);
  }
}

void backprop_argmax(int64_t outer, int64_t count, int64_t inner, const float *x, int32_t *y) {
  if (outer <= 0 || inner <= 0) return;
  if (count <= 0) {
    memset(y, 0, (size_t)(outer * inner) * sizeof *y);
    return;
  }
  search s = {outer, count, inner, x, y};
  backprop_parallel(outer, backprop_grain(outer, (double)(count * inner) * 0.15 + 5), argmax_task, &s);
}
