// Pooling of images whose channels are contiguous: lanes run along the channels of a pixel.
//
// The gradient of max-pooling finds the maximum of a window again, which is cheap where the images have to be read
// anyway, and holds its position in a register. The forward pass saves nothing for it.
#include "CKernels.h"
#include "convolution/window_bounds.h"
#include "simd/simd.h"
#include "threading/grain.h"

typedef struct {
  const backprop_window *window;
  const float *x, *upstream;
  float *y;
  int64_t bands, band;  // of the gradient's rows: how many in an image, and how many rows each
} job;

// Positions of a window: rows and columns of the kernel from the first to before the last.
typedef struct {
  int64_t first_row, last_row, first_column, last_column;
} part;

// What does not change from window to window. For a kernel of 2 x 2 it is a constant, so that its loops are unrolled.
typedef struct {
  int64_t row, column;  // floats from one row or column of the kernel to the next
  int64_t columns;      // of the kernel
  int is_maximum;
  int is_disjoint;      // every pixel belongs to one window
  float share;          // of a mean
} geometry;

INLINE geometry geometry_of(const backprop_window *w, int is_maximum) {
  int disjoint = 1;
  for (int axis = 0; axis < 2; axis++) {
    int64_t size = axis ? w->width : w->height, out = axis ? w->out_width : w->out_height;
    disjoint &= w->kernel[axis] == w->stride[axis] && w->dilation[axis] == 1 && w->padding[axis] == 0 &&
                out * w->kernel[axis] == size;
  }
  return (geometry){w->dilation[0] * w->width * w->channels, w->dilation[1] * w->channels, w->kernel[1], is_maximum,
                    disjoint, 1.0f / (float)(w->kernel[0] * w->kernel[1])};
}

// As an argument of an INLINE function it lets the compiler unroll.
INLINE int is_two_by_two(const backprop_window *w) { return w->kernel[0] == 2 && w->kernel[1] == 2; }
INLINE int is_whole(part p) {
  return p.first_row == 0 && p.last_row == 2 && p.first_column == 0 && p.last_column == 2;
}
#define WHOLE ((part){0, 2, 0, 2})

INLINE void load_channels(lanes *v, const float *p, int64_t count, const float *end) {
  if (count == LANES) {
    *v = LOAD(p);
  } else {
    load_tail(v, p, count, end - p, 0);
  }
}

INLINE void store_channels(float *p, const lanes *v, int64_t count) {
  if (count == LANES) {
    STORE(p, *v);
  } else {
    store_part(p, v, count);
  }
}

// Where v replaces the maximum so far: NaN counts as greatest, and the first of equals stays.
#define EXCEEDS(v, greatest) (~((v) <= (greatest)) & ((greatest) == (greatest)))

// The maximum or the mean of a window that would begin `start` floats after x.
INLINE void pool(geometry g, part p, const float *x, int64_t start, int64_t count, const float *end, lanes *y) {
  lanes sum = SPLAT(g.is_maximum ? -INFINITY : 0.0f);
  for (int64_t row = p.first_row; row < p.last_row; row++) {
    for (int64_t column = p.first_column; column < p.last_column; column++) {
      lanes v;
      load_channels(&v, x + start + row * g.row + column * g.column, count, end);
      sum = g.is_maximum ? SELECT(EXCEEDS(v, sum), v, sum) : sum + v * g.share;  // the sum itself might run over
    }
  }
  *y = sum;
}

// Rows of results, of all images.
INLINE void pool_rows(const job *j, int is_maximum, int64_t begin, int64_t end) {
  const backprop_window *w = j->window;
  const geometry g = geometry_of(w, is_maximum);
  const int64_t channels = w->channels, image = w->height * w->width * channels;
  const float *x_end = j->x + w->batch * image;
  for (int64_t unit = begin; unit < end; unit++) {
    const float *x = j->x + unit / w->out_height * image;
    float *y = j->y + unit * w->out_width * channels;
    int64_t top = unit % w->out_height * w->stride[0] - w->padding[0];
    part p;
    backprop_inside(top, w->kernel[0], w->dilation[0], w->height, &p.first_row, &p.last_row);
    for (int64_t ow = 0; ow < w->out_width; ow++, y += channels) {
      int64_t left = ow * w->stride[1] - w->padding[1], start = (top * w->width + left) * channels, c = 0;
      lanes v;
      backprop_inside(left, w->kernel[1], w->dilation[1], w->width, &p.first_column, &p.last_column);
      if (is_two_by_two(w) && is_whole(p)) {
        for (; c + LANES <= channels; c += LANES) {
          pool(g, WHOLE, x, start + c, LANES, x_end, &v);
          STORE(y + c, v);
        }
      }
      for (; c < channels; c += LANES) {
        int64_t count = channels - c < LANES ? channels - c : LANES;
        pool(g, p, x, start + c, count, x_end, &v);
        store_channels(y + c, &v, count);
      }
    }
  }
}

// Adds the upstream of a window to the gradients of its pixels at the positions `to`; with disjoint windows, writes it.
INLINE void spread(geometry g, part p, part to, const float *x, float *y, int64_t start, const lanes *upstream,
                   int64_t count, const float *end) {
  lanes u = *upstream, greatest = SPLAT(-INFINITY);
  // The first position inside, also where nothing exceeds minus infinity.
  words place = SPLAT_WORD((int32_t)(p.first_row * g.columns + p.first_column));
  if (g.is_maximum) {
    for (int64_t row = p.first_row; row < p.last_row; row++) {
      for (int64_t column = p.first_column; column < p.last_column; column++) {
        lanes v;
        load_channels(&v, x + start + row * g.row + column * g.column, count, end);
        words taken = EXCEEDS(v, greatest);
        greatest = SELECT(taken, v, greatest);
        place = (words)SELECT(taken, SPLAT_WORD((int32_t)(row * g.columns + column)), place);
      }
    }
  } else {
    u *= g.share;
  }
  for (int64_t row = to.first_row; row < to.last_row; row++) {
    for (int64_t column = to.first_column; column < to.last_column; column++) {
      float *at = y + start + row * g.row + column * g.column;
      lanes v = g.is_maximum ? SELECT(place == (int32_t)(row * g.columns + column), u, (lanes){0}) : u;
      if (!g.is_disjoint) {
        lanes before;
        load_channels(&before, at, count, at + count);
        v += before;
      }
      store_channels(at, &v, count);
    }
  }
}

// Units are bands of rows of an image. Windows that reach into several bands are visited in each, and in order, so that
// the sums do not depend on the bands.
INLINE void spread_bands(const job *j, int is_maximum, int64_t begin, int64_t end) {
  const backprop_window *w = j->window;
  const geometry g = geometry_of(w, is_maximum);
  const int64_t channels = w->channels, line = w->width * channels, image = w->height * line;
  const float *x_end = j->x ? j->x + w->batch * image : NULL;
  const float *upstream_end = j->upstream + w->batch * w->out_height * w->out_width * channels;
  for (int64_t unit = begin; unit < end; unit++) {
    int64_t number = unit / j->bands, low = unit % j->bands * j->band, cleared = low;
    int64_t high = low + j->band < w->height ? low + j->band : w->height;
    const float *x = j->x ? j->x + number * image : NULL;
    float *y = j->y + number * image;
    for (int64_t oh = 0; oh < w->out_height; oh++) {
      int64_t top = oh * w->stride[0] - w->padding[0];
      part p, to;
      backprop_inside(top - low, w->kernel[0], w->dilation[0], high - low, &to.first_row, &to.last_row);
      if (to.first_row == to.last_row) continue;
      backprop_inside(top, w->kernel[0], w->dilation[0], w->height, &p.first_row, &p.last_row);
      if (!g.is_disjoint) {  // rows are cleared just before the first window that reaches them
        int64_t reached = top + (to.last_row - 1) * w->dilation[0] + 1;
        if (reached > cleared) memset(y + cleared * line, 0, (size_t)((reached - cleared) * line) * sizeof *y);
        if (reached > cleared) cleared = reached;
      }
      const float *u = j->upstream + (number * w->out_height + oh) * w->out_width * channels;
      for (int64_t ow = 0; ow < w->out_width; ow++, u += channels) {
        int64_t left = ow * w->stride[1] - w->padding[1], start = (top * w->width + left) * channels, c = 0;
        lanes v;
        backprop_inside(left, w->kernel[1], w->dilation[1], w->width, &p.first_column, &p.last_column);
        to.first_column = p.first_column, to.last_column = p.last_column;
        if (is_two_by_two(w) && is_whole(p) && is_whole(to)) {
          for (; c + LANES <= channels; c += LANES) {
            v = LOAD(u + c);
            spread(g, WHOLE, WHOLE, x, y, start + c, &v, LANES, x_end);
          }
        }
        for (; c < channels; c += LANES) {
          int64_t count = channels - c < LANES ? channels - c : LANES;
          load_channels(&v, u + c, count, upstream_end);
          spread(g, p, to, x, y, start + c, &v, count, x_end);
        }
      }
    }
    if (!g.is_disjoint) memset(y + cleared * line, 0, (size_t)((high - cleared) * line) * sizeof *y);
  }
}

CLONES static void maximum_rows(void *context, int64_t begin, int64_t end) { pool_rows(context, 1, begin, end); }
CLONES static void mean_rows(void *context, int64_t begin, int64_t end) { pool_rows(context, 0, begin, end); }
CLONES static void maximum_bands(void *context, int64_t begin, int64_t end) { spread_bands(context, 1, begin, end); }
CLONES static void mean_bands(void *context, int64_t begin, int64_t end) { spread_bands(context, 0, begin, end); }

// Nanoseconds for a result of all channels.
static double cost_of(const backprop_window *w) {
  return 0.1 * (double)(w->kernel[0] * w->kernel[1] * w->channels) + 1;
}

static void run_forward(const backprop_window *w, const float *x, float *y, backprop_task task) {
  job j = {.window = w, .x = x, .y = y};
  int64_t rows = w->batch * w->out_height;
  backprop_parallel(rows, backprop_grain(rows, cost_of(w) * (double)w->out_width), task, &j);
}

// Few images are cut into bands of whole strides.
static void run_gradient(
    const backprop_window *w, const float *x, const float *upstream, float *y, backprop_task task) {
  if (w->batch <= 0 || w->height <= 0) return;
  job j = {.window = w, .x = x, .upstream = upstream, .y = y, .bands = 1};
  int64_t wanted = (4 * (int64_t)backprop_threads() + w->batch - 1) / w->batch;
  j.band = (w->height + wanted - 1) / wanted;
  j.band = (j.band + w->stride[0] - 1) / w->stride[0] * w->stride[0];
  j.bands = (w->height + j.band - 1) / j.band;
  int64_t units = w->batch * j.bands;
  double cost = 2 * cost_of(w) * (double)(w->out_height * w->out_width) / (double)j.bands;
  backprop_parallel(units, backprop_grain(units, cost), task, &j);
}

void backprop_max_pool(const backprop_window *window, const float *x, float *y) {
  run_forward(window, x, y, maximum_rows);
}

void backprop_average_pool(const backprop_window *window, const float *x, float *y) {
  run_forward(window, x, y, mean_rows);
}

void backprop_max_pool_gradient(const backprop_window *window, const float *x, const float *upstream, float *y) {
  run_gradient(window, x, upstream, y, maximum_bands);
}

void backprop_average_pool_gradient(const backprop_window *window, const float *upstream, float *y) {
  run_gradient(window, NULL, upstream, y, mean_bands);
}
