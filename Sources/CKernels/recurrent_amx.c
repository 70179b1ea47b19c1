// LSTM and GRU layers over all time steps with their products on matrix units; floats are split in three as in matmul_amx.c.
//
// The recurrent weights are split once and lie in the order in which tiles load them. Each thread has a part of the state,
// whose share of the weights stays in its second-level cache, and all examples, as a row of tiles alone would load weights
// twice as often. While a block of columns is multiplied, the vector units compute the cells of the block before it, row by
// row, and split what they give: it is the left factor of the next step's products.
//
// Forward, a thread sums over the whole state, and all meet after each step. Backward, it sums over the gradients of its own
// gates, for all of the state; each then adds what all have for its part. It makes the others' columns first and its own
// after they have met, with its cells of the step before among them: so they meet once a step there, too.
#include "amx.h"
#include "CKernels.h"
#include "threads.h"

#if BACKPROP_AMX
#include "recurrent.h"
#include "transpose.h"

enum {
  SPLITS = 3,
  GROUP = 2 * TILE,                      // examples at a time, and columns of a product
  STEP_BYTES = SPLITS * 2 * TILE_BYTES,  // of either factor, for TILE_DEPTH of what is summed over
  TURNS = 6,                             // for cells, in such a step of a product
};

static int64_t pieces(int64_t x, int64_t size) { return (x + size - 1) / size; }
static __mmask16 first(int64_t count) { return count >= TILE ? 0xffff : count <= 0 ? 0 : (__mmask16)((1 << count) - 1); }
static int64_t gates_of(backprop_cell kind) { return kind == BACKPROP_LSTM_CELL ? 4 : 3; }

// The state in pairs of 16 columns, what a step of a product sums over.
static int64_t pairs_of(int64_t size) { return pieces(size, TILE_DEPTH); }

// MARK: Products

typedef void cell_work(void *unit);

// The cells to compute meanwhile, spread over so many turns.
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

// y[32, 32] = a · b; its second sixteen columns are `apart` floats from the first, its rows `row`. Asks memory for the next
// factors' begin.
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

// Forward, what an LSTM's cells need of 16 columns, or a GRU's of 32, are two or three products. How many tiles of a gate:
static int64_t width_of(int64_t gates) { return gates == 4 ? 1 : 2; }
static int64_t products_of(int64_t gates) { return gates * width_of(gates) / 2; }

// Of each pair of columns the products [columns, product, step].
static int64_t pair_bytes(int64_t size, int64_t gates) { return gates * pairs_of(size) * STEP_BYTES; }

AMX static void pack_forward(void *context, int64_t begin, int64_t end) {
  const packing *p = context;
  const int64_t pairs = pairs_of(p->size), row = p->gates * p->size, width = width_of(p->gates);
  char *to = p->packed + begin * pair_bytes(p->size, p->gates);
  for (int64_t pair = begin; pair < end; pair++)
    for (int64_t tile = 0; tile < 2 * p->gates; tile += 2)  // [columns, gate, tile of a gate]
      for (int64_t step = 0; step < pairs; step++, to += STEP_BYTES)
        for (int64_t t = tile; t < tile + 2; t++) {
          const int64_t gate = t / width % p->gates, column = pair * TILE_DEPTH + (width == 1 ? t / p->gates : t % 2) * TILE;
          const float *from = p->weights + gate * p->size + column;
          const __mmask16 mask = first(p->size - column);
          char *at = to + (t - tile) * TILE_BYTES;
          for (int64_t i = 0; i < TILE; i++) {
            const int64_t x = step * TILE_DEPTH + i, y = x + TILE;
            split_pairs(
                _mm512_maskz_loadu_ps(x < p->size ? mask : 0, from + x * row),
                _mm512_maskz_loadu_ps(y < p->size ? mask : 0, from + y * row), at + i * 64, at + 2 * TILE_BYTES + i * 64,
                at + 4 * TILE_BYTES + i * 64);
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

// For each part of the state, whose gates are summed over, [pair of the state's columns, pair of the part, gate].
AMX static void pack_backward(void *context, int64_t begin, int64_t end) {
  const packing *p = context;
  const int64_t pairs = pairs_of(p->size), bytes = p->gates * STEP_BYTES;
  for (int64_t pair = begin; pair < end; pair++) {
    int64_t part = 0;
    while (pair >= pairs * (part + 1) / p->parts) part++;
    const int64_t start = pairs * part / p->parts, own = pairs * (part + 1) / p->parts - start;
    char *to = p->packed + (start * pairs + pair - start) * bytes;
    for (int64_t columns = 0; columns < pairs; columns++, to += (own - 1) * bytes)
      for (int64_t gate = 0; gate < p->gates; gate++, to += STEP_BYTES)
        for (int64_t tile = 0; tile < 2; tile++) {
          const int64_t from = columns * TILE_DEPTH + tile * TILE;
          char *at = to + tile * TILE_BYTES;
          lanes x[TILE], y[TILE];
          turned(p, from, gate, pair * TILE_DEPTH, x);
          turned(p, from, gate, pair * TILE_DEPTH + TILE, y);
          for (int64_t i = 0; i < TILE; i++)
            split_pairs(
                (__m512)x[i], (__m512)y[i], at + i * 64, at + 2 * TILE_BYTES + i * 64, at + 4 * TILE_BYTES + i * 64);
        }
  }
}

// MARK: Units: a group of examples and a part of the state

static int64_t groups_of(int64_t batch) { return pieces(batch, GROUP); }

// A thread's part of a step should be 4 µs of work: 300 multiplications a nanosecond, and 1.5 ns a cell.
static int64_t parts_of(backprop_cell kind, int64_t batch, int64_t size) {
  const double cells = (double)batch * (double)size;
  int64_t parts = backprop_threads(), most = (int64_t)(cells * ((double)(gates_of(kind) * size) / 300 + 1.5) / 4e3);
  if (parts > most) parts = most;
  if (parts > pairs_of(size)) parts = pairs_of(size);
  return parts < 1 ? 1 : parts;
}

// Where a step's arrays lie: steps count from the first one done, t as they lie.
typedef struct {
  int64_t t, before, after;  // the latter in numbers of states
} moment;

static moment moment_of(int64_t step, int64_t time, int64_t state, int reversed) {
  const int64_t t = reversed ? time - 1 - step : step;
  return (moment){t, (reversed ? t + 1 : t) * state, (reversed ? t : t + 1) * state};
}

static void set_rows(float *y, const float *x, int64_t count) {
  if (x) memcpy(y, x, (size_t)count * sizeof(float)); else memset(y, 0, (size_t)count * sizeof(float));
}

// MARK: Forward

enum { MOST_TILES = 6 };  // of sums for a block of cells

typedef struct {
  _Alignas(64) float sums[2][MOST_TILES][GROUP * TILE];  // [tile of columns]: of this block and of the one before it
  const backprop_recurrence *r;
  int64_t begin, rows;           // the examples
  int64_t first_pair, end_pair;  // the part of the state
  char *parts[2];                // the split states before steps of even and odd numbers, [pair, split, 2]
  // The cells at work and those that come after them.
  shadow work;
  int64_t item, step, column, odd;
  moment now, later;
  int64_t later_column;
} forward_unit;

// The same row's lines of the next block of cells.
AMX_INLINE void ask_for_forward_cells(const forward_unit *u, int64_t example, int64_t j, int64_t gates) {
  const backprop_recurrence *r = u->r;
  const int64_t place = example * r->size + j, steps = u->later.t * r->batch + example;
  const float *projected = r->projected + steps * gates * r->size + j, *kept = r->kept + steps * 4 * r->size + j;
  for (int64_t g = 0; g < gates; g++) __builtin_prefetch(projected + g * r->size);
  for (int64_t g = 0; g < 4; g++) __builtin_prefetch(kept + g * r->size, 1);
  __builtin_prefetch(r->states + u->later.after + place, 1);
  if (gates == 4) __builtin_prefetch(r->cells + u->later.after + place, 1);
}

AMX_INLINE void forward_cells(forward_unit *u, int is_lstm) {
  const backprop_recurrence *r = u->r;
  const int64_t gates = is_lstm ? 4 : 3, width = width_of(gates), item = u->item++, row = item / width;
  const int64_t tile = item % width, example = u->begin + row, size = r->size, j = u->column + tile * TILE;
  const int64_t n = size - j, place = example * size + j;
  if (n <= 0) return;
  ask_for_forward_cells(u, example, u->later_column + tile * TILE, gates);
  float *after = r->states + u->now.after + place;
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
      part = LOAD(u->sums[u->odd][g * width + tile] + row * TILE);
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
  keep_gates(r->kept + (u->now.t * r->batch + example) * 4 * size + j, size, gate, n);
  // Sixteen columns are paired with the next sixteen: when those are there, or will not be.
  const int is_second = j / TILE % 2;
  if (!is_second && n > TILE) return;
  lanes other = {0};
  if (is_second) other = LOAD(after - TILE);
  char *to = u->parts[(u->step + 1) % 2] + j / TILE_DEPTH * STEP_BYTES + row * 64;
  split_pairs(
      (__m512)(is_second ? other : state), (__m512)(is_second ? state : other), to, to + 2 * TILE_BYTES,
      to + 4 * TILE_BYTES);
}

AMX static void lstm_cells(void *unit) { forward_cells(unit, 1); }
AMX static void gru_cells(void *unit) { forward_cells(unit, 0); }

// The initial states of the part, split; rows without an example stay zero in both of the parts.
AMX static void begin_forward(forward_unit *u) {
  const backprop_recurrence *r = u->r;
  const int64_t size = r->size, begin = u->first_pair * TILE_DEPTH, first_state = r->reversed ? r->time * r->batch * size : 0;
  const int64_t end = u->end_pair * TILE_DEPTH < size ? u->end_pair * TILE_DEPTH : size;
  for (int odd = 0; odd < 2; odd++)
    memset(u->parts[odd] + u->first_pair * STEP_BYTES, 0, (size_t)((u->end_pair - u->first_pair) * STEP_BYTES));
  for (int64_t row = 0; row < u->rows; row++) {
    const int64_t place = (u->begin + row) * size;
    float *states = r->states + first_state + place;
    set_rows(states + begin, r->initial ? r->initial + place + begin : NULL, end - begin);
    if (r->cells)
      set_rows(
          r->cells + first_state + place + begin, r->initial_cell ? r->initial_cell + place + begin : NULL, end - begin);
    for (int64_t j = begin; j < end; j += TILE_DEPTH) {
      char *to = u->parts[0] + j / TILE_DEPTH * STEP_BYTES + row * 64;
      split_pairs(
          _mm512_maskz_loadu_ps(first(size - j), states + j),
          _mm512_maskz_loadu_ps(first(size - j - TILE), states + j + TILE), to, to + 2 * TILE_BYTES, to + 4 * TILE_BYTES);
    }
  }
}

static void begin_forward_cells(forward_unit *u, int64_t step, int64_t column, int64_t end, int64_t columns) {
  const backprop_recurrence *r = u->r;
  const int64_t state = r->batch * r->size, pairs = pairs_of(r->size);
  const int goes_on = column + columns < end;
  u->item = 0, u->step = step, u->column = column;
  u->now = moment_of(step, r->time, state, r->reversed);
  u->later = goes_on || step + 1 == r->time ? u->now : moment_of(step + 1, r->time, state, r->reversed);
  u->later_column = goes_on ? column + columns : u->first_pair * TILE_DEPTH;
  begin_shadow(&u->work, u->rows * columns / TILE, products_of(gates_of(r->kind)) * pairs * TURNS);
}

AMX static void forward_step(forward_unit *u, int64_t step) {
  const backprop_recurrence *r = u->r;
  const int64_t gates = gates_of(r->kind), pairs = pairs_of(r->size), products = products_of(gates);
  const int64_t columns = width_of(gates) * TILE, bytes = pairs * STEP_BYTES;
  const int64_t end = u->end_pair * TILE_DEPTH < r->size ? u->end_pair * TILE_DEPTH : r->size;
  const char *parts = u->parts[step % 2], *start = (const char *)r->packed + u->first_pair * pair_bytes(r->size, gates);
  const char *weights = start;
  for (int64_t column = u->first_pair * TILE_DEPTH; column < end; column += columns) {
    const int odd = !u->odd;
    for (int64_t i = 0; i < products; i++, weights += bytes) {
      const char *next = column + columns < end || i + 1 < products ? weights + bytes : start;
      multiply_block(pairs, parts, weights, parts, next, &u->work, u->sums[odd][2 * i], GROUP * TILE, TILE);
    }
    u->odd = odd;
    begin_forward_cells(u, step, column, end, columns);
  }
  end_shadow(&u->work);
}

// A stretch of time steps for all units.
typedef struct {
  const backprop_recurrence *r;
  int64_t parts, begin, end;
  forward_unit *units;  // [part, group]: so that a thread keeps its part
} forward_job;

AMX static void run_forward(void *context, int64_t begin, int64_t end) {
  const forward_job *job = context;
  open_tiles();
  for (int64_t unit = begin; unit < end; unit++)
    for (int64_t step = job->begin; step < job->end; step++) forward_step(job->units + unit, step);
  close_tiles();
}

AMX static void prepare_forward(void *context, int64_t begin, int64_t end) {
  const forward_job *job = context;
  const backprop_recurrence *r = job->r;
  const int64_t pairs = pairs_of(r->size), groups = groups_of(r->batch);
  for (int64_t unit = begin; unit < end; unit++) {
    forward_unit *u = job->units + unit;
    const int64_t part = unit / groups, group = unit % groups, first_row = group * GROUP;
    u->r = r, u->begin = first_row, u->rows = r->batch - first_row < GROUP ? r->batch - first_row : GROUP;
    u->first_pair = pairs * part / job->parts, u->end_pair = pairs * (part + 1) / job->parts;
    u->parts[0] = (char *)r->product + 2 * group * pairs * STEP_BYTES, u->parts[1] = u->parts[0] + pairs * STEP_BYTES;
    u->work = (shadow){.next = r->kind == BACKPROP_LSTM_CELL ? lstm_cells : gru_cells, .unit = u};
    u->odd = 0;
    begin_forward(u);
  }
}

void backprop_recurrence_forward_tiles(const backprop_recurrence *r) {
  const int64_t parts = parts_of(r->kind, r->batch, r->size), groups = groups_of(r->batch), pairs = pairs_of(r->size);
  packing p = {r->weights, r->size, gates_of(r->kind), parts, (char *)r->packed};
  forward_job job = {r, parts, 0, 0, (forward_unit *)(void *)((char *)r->product + 2 * groups * pairs * STEP_BYTES)};
  backprop_parallel(pairs, backprop_grain(pairs, (double)(pairs * p.gates) * 200), pack_forward, &p);
  backprop_parallel(parts * groups, 1, prepare_forward, &job);
  // Where the state is in one piece, nobody waits for another.
  for (const int64_t stretch = parts == 1 ? r->time : 1; job.begin < r->time; job.begin = job.end) {
    job.end = job.begin + stretch;
    backprop_parallel(parts * groups, 1, run_forward, &job);
  }
}

// MARK: Backward

typedef struct {
  const backprop_recurrence_gradient *r;
  int64_t begin, rows;           // the examples
  int64_t first_pair, end_pair;  // the part of the state
  char *parts[2];                // the split gradients of its gates in steps of even and odd numbers, [pair, gate, split, 2]
  float *products;               // [part, 2, 32, row]: what goes back to the step before, as each part sums it
  int64_t row, part, all_parts, apart;
  // The cells at work, [example, tile] of some pairs of columns, and those that come after them.
  shadow work;
  int64_t item, step, pair, tiles;
  moment now, later;
  int64_t later_pair;
  _Alignas(64) lanes first_half[4];  // what came of the first sixteen of a pair
} backward_unit;

static float *product_of(const backward_unit *u, int64_t part, int64_t step) {
  return u->products + part * u->apart + step % 2 * GROUP * u->row;
}

// The same row's lines of the next pair of cells.
AMX_INLINE void ask_for_backward_cells(const backward_unit *u, int64_t row, int64_t j, int64_t gates) {
  const backprop_recurrence_gradient *r = u->r;
  const int64_t example = u->begin + row, place = example * r->size + j, steps = u->later.t * r->batch + example;
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

// What came back from the step after, in the order of the parts.
AMX_INLINE void add_products_of(const backward_unit *u, int64_t step, int64_t row, int64_t j, lanes *sum) {
  for (int64_t part = 0; part < u->all_parts; part++) *sum += LOAD(product_of(u, part, step) + row * u->row + j);
}

// Sixteen columns; `gate` are the gradients that go into the product.
AMX_INLINE void backward_lanes(backward_unit *u, int64_t row, int64_t j, int is_lstm, lanes gate[4]) {
  const backprop_recurrence_gradient *r = u->r;
  const int64_t example = u->begin + row, size = r->size, n = size - j, place = example * size + j;
  const int64_t steps = u->now.t * r->batch + example;
  lanes gradient = {0}, total = {0}, part, other;
  for (int g = 0; g < 4; g++) gate[g] = (lanes){0};
  if (n <= 0) return;
  if (r->upstream_states) load(&gradient, r->upstream_states + u->now.after + place, n);
  if (u->step + 1 < r->time) {
    add_products_of(u, u->step + 1, row, j, &gradient);
    load(&part, r->direct + place, n);
    gradient += part;
    if (is_lstm) load(&total, r->cell_gradient + place, n);
  }
  if (is_lstm && r->upstream_cells) {
    load(&part, r->upstream_cells + u->now.after + place, n);
    total += part;
  }
  if (u->now.t < r->lengths[example]) {  // else the gradients are handed on
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

AMX_INLINE void backward_cells(backward_unit *u, int is_lstm) {
  const int64_t item = u->item++, row = item / u->tiles, tile = item % u->tiles, gates = is_lstm ? 4 : 3;
  const int64_t j = u->pair * TILE_DEPTH + tile * TILE;
  ask_for_backward_cells(u, row, u->later_pair * TILE_DEPTH + tile % 2 * TILE, gates);
  lanes gate[4];
  backward_lanes(u, row, j, is_lstm, gate);
  if (tile % 2 == 0) {
    for (int g = 0; g < gates; g++) u->first_half[g] = gate[g];
    return;
  }
  char *to = u->parts[u->step % 2] + (j / TILE_DEPTH - u->first_pair) * gates * STEP_BYTES + row * 64;
  for (int g = 0; g < gates; g++, to += STEP_BYTES)
    split_pairs((__m512)u->first_half[g], (__m512)gate[g], to, to + 2 * TILE_BYTES, to + 4 * TILE_BYTES);
}

AMX static void lstm_gradient_cells(void *unit) { backward_cells(unit, 1); }
AMX static void gru_gradient_cells(void *unit) { backward_cells(unit, 0); }

static void begin_backward_cells(backward_unit *u, int64_t step, int64_t pair, int64_t pairs, int64_t turns) {
  const backprop_recurrence_gradient *r = u->r;
  const int64_t state = r->batch * r->size;
  const int goes_on = pair + pairs < u->end_pair;
  u->item = 0, u->step = step, u->pair = pair, u->tiles = 2 * pairs;
  u->now = moment_of(step, r->time, state, r->reversed);
  u->later = goes_on || step == 0 ? u->now : moment_of(step - 1, r->time, state, r->reversed);
  u->later_pair = goes_on ? pair + pairs : u->first_pair;
  begin_shadow(&u->work, u->rows * u->tiles, turns);
}

// The product of a step's gradients for 32 columns of the state.
AMX static void multiply_backward(backward_unit *u, int64_t step, int64_t columns, int64_t next) {
  const backprop_recurrence_gradient *r = u->r;
  const int64_t gates = gates_of(r->kind), depth = (u->end_pair - u->first_pair) * gates;
  const char *weights = (const char *)r->packed + u->first_pair * pairs_of(r->size) * gates * STEP_BYTES;
  const char *parts = u->parts[step % 2];
  multiply_block(
      depth, parts, weights + columns * depth * STEP_BYTES, parts, weights + next * depth * STEP_BYTES, &u->work,
      product_of(u, u->part, step) + columns * TILE_DEPTH, TILE, u->row);
}

// The rest of the products of step + 1, with the cells of `step` among them, and the other parts' products of `step`.
AMX static void backward_step(backward_unit *u, int64_t step) {
  const backprop_recurrence_gradient *r = u->r;
  const int64_t pairs = pairs_of(r->size), own = u->end_pair - u->first_pair, gates = gates_of(r->kind);
  if (step + 1 == r->time) {
    begin_backward_cells(u, step, u->first_pair, own, 1);
    end_shadow(&u->work);
  } else {
    for (int64_t pair = u->first_pair; pair < u->end_pair; pair++) {
      const int is_last = pair + 1 == u->end_pair;
      multiply_backward(u, step + 1, pair, is_last ? 0 : pair + 1);
      if (step < 0) continue;
      // The last cells of a step belong to the last steps of its products.
      begin_backward_cells(u, step, pair, 1, (is_last ? own - 1 : own) * gates * TURNS);
    }
    if (step < 0 || own == 1) end_shadow(&u->work);
  }
  for (int64_t pair = 0; step >= 0 && pair < pairs; pair++)
    if (pair < u->first_pair || pair >= u->end_pair) multiply_backward(u, step, pair, pair + 1 < pairs ? pair + 1 : 0);
}

static void end_backward(const backward_unit *u) {
  const backprop_recurrence_gradient *r = u->r;
  const int64_t size = r->size, first_state = r->reversed ? r->time * r->batch * size : 0;
  const int64_t end = u->end_pair * TILE_DEPTH < size ? u->end_pair * TILE_DEPTH : size;
  for (int64_t row = 0; row < u->rows; row++)
    for (int64_t j = u->first_pair * TILE_DEPTH; j < end; j++) {
      const int64_t i = (u->begin + row) * size + j;
      float sum = r->direct[i] + (r->upstream_states ? r->upstream_states[first_state + i] : 0);
      for (int64_t part = 0; part < u->all_parts; part++) sum += product_of(u, part, 0)[row * u->row + j];
      r->initial_gradient[i] = sum;
      if (r->cells)
        r->initial_cell_gradient[i] = r->cell_gradient[i] + (r->upstream_cells ? r->upstream_cells[first_state + i] : 0);
    }
}

typedef struct {
  const backprop_recurrence_gradient *r;
  int64_t parts, begin, end;  // steps from begin down to end
  backward_unit *units;       // [part, group]
} backward_job;

AMX static void run_backward(void *context, int64_t begin, int64_t end) {
  const backward_job *job = context;
  open_tiles();
  for (int64_t unit = begin; unit < end; unit++)
    for (int64_t step = job->begin; step >= job->end; step--) backward_step(job->units + unit, step);
  close_tiles();
}

// Bytes of the gates' split gradients in two steps, and of what a part sums.
static int64_t gradient_bytes(backprop_cell kind, int64_t size) { return 2 * gates_of(kind) * pairs_of(size) * STEP_BYTES; }
static int64_t product_bytes(int64_t size) { return 2 * GROUP * pairs_of(size) * TILE_DEPTH * (int64_t)sizeof(float); }

static void prepare_backward(void *context, int64_t begin, int64_t end) {
  const backward_job *job = context;
  const backprop_recurrence_gradient *r = job->r;
  const int64_t pairs = pairs_of(r->size), groups = groups_of(r->batch), gates = gates_of(r->kind);
  for (int64_t unit = begin; unit < end; unit++) {
    backward_unit *u = job->units + unit;
    const int64_t part = unit / groups, group = unit % groups, first_row = group * GROUP;
    u->r = r, u->begin = first_row, u->rows = r->batch - first_row < GROUP ? r->batch - first_row : GROUP;
    u->first_pair = pairs * part / job->parts, u->end_pair = pairs * (part + 1) / job->parts;
    const int64_t bytes = (u->end_pair - u->first_pair) * gates * STEP_BYTES;
    char *room = (char *)r->product + group * (gradient_bytes(r->kind, r->size) + job->parts * product_bytes(r->size));
    u->parts[0] = room + 2 * u->first_pair * gates * STEP_BYTES, u->parts[1] = u->parts[0] + bytes;
    u->products = (float *)(void *)(room + gradient_bytes(r->kind, r->size));
    u->row = pairs * TILE_DEPTH, u->part = part, u->all_parts = job->parts, u->apart = 2 * GROUP * u->row;
    u->work = (shadow){.next = r->kind == BACKPROP_LSTM_CELL ? lstm_gradient_cells : gru_gradient_cells, .unit = u};
    memset(u->parts[0], 0, (size_t)(2 * bytes));  // rows without an example stay so
  }
}

static void finish_backward(void *context, int64_t begin, int64_t end) {
  const backward_job *job = context;
  for (int64_t unit = begin; unit < end; unit++) end_backward(job->units + unit);
}

void backprop_recurrence_backward_tiles(const backprop_recurrence_gradient *r) {
  const int64_t parts = parts_of(r->kind, r->batch, r->size), groups = groups_of(r->batch), pairs = pairs_of(r->size);
  packing p = {r->weights, r->size, gates_of(r->kind), parts, (char *)r->packed};
  char *units = (char *)r->product + groups * (gradient_bytes(r->kind, r->size) + parts * product_bytes(r->size));
  backward_job job = {r, parts, r->time - 1, 0, (backward_unit *)(void *)units};
  backprop_parallel(pairs, backprop_grain(pairs, (double)(pairs * p.gates) * 300), pack_backward, &p);
  backprop_parallel(parts * groups, 1, prepare_backward, &job);
  for (const int64_t stretch = parts == 1 ? r->time + 1 : 1; job.begin >= -1; job.begin = job.end - 1) {
    job.end = job.begin - stretch + 1;
    backprop_parallel(parts * groups, 1, run_backward, &job);
  }
  backprop_parallel(parts * groups, 1, finish_backward, &job);
}

// MARK: Memory

int64_t backprop_recurrence_tiles_packed(backprop_cell kind, int64_t size) {
  return pairs_of(size) * pair_bytes(size, gates_of(kind)) / (int64_t)sizeof(float);
}

// With as many parts as there may be.
int64_t backprop_recurrence_tiles_room(backprop_cell kind, int64_t batch, int64_t size, int backward) {
  const int64_t groups = groups_of(batch), pairs = pairs_of(size);
  const int64_t bytes =
      backward ? gradient_bytes(kind, size) + pairs * (product_bytes(size) + (int64_t)sizeof(backward_unit))
               : 2 * pairs * STEP_BYTES + pairs * (int64_t)sizeof(forward_unit);
  return groups * bytes / (int64_t)sizeof(float);
}

#else

int64_t backprop_recurrence_tiles_packed(backprop_cell kind, int64_t size) {
  const int64_t gates = kind == BACKPROP_LSTM_CELL ? 4 : 3;
  const int64_t forward = backprop_recurrence_packed(size, gates * size), backward = backprop_recurrence_packed(gates * size, size);
  return forward > backward ? forward : backward;
}

int64_t backprop_recurrence_tiles_room(backprop_cell kind, int64_t batch, int64_t size, int backward) {
  (void)backward;
  return batch * size * (kind == BACKPROP_LSTM_CELL ? 4 : 3);
}

void backprop_recurrence_forward_tiles(const backprop_recurrence *r) { backprop_recurrence_forward(r); }
void backprop_recurrence_backward_tiles(const backprop_recurrence_gradient *r) { backprop_recurrence_backward(r); }
#endif
