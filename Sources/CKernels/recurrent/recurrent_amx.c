// LSTM and GRU layers over all time steps with their products on AMX; floats are split in three as in matmul_amx.c.
//
// The recurrent weights are split once and stored in the order in which tiles load them. Each thread has a part of the
// state, whose share of the weights stays in its second-level cache, and all examples, as a row of tiles alone would
// load weights twice as often. While a block of columns is multiplied, the vector units compute the cells of the block
// before it, row by row, and split the results: they are the left factor of the next step's products.
//
// Forward, a thread sums over the whole state, with a barrier after each step. Backward, it sums over the gradients of
// its own gates, for all of the state; each then adds up all threads' sums for its part. It computes the others'
// columns first and its own after the barrier, interleaved with its cells of the step before: so there is one barrier a
// step there, too.
#include "recurrent/recurrent_amx.h"

#if BACKPROP_AMX
// MARK: Packed weights

// Forward, what an LSTM's cells need of 16 columns, or a GRU's of 32, are two or three products. Tiles of a gate:
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
          const int64_t gate = t / width % p->gates, second = width == 1 ? t / p->gates : t % 2;
          const int64_t column = pair * TILE_DEPTH + second * TILE;
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
  words has_nan;  // of the products, in lanes
} forward_unit;

// The same row's lines of the next block of cells.
AMX_INLINE void prefetch_forward_cells(const forward_unit *u, int64_t example, int64_t j, int64_t gates) {
  const backprop_recurrence *r = u->r;
  const int64_t place = example * r->size + j, steps = u->later.t * r->batch + example;
  const float *projected = r->projected + steps * gates * r->size + j, *saved = r->saved + steps * 4 * r->size + j;
  for (int64_t g = 0; g < gates; g++) prefetch(projected + g * r->size);
  for (int64_t g = 0; g < 4; g++) prefetch(saved + g * r->size);
  prefetch(r->states + u->later.after + place);
  if (gates == 4) prefetch(r->cells + u->later.after + place);
}

AMX_INLINE void forward_cells(forward_unit *u, int is_lstm) {
  const backprop_recurrence *r = u->r;
  const int64_t gates = is_lstm ? 4 : 3, width = width_of(gates), item = u->item++, row = item / width;
  const int64_t tile = item % width, example = u->begin + row, size = r->size, j = u->column + tile * TILE;
  const int64_t n = size - j, place = example * size + j;
  if (n <= 0) return;
  prefetch_forward_cells(u, example, u->later_column + tile * TILE, gates);
  float *after = r->states + u->now.after + place;
  lanes gate[4], bias, part, state, memory;
  if (u->now.t >= r->lengths[example]) {  // its state stays
    for (int g = 0; g < 4; g++) gate[g] = (lanes){0};
    load(&state, r->states + u->now.before + place, n);
    if (is_lstm) load(&memory, r->cells + u->now.before + place, n);
  } else {
    const float *projected = r->projected + (u->now.t * r->batch + example) * gates * size + j;
    for (int g = 0; g < gates; g++) {
      load(&gate[g], projected + g * size, n);
      load(&bias, r->bias + g * size + j, n);
      part = LOAD(u->sums[u->odd][g * width + tile] + row * TILE);
      u->has_nan |= part != part;
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
  keep_gates(r->saved + (u->now.t * r->batch + example) * 4 * size + j, size, gate, n);
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

static void set_rows(float *y, const float *x, int64_t count) {
  if (x) memcpy(y, x, (size_t)count * sizeof(float)); else memset(y, 0, (size_t)count * sizeof(float));
}

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
    u->odd = 0, u->has_nan = (words){0};
    begin_forward(u);
  }
}

void backprop_recurrence_forward_amx(const backprop_recurrence *r) {
  const int64_t parts = parts_of(r->kind, r->batch, r->size), groups = groups_of(r->batch), pairs = pairs_of(r->size);
  packing p = {r->weights, r->size, gates_of(r->kind), parts, (char *)r->packed};
  forward_job job = {r, parts, 0, 0, (forward_unit *)(void *)((char *)r->product + 2 * groups * pairs * STEP_BYTES)};
  backprop_parallel(pairs, backprop_grain(pairs, (double)(pairs * p.gates) * 200), pack_forward, &p);
  backprop_parallel(parts * groups, 1, prepare_forward, &job);
  // Where the state is in one piece, no thread waits for another.
  for (const int64_t stretch = parts == 1 ? r->time : 1; job.begin < r->time; job.begin = job.end) {
    job.end = job.begin + stretch;
    backprop_parallel(parts * groups, 1, run_forward, &job);
  }
  words has_nan = {0};
  for (int64_t unit = 0; unit < parts * groups; unit++) has_nan |= job.units[unit].has_nan;
  if (any_lane(&has_nan)) backprop_recurrence_forward(r);
}

// MARK: Memory

int64_t backprop_recurrence_amx_packed(backprop_cell kind, int64_t size) {
  return pairs_of(size) * pair_bytes(size, gates_of(kind)) / (int64_t)sizeof(float);
}

// With as many parts as there may be.
int64_t backprop_recurrence_amx_workspace(int64_t batch, int64_t size) {
  const int64_t bytes = 2 * pairs_of(size) * STEP_BYTES + pairs_of(size) * (int64_t)sizeof(forward_unit);
  return groups_of(batch) * bytes / (int64_t)sizeof(float);
}

#else

int64_t backprop_recurrence_amx_packed(backprop_cell kind, int64_t size) {
  (void)kind, (void)size;
  return 0;
}

int64_t backprop_recurrence_amx_workspace(int64_t batch, int64_t size) {
  (void)batch, (void)size;
  return 0;
}

void backprop_recurrence_forward_amx(const backprop_recurrence *r) { backprop_recurrence_forward(r); }
#endif
