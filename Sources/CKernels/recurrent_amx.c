// LSTM and GRU layers over all time steps with their products on matrix units; floats are split in three as in matmul_amx.c.
//
// Sixteen examples, a row of tiles, go through all time steps on one thread. The recurrent weights are split once and lie
// in the order in which tiles load them. While a block of columns is multiplied, the vector units compute the cells of the
// block before it, row by row, and split what they give: it is the left factor of the next step's products. So the
// products never stand on end, and the last block's cells run beside the next step's first block.
#include "amx.h"
#include "CKernels.h"
#include "threads.h"

#if BACKPROP_AMX
#include "recurrent.h"
#include "transpose.h"

enum {
  SPLITS = 3,
  STEP_BYTES = SPLITS * TILE_BYTES,  // of a left factor, for TILE_DEPTH of what is summed over
  MOST_COLUMNS = 4,                  // tiles side by side
  LEAST_ROWS = 8,                    // of a unit, where there are threads for more
};

static int64_t pieces(int64_t x, int64_t size) { return (x + size - 1) / size; }
static __mmask16 first(int64_t count) { return count >= TILE ? 0xffff : count <= 0 ? 0 : (__mmask16)((1 << count) - 1); }
static int64_t gates_of(backprop_cell kind) { return kind == BACKPROP_LSTM_CELL ? 4 : 3; }

// Forward, a block is 16 columns of each gate, summed over the state. Backward, it is 64 columns of the state, summed over
// all gates: 32 columns of the first, 32 of the second, and so on, then the next 32 of each.
static int64_t pairs_of(int64_t size) { return pieces(size, TILE_DEPTH); }
static int64_t forward_blocks(int64_t size) { return pieces(size, TILE); }
static int64_t backward_blocks(int64_t size) { return pieces(size, MOST_COLUMNS * TILE); }

// MARK: Products

typedef void cell_work(void *unit);

// The cells to compute meanwhile: `rows` calls, all of them within the first `steps` steps of the product.
typedef struct {
  cell_work *next_row;
  void *unit;
  int64_t rows, steps;
} shadow;

// y[16, 16 * columns] = a · b, its tiles `apart` floats apart and their rows `row`. Asks memory for the block to come, `next`.
AMX_INLINE void multiply_block(
    int columns, int64_t steps, const char *a, const char *b, const char *next, shadow work, float *y, int64_t apart,
    int64_t row) {
  const int64_t bytes = STEP_BYTES * columns;
  int64_t left = work.rows, credit = 0;
  clear_sums();
#define LEFT(split) _tile_loadd(4, a + (split) * TILE_BYTES, 64)
#define RIGHT(tile, split, column) _tile_loadd(tile, b + ((split) * columns + (column)) * TILE_BYTES, 64)
#define PRODUCT(sum, tile)       \
  _tile_dpbf16ps(sum, 4, tile);  \
  ask_for_half_tile(ahead);      \
  ahead += TILE_BYTES / 2
#define CELLS                                                                  \
  for (credit += work.rows; left > 0 && credit >= 2 * work.steps; credit -= 2 * work.steps, left--) \
    work.next_row(work.unit)
  for (int64_t step = 0; step < steps; step++) {
    const char *ahead = step + 1 < steps ? b + bytes : next;
    // In turn around the sums, as each takes the time of three products. One factor stays from round to round; of four
    // tiles on the right three stay, and the fourth takes the place of the first.
    if (columns == 4) {
      LEFT(0);
      RIGHT(5, 0, 0); PRODUCT(0, 5);
      RIGHT(6, 0, 1); PRODUCT(1, 6);
      RIGHT(7, 0, 2); PRODUCT(2, 7);
      RIGHT(5, 0, 3); PRODUCT(3, 5);
      LEFT(2);
      PRODUCT(1, 6);
      PRODUCT(2, 7);
      PRODUCT(3, 5);
      RIGHT(6, 0, 0); PRODUCT(0, 6);
      LEFT(1);
      PRODUCT(2, 7);
      PRODUCT(3, 5);
      PRODUCT(0, 6);
      RIGHT(7, 0, 1); PRODUCT(1, 7);
      CELLS;
      RIGHT(5, 1, 0); PRODUCT(0, 5);
      RIGHT(6, 1, 1); PRODUCT(1, 6);
      RIGHT(7, 1, 2); PRODUCT(2, 7);
      RIGHT(5, 1, 3); PRODUCT(3, 5);
      LEFT(0);
      PRODUCT(1, 6);
      PRODUCT(2, 7);
      PRODUCT(3, 5);
      RIGHT(6, 1, 0); PRODUCT(0, 6);
      RIGHT(5, 2, 1); PRODUCT(1, 5);
      RIGHT(7, 2, 2); PRODUCT(2, 7);
      RIGHT(6, 2, 3); PRODUCT(3, 6);
      RIGHT(5, 2, 0); PRODUCT(0, 5);
    } else {
      LEFT(0);
      RIGHT(5, 0, 0); PRODUCT(0, 5);
      RIGHT(6, 0, 1); PRODUCT(1, 6);
      RIGHT(7, 0, 2); PRODUCT(2, 7);
      LEFT(2);
      PRODUCT(0, 5);
      PRODUCT(1, 6);
      PRODUCT(2, 7);
      LEFT(1);
      PRODUCT(0, 5);
      PRODUCT(1, 6);
      PRODUCT(2, 7);
      CELLS;
      RIGHT(5, 1, 0); PRODUCT(0, 5);
      RIGHT(6, 1, 1); PRODUCT(1, 6);
      RIGHT(7, 1, 2); PRODUCT(2, 7);
      LEFT(0);
      PRODUCT(0, 5);
      PRODUCT(1, 6);
      PRODUCT(2, 7);
      RIGHT(5, 2, 0); PRODUCT(0, 5);
      RIGHT(6, 2, 1); PRODUCT(1, 6);
      RIGHT(7, 2, 2); PRODUCT(2, 7);
    }
    CELLS;
    a += STEP_BYTES, b += bytes;
  }
#undef LEFT
#undef RIGHT
#undef PRODUCT
#undef CELLS
  const int64_t stride = row * (int64_t)sizeof *y;
  _tile_stored(0, y, stride);
  _tile_stored(1, y + apart, stride);
  _tile_stored(2, y + 2 * apart, stride);
  if (columns == 4) _tile_stored(3, y + 3 * apart, stride);
}

// MARK: Packed weights: blocks of [step, split, column], tiles with 16 of each step paired with the other 16.

typedef struct {
  const float *weights;  // [size, gates * size]
  int64_t size, gates;
  char *packed;
} packing;

AMX static void pack_forward(void *context, int64_t begin, int64_t end) {
  const packing *p = context;
  const int64_t pairs = pairs_of(p->size), row = p->gates * p->size;
  char *to = p->packed + begin * pairs * p->gates * STEP_BYTES;
  for (int64_t block = begin; block < end; block++)
    for (int64_t pair = 0; pair < pairs; pair++, to += p->gates * STEP_BYTES)
      for (int64_t gate = 0; gate < p->gates; gate++) {
        const float *from = p->weights + gate * p->size + block * TILE;
        const __mmask16 mask = first(p->size - block * TILE);
        for (int64_t i = 0; i < TILE; i++) {
          const int64_t x = pair * TILE_DEPTH + i, y = x + TILE;
          split_pairs(
              _mm512_maskz_loadu_ps(x < p->size ? mask : 0, from + x * row),
              _mm512_maskz_loadu_ps(y < p->size ? mask : 0, from + y * row), to + gate * TILE_BYTES + i * 64,
              to + (p->gates + gate) * TILE_BYTES + i * 64, to + (2 * p->gates + gate) * TILE_BYTES + i * 64);
        }
      }
}

// Sixteen rows of the weights from `from` on and as many columns of a gate, transposed, with zeros around them.
AMX_INLINE void turned(const packing *p, int64_t from, int64_t gate, int64_t column, lanes r[TILE]) {
  const __mmask16 mask = first(p->size - column);
  const float *x = p->weights + from * p->gates * p->size + gate * p->size + column;
  for (int64_t i = 0; i < TILE; i++)
    r[i] = (lanes)_mm512_maskz_loadu_ps(from + i < p->size ? mask : 0, x + i * p->gates * p->size);
  exchange_16(r);
}

AMX static void pack_backward(void *context, int64_t begin, int64_t end) {
  const packing *p = context;
  const int64_t pairs = pairs_of(p->size), bytes = MOST_COLUMNS * STEP_BYTES;
  char *to = p->packed + begin * pairs * p->gates * bytes;
  for (int64_t block = begin; block < end; block++)
    for (int64_t pair = 0; pair < pairs; pair++)
      for (int64_t gate = 0; gate < p->gates; gate++, to += bytes)
        for (int64_t column = 0; column < MOST_COLUMNS; column++) {
          const int64_t from = (block * MOST_COLUMNS + column) * TILE;
          char *tile = to + column * TILE_BYTES;
          lanes x[TILE], y[TILE];
          turned(p, from, gate, pair * TILE_DEPTH, x);
          turned(p, from, gate, pair * TILE_DEPTH + TILE, y);
          for (int64_t i = 0; i < TILE; i++)
            split_pairs(
                (__m512)x[i], (__m512)y[i], tile + i * 64, tile + MOST_COLUMNS * TILE_BYTES + i * 64,
                tile + 2 * MOST_COLUMNS * TILE_BYTES + i * 64);
        }
}

// MARK: Units of at most sixteen examples

static int64_t units_of(int64_t batch) {
  int64_t units = pieces(batch, TILE), threads = backprop_threads(), most = pieces(batch, LEAST_ROWS);
  if (threads > most) threads = most;
  return units > threads ? units : threads;
}

static int64_t forward_unit_bytes(int64_t size) { return 2 * pairs_of(size) * STEP_BYTES; }

static int64_t backward_product_row(int64_t size) { return backward_blocks(size) * MOST_COLUMNS * TILE; }

static int64_t backward_unit_bytes(backprop_cell kind, int64_t size) {
  return 2 * pairs_of(size) * gates_of(kind) * STEP_BYTES + TILE * backward_product_row(size) * (int64_t)sizeof(float);
}

int64_t backprop_recurrence_tiles_packed(backprop_cell kind, int64_t size, int backward) {
  const int64_t tiles = backward ? backward_blocks(size) * MOST_COLUMNS : forward_blocks(size);
  return tiles * pairs_of(size) * gates_of(kind) * STEP_BYTES / (int64_t)sizeof(float);
}

int64_t backprop_recurrence_tiles_room(backprop_cell kind, int64_t batch, int64_t size, int backward) {
  const int64_t bytes = backward ? backward_unit_bytes(kind, size) : forward_unit_bytes(size);
  return pieces(batch, LEAST_ROWS) * bytes / (int64_t)sizeof(float);
}

// Where a step's arrays lie: time steps count from the first one done, t as they lie.
typedef struct {
  int64_t t, before, after;  // the latter in numbers of states
} moment;

static moment moment_of(int64_t step, int64_t time, int64_t state, int reversed) {
  const int64_t t = reversed ? time - 1 - step : step;
  return (moment){t, (reversed ? t + 1 : t) * state, (reversed ? t : t + 1) * state};
}

// MARK: Forward

typedef struct {
  const backprop_recurrence *r;
  int64_t begin, rows;   // the examples
  char *parts[2];        // the split states before steps of even and odd numbers, [pair, split]
  // The cells at work and those that come after them; done when row is rows.
  int64_t step, row, column;
  moment now, later;
  int64_t later_column;
  _Alignas(64) float sums[MOST_COLUMNS][TILE * TILE];
} forward_unit;

static void begin_forward_cells(forward_unit *u, int64_t step, int64_t column) {
  const backprop_recurrence *r = u->r;
  const int64_t state = r->batch * r->size;
  const int goes_on = column + TILE < r->size;
  u->step = step, u->row = 0, u->column = column;
  u->now = moment_of(step, r->time, state, r->reversed);
  u->later = goes_on || step + 1 == r->time ? u->now : moment_of(step + 1, r->time, state, r->reversed);
  u->later_column = goes_on ? column + TILE : 0;
}

// The same row's lines of the next block of cells.
AMX_INLINE void ask_for_forward_cells(const forward_unit *u, int64_t example, int64_t gates) {
  const backprop_recurrence *r = u->r;
  const int64_t place = example * r->size + u->later_column, steps = u->later.t * r->batch;
  const float *projected = r->projected + (steps + example) * gates * r->size + u->later_column;
  const float *kept = r->kept + (steps + example) * 4 * r->size + u->later_column;
  for (int64_t g = 0; g < gates; g++) __builtin_prefetch(projected + g * r->size);
  for (int64_t g = 0; g < 4; g++) __builtin_prefetch(kept + g * r->size, 1);
  __builtin_prefetch(r->states + u->later.after + place, 1);
  if (gates == 4) __builtin_prefetch(r->cells + u->later.after + place, 1);
}

AMX_INLINE void forward_row(forward_unit *u, int is_lstm) {
  const backprop_recurrence *r = u->r;
  const int64_t row = u->row++, example = u->begin + row, gates = is_lstm ? 4 : 3, size = r->size;
  const int64_t j = u->column, n = size - j, place = example * size + j;
  ask_for_forward_cells(u, example, gates);
  float *after = r->states + u->now.after + place;
  float *kept = r->kept + (u->now.t * r->batch + example) * 4 * size + j;
  lanes gate[4], bias, part, state, memory;
  if (u->now.t >= r->lengths[example]) {  // keeps its state
    for (int g = 0; g < 4; g++) gate[g] = (lanes){0};
    load(&state, r->states + u->now.before + place, n);
    if (is_lstm) load(&memory, r->cells + u->now.before + place, n);
  } else {
    const float *projected = r->projected + (u->now.t * r->batch + example) * gates * size + j;
    for (int g = 0; g < gates; g++) {
      load(&gate[g], projected + g * size, n);
      load(&bias, r->bias + g * size + j, n);
      part = LOAD(u->sums[g] + row * TILE);
      if (is_lstm || g < 2) gate[g] += part;
      gate[g] += bias;
    }
    if (is_lstm) {
      load(&memory, r->cells + u->now.before + place, n);
      lstm_cell(gate, &memory, &state);
    } else {
      load(&bias, r->bias + 3 * size + j, n);
      gate[3] = part + bias;
      load(&state, r->states + u->now.before + place, n);
      gru_cell(gate, &state);
    }
  }
  store(after, &state, n);
  if (is_lstm) store(r->cells + u->now.after + place, &memory, n);
  keep_gates(kept, size, gate, n);
  // Sixteen columns are paired with the next sixteen: when those are there, or will not be.
  const int is_second = j / TILE % 2;
  if (!is_second && n > TILE) return;
  lanes other = {0};
  if (is_second) other = LOAD(after - TILE);
  char *to = u->parts[(u->step + 1) % 2] + j / TILE_DEPTH * STEP_BYTES + row * 64;
  split_pairs(
      (__m512)(is_second ? other : state), (__m512)(is_second ? state : other), to, to + TILE_BYTES,
      to + 2 * TILE_BYTES);
}

AMX static void lstm_row(void *unit) { forward_row(unit, 1); }
AMX static void gru_row(void *unit) { forward_row(unit, 0); }

static void set_rows(float *y, const float *x, int64_t count) {
  if (x) memcpy(y, x, (size_t)count * sizeof(float)); else memset(y, 0, (size_t)count * sizeof(float));
}

// The initial states, split; rows without an example stay zero in both of the parts.
AMX static void begin_forward(forward_unit *u) {
  const backprop_recurrence *r = u->r;
  const int64_t size = r->size, place = u->begin * size, first_state = r->reversed ? r->time * r->batch * size : 0;
  float *states = r->states + first_state + place;
  set_rows(states, r->initial ? r->initial + place : NULL, u->rows * size);
  if (r->cells)
    set_rows(r->cells + first_state + place, r->initial_cell ? r->initial_cell + place : NULL, u->rows * size);
  memset(u->parts[0], 0, (size_t)forward_unit_bytes(size));
  for (int64_t row = 0; row < u->rows; row++)
    for (int64_t j = 0; j < size; j += TILE_DEPTH) {
      const float *x = states + row * size + j;
      char *to = u->parts[0] + j / TILE_DEPTH * STEP_BYTES + row * 64;
      split_pairs(
          _mm512_maskz_loadu_ps(first(size - j), x), _mm512_maskz_loadu_ps(first(size - j - TILE), x + TILE), to,
          to + TILE_BYTES, to + 2 * TILE_BYTES);
    }
}

AMX static void run_forward(void *context, int64_t begin, int64_t end) {
  const backprop_recurrence *r = context;
  const int is_lstm = r->kind == BACKPROP_LSTM_CELL;
  const int64_t units = units_of(r->batch), pairs = pairs_of(r->size), block_bytes = pairs * gates_of(r->kind) * STEP_BYTES;
  cell_work *next_row = is_lstm ? lstm_row : gru_row;
  open_tiles();
  for (int64_t unit = begin; unit < end; unit++) {
    forward_unit u = {.r = r, .begin = r->batch * unit / units};
    u.rows = r->batch * (unit + 1) / units - u.begin;
    u.parts[0] = (char *)r->product + unit * forward_unit_bytes(r->size);
    u.parts[1] = u.parts[0] + pairs * STEP_BYTES;
    u.row = u.rows;
    begin_forward(&u);
    for (int64_t step = 0; step < r->time; step++) {
      const char *weights = (const char *)r->packed;
      for (int64_t column = 0; column < r->size; column += TILE, weights += block_bytes) {
        // The last cells of the step before are part of the last pair.
        const int64_t steps = column == 0 ? pairs - 1 : pairs;
        if (steps == 0) while (u.row < u.rows) next_row(&u);
        const shadow work = {next_row, &u, u.rows - u.row, steps};
        const char *next = column + TILE < r->size ? weights + block_bytes : (const char *)r->packed;
        const char *parts = u.parts[step % 2];
        if (is_lstm) multiply_block(4, pairs, parts, weights, next, work, u.sums[0], TILE * TILE, TILE);
        else multiply_block(3, pairs, parts, weights, next, work, u.sums[0], TILE * TILE, TILE);
        begin_forward_cells(&u, step, column);
      }
    }
    while (u.row < u.rows) next_row(&u);
  }
  close_tiles();
}

void backprop_recurrence_forward_tiles(const backprop_recurrence *r) {
  packing p = {r->weights, r->size, gates_of(r->kind), (char *)r->packed};
  const int64_t blocks = forward_blocks(r->size);
  backprop_parallel(
      blocks, backprop_grain(blocks, (double)(pairs_of(r->size) * p.gates) * 100), pack_forward, &p);
  backprop_parallel(units_of(r->batch), 1, run_forward, (void *)r);
}

// MARK: Backward

typedef struct {
  const backprop_recurrence_gradient *r;
  int64_t begin, rows;   // the examples
  char *parts[2];        // the split gradients of the gates in steps of even and odd numbers, [pair, gate, split]
  float *product;        // [16, product_row]: what came back from the step after
  int64_t product_row;
  // The cells at work, [row, pair] of some pairs, and those that come after them; done when item is items.
  int64_t step, item, items, first_pair, pairs;
  moment now, later;
  int64_t later_pair;
} backward_unit;

static void begin_backward_cells(backward_unit *u, int64_t step, int64_t first_pair, int64_t pairs) {
  const backprop_recurrence_gradient *r = u->r;
  const int64_t state = r->batch * r->size, last_pair = first_pair + pairs;
  const int goes_on = last_pair < pairs_of(r->size);
  u->step = step, u->item = 0, u->items = u->rows * pairs, u->first_pair = first_pair, u->pairs = pairs;
  u->now = moment_of(step, r->time, state, r->reversed);
  u->later = goes_on || step == 0 ? u->now : moment_of(step - 1, r->time, state, r->reversed);
  u->later_pair = goes_on ? last_pair : 0;
}

// The same row's lines of the next pairs of cells.
AMX_INLINE void ask_for_backward_cells(const backward_unit *u, int64_t example, int64_t j, int64_t gates) {
  const backprop_recurrence_gradient *r = u->r;
  const int64_t place = example * r->size + j, steps = u->later.t * r->batch + example;
  const float *kept = r->kept + steps * 4 * r->size + j, *to = r->projected_gradient + steps * r->gate_row + j;
  for (int64_t g = 0; g < 4; g++) __builtin_prefetch(kept + g * r->size);
  for (int64_t g = 0; g < gates; g++) __builtin_prefetch(to + g * r->size, 1);
  if (gates == 4) {
    __builtin_prefetch(r->cells + u->later.before + place);
  } else {
    to = r->product_gradient + steps * r->gate_row + j;
    for (int64_t g = 0; g < gates; g++) __builtin_prefetch(to + g * r->size, 1);
    __builtin_prefetch(r->states + u->later.before + place);
  }
  if (r->upstream_states) __builtin_prefetch(r->upstream_states + u->later.after + place);
}

// Sixteen columns; `gate` are the gradients that go into the product.
AMX_INLINE void backward_lanes(backward_unit *u, int64_t row, int64_t j, int is_lstm, lanes gate[4]) {
  const backprop_recurrence_gradient *r = u->r;
  const int64_t example = u->begin + row, size = r->size, n = size - j, place = example * size + j;
  const int64_t steps = u->now.t * r->batch + example;
  const int has_ended = u->now.t >= r->lengths[example];
  lanes gradient = {0}, total = {0}, part, other;
  for (int g = 0; g < 4; g++) gate[g] = (lanes){0};
  if (n <= 0) return;
  if (r->upstream_states) load(&gradient, r->upstream_states + u->now.after + place, n);
  if (u->step + 1 < r->time) {
    gradient += LOAD(u->product + row * u->product_row + j);
    load(&part, r->direct + place, n);
    gradient += part;
  }
  if (is_lstm) {
    load(&total, r->cell_gradient + place, n);
    if (r->upstream_cells) {
      load(&part, r->upstream_cells + u->now.after + place, n);
      total += part;
    }
  }
  if (!has_ended) {
    load_gates(gate, r->kept + steps * 4 * size + j, size, n);
    if (is_lstm) {
      load(&part, r->cells + u->now.after + place, n);
      load(&other, r->cells + u->now.before + place, n);
      lstm_cell_gradient(gate, &gradient, &part, &other, &total);
      gradient = (lanes){0};
    } else {
      load(&part, r->states + u->now.before + place, n);
      gru_cell_gradient(gate, &gradient, &part);
    }
  }
  store(r->direct + place, &gradient, n);
  float *y = r->projected_gradient + steps * r->gate_row + j;
  if (is_lstm) {
    store(r->cell_gradient + place, &total, n);
    keep_gates(y, size, gate, n);
    return;
  }
  float *z = r->product_gradient + steps * r->gate_row + j;
  for (int g = 0; g < 3; g++) {
    store(y + g * size, &gate[g], n);
    if (g == 2) gate[2] = gate[3];
    store(z + g * size, &gate[g], n);
  }
}

AMX_INLINE void backward_row(backward_unit *u, int is_lstm) {
  const int64_t item = u->item++, row = item / u->pairs, pair = item % u->pairs, gates = is_lstm ? 4 : 3;
  const int64_t j = (u->first_pair + pair) * TILE_DEPTH, ahead = (u->later_pair + pair) * TILE_DEPTH;
  ask_for_backward_cells(u, u->begin + row, ahead, gates);
  ask_for_backward_cells(u, u->begin + row, ahead + TILE, gates);
  lanes x[4], y[4];
  backward_lanes(u, row, j, is_lstm, x);
  backward_lanes(u, row, j + TILE, is_lstm, y);
  char *to = u->parts[u->step % 2] + j / TILE_DEPTH * gates * STEP_BYTES + row * 64;
  for (int g = 0; g < gates; g++, to += STEP_BYTES)
    split_pairs((__m512)x[g], (__m512)y[g], to, to + TILE_BYTES, to + 2 * TILE_BYTES);
}

AMX static void lstm_gradient_row(void *unit) { backward_row(unit, 1); }
AMX static void gru_gradient_row(void *unit) { backward_row(unit, 0); }

static void end_backward(const backward_unit *u) {
  const backprop_recurrence_gradient *r = u->r;
  const int64_t first_state = r->reversed ? r->time * r->batch * r->size : 0;
  for (int64_t row = 0; row < u->rows; row++)
    for (int64_t j = 0; j < r->size; j++) {
      const int64_t i = (u->begin + row) * r->size + j;
      r->initial_gradient[i] = u->product[row * u->product_row + j] + r->direct[i] +
                               (r->upstream_states ? r->upstream_states[first_state + i] : 0);
      if (r->cells)
        r->initial_cell_gradient[i] = r->cell_gradient[i] + (r->upstream_cells ? r->upstream_cells[first_state + i] : 0);
    }
}

AMX static void run_backward(void *context, int64_t begin, int64_t end) {
  const backprop_recurrence_gradient *r = context;
  const int is_lstm = r->kind == BACKPROP_LSTM_CELL;
  const int64_t units = units_of(r->batch), gates = gates_of(r->kind), pairs = pairs_of(r->size), depth = pairs * gates;
  const int64_t blocks = backward_blocks(r->size), block_bytes = depth * MOST_COLUMNS * STEP_BYTES;
  const int64_t last_pairs = pairs - 2 * (blocks - 1);
  cell_work *next_row = is_lstm ? lstm_gradient_row : gru_gradient_row;
  open_tiles();
  for (int64_t unit = begin; unit < end; unit++) {
    backward_unit u = {.r = r, .begin = r->batch * unit / units, .product_row = backward_product_row(r->size)};
    u.rows = r->batch * (unit + 1) / units - u.begin;
    u.parts[0] = (char *)r->product + unit * backward_unit_bytes(r->kind, r->size);
    u.parts[1] = u.parts[0] + depth * STEP_BYTES;
    u.product = (float *)(void *)(u.parts[1] + depth * STEP_BYTES);
    memset(u.parts[0], 0, (size_t)(2 * depth * STEP_BYTES));
    if (is_lstm) set_rows(r->cell_gradient + u.begin * r->size, NULL, u.rows * r->size);
    begin_backward_cells(&u, r->time - 1, 0, pairs);
    while (u.item < u.items) next_row(&u);
    for (int64_t step = r->time - 1; step >= 0; step--) {
      const char *weights = (const char *)r->packed;
      for (int64_t block = 0; block < blocks; block++, weights += block_bytes) {
        // The last cells of this step are the last pairs.
        const int64_t steps = block == 0 ? (pairs - last_pairs) * gates : depth;
        if (steps == 0) while (u.item < u.items) next_row(&u);
        const shadow work = {next_row, &u, u.items - u.item, steps};
        const char *next = block + 1 < blocks ? weights + block_bytes : (const char *)r->packed;
        multiply_block(
            4, depth, u.parts[step % 2], weights, next, work, u.product + block * MOST_COLUMNS * TILE, TILE,
            u.product_row);
        if (step > 0) begin_backward_cells(&u, step - 1, 2 * block, block + 1 < blocks ? 2 : last_pairs);
      }
    }
    end_backward(&u);
  }
  close_tiles();
}

void backprop_recurrence_backward_tiles(const backprop_recurrence_gradient *r) {
  packing p = {r->weights, r->size, gates_of(r->kind), (char *)r->packed};
  const int64_t blocks = backward_blocks(r->size);
  backprop_parallel(
      blocks, backprop_grain(blocks, (double)(pairs_of(r->size) * p.gates * MOST_COLUMNS) * 150), pack_backward, &p);
  backprop_parallel(units_of(r->batch), 1, run_backward, (void *)r);
}

#else

int64_t backprop_recurrence_tiles_packed(backprop_cell kind, int64_t size, int backward) {
  const int64_t gates = kind == BACKPROP_LSTM_CELL ? 4 : 3;
  return backward ? backprop_recurrence_packed(gates * size, size) : backprop_recurrence_packed(size, gates * size);
}

int64_t backprop_recurrence_tiles_room(backprop_cell kind, int64_t batch, int64_t size, int backward) {
  (void)backward;
  return batch * size * (kind == BACKPROP_LSTM_CELL ? 4 : 3);
}

void backprop_recurrence_forward_tiles(const backprop_recurrence *r) { backprop_recurrence_forward(r); }
void backprop_recurrence_backward_tiles(const backprop_recurrence_gradient *r) { backprop_recurrence_backward(r); }
#endif
