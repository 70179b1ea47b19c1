// What the loops over time of recurrent layers on AMX share, forward (recurrent_amx.c) and backward
// (recurrent_gradient_amx.c).
#pragma once
#include "CKernels.h"
#include "simd/amx.h"
#include "threading/grain.h"

#if BACKPROP_AMX
#include "recurrent/recurrent_cells.h"

enum {
  GROUP = 2 * TILE,                      // examples at a time, and columns of a product
  STEP_BYTES = SPLITS * 2 * TILE_BYTES,  // of either factor, for TILE_DEPTH of what is summed over
  TURNS = 6,                             // slots for cells, in such a step of a product
};

static int64_t gates_of(backprop_cell kind) { return kind == BACKPROP_LSTM_CELL ? 4 : 3; }

// The state in pairs of 16 columns, what a step of a product sums over.
static int64_t pairs_of(int64_t size) { return parts(size, TILE_DEPTH); }

// MARK: Products

typedef void cell_work(void *unit);

// The cells to compute meanwhile, spread over so many slots.
typedef struct {
  cell_work *next;
  void *unit;
  int64_t items, left, turns, credit;
} shadow;

static void begin_shadow(shadow *w, int64_t items, int64_t turns) {
  w->items = w->left = items, w->turns = turns, w->credit = 0;
}

static void end_shadow(shadow *w) {
  for (; w->left > 0; w->left--) w->next(w->unit);
}

AMX_INLINE void take_turn(shadow *w) {
  for (w->credit += w->items; w->left > 0 && w->credit >= w->turns; w->credit -= w->turns, w->left--) w->next(w->unit);
}

// y[32, 32] = a · b; its second sixteen columns are `apart` floats from the first, its rows `row`. Prefetches the start
// of the next factors.
AMX static void multiply_block(
    int64_t steps, const char *a, const char *b, const char *next_a, const char *next_b, shadow *work, float *y,
    int64_t apart, int64_t row) {
  clear_sums();
#define LEFT(split)                                      \
  _tile_loadd(4, a + (split) * 2 * TILE_BYTES, 64);      \
  _tile_loadd(5, a + ((split) * 2 + 1) * TILE_BYTES, 64)
#define RIGHT(split)                                     \
  _tile_loadd(6, b + (split) * 2 * TILE_BYTES, 64);      \
  _tile_loadd(7, b + ((split) * 2 + 1) * TILE_BYTES, 64)
#define PRODUCTS(ahead)                                  \
  add_products(2, 2, ahead);                             \
  take_turn(work)
  for (int64_t step = 0; step < steps; step++, a += STEP_BYTES, b += STEP_BYTES) {
    const int is_last = step + 1 == steps;
    const char *ahead_a = is_last ? next_a : a + STEP_BYTES, *ahead_b = is_last ? next_b : b + STEP_BYTES;
    // One factor stays from each product to the next.
    LEFT(0); RIGHT(2); PRODUCTS(ahead_a);
    RIGHT(1); PRODUCTS(ahead_b);
    LEFT(1); PRODUCTS(ahead_a + 2 * TILE_BYTES);
    RIGHT(0); PRODUCTS(ahead_b + 2 * TILE_BYTES);
    LEFT(2); PRODUCTS(ahead_a + 4 * TILE_BYTES);
    LEFT(0); PRODUCTS(ahead_b + 4 * TILE_BYTES);
  }
#undef LEFT
#undef RIGHT
#undef PRODUCTS
  const int64_t stride = row * (int64_t)sizeof *y;
  _tile_stored(0, y, stride);
  _tile_stored(1, y + apart, stride);
  _tile_stored(2, y + TILE * row, stride);
  _tile_stored(3, y + TILE * row + apart, stride);
}

// MARK: Packed weights: blocks of [step, split, 2], tiles with 16 of each step paired with the other 16.

typedef struct {
  const float *weights;  // [size, gates * size]
  int64_t size, gates, parts;
  char *packed;
} packing;

// MARK: Units: a group of examples and a part of the state

static int64_t groups_of(int64_t batch) { return parts(batch, GROUP); }

// With a group of examples for every thread, no thread has to wait. Else, a thread's part of a step should be 4 µs of
// work: 300 multiplications a nanosecond, and 1.5 ns a cell.
static int64_t parts_of(backprop_cell kind, int64_t batch, int64_t size) {
  const double cells = (double)batch * (double)size;
  int64_t parts = backprop_threads(), most = (int64_t)(cells * ((double)(gates_of(kind) * size) / 300 + 1.5) / 4e3);
  if (groups_of(batch) >= parts) return 1;
  if (parts > most) parts = most;
  if (parts > pairs_of(size)) parts = pairs_of(size);
  return parts < 1 ? 1 : parts;
}

// Positions of a step's arrays: steps count in order of computation, t in memory order.
typedef struct {
  int64_t t, before, after;  // the latter in states
} moment;

static moment moment_of(int64_t step, int64_t time, int64_t state, int reversed) {
  const int64_t t = reversed ? time - 1 - step : step;
  return (moment){t, (reversed ? t + 1 : t) * state, (reversed ? t : t + 1) * state};
}
#endif
