// Recurrent layers' gradients with their products on AMX; recurrent_amx.c says how.
#include "recurrent/recurrent_amx.h"

#if BACKPROP_AMX
#include "simd/transpose.h"

// MARK: Packed weights

// Sixteen rows of the weights from `from` on and as many columns of a gate, transposed, with zeros around them.
AMX_INLINE void load_transposed(const packing *p, int64_t from, int64_t gate, int64_t column, lanes r[TILE]) {
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
          load_transposed(p, from, gate, pair * TILE_DEPTH, x);
          load_transposed(p, from, gate, pair * TILE_DEPTH + TILE, y);
          for (int64_t i = 0; i < TILE; i++)
            split_pairs(
                (__m512)x[i], (__m512)y[i], at + i * 64, at + 2 * TILE_BYTES + i * 64, at + 4 * TILE_BYTES + i * 64);
        }
  }
}

// MARK: The cells

typedef struct {
  const backprop_recurrence_gradient *r;
  int64_t begin, rows;           // the examples
  int64_t first_pair, end_pair;  // the part of the state
  char *parts[2];                // the split gradients of its gates in even and odd steps, [pair, gate, split, 2]
  float *products;               // [part, 2, 32, row]: what goes back to the step before, as each part sums it
  int64_t row, part, all_parts, apart;
  // The cells at work, [example, tile] of some pairs of columns, and those that come after them.
  shadow work;
  int64_t item, step, pair, tiles;
  moment now, later;
  int64_t later_pair;
  words has_nan;  // of the products, in lanes
  _Alignas(64) lanes first_half[4];  // results of the first sixteen of a pair
} backward_unit;

static float *product_of(const backward_unit *u, int64_t part, int64_t step) {
  return u->products + part * u->apart + step % 2 * GROUP * u->row;
}

// The same row's lines of the next pair of cells.
AMX_INLINE void prefetch_backward_cells(const backward_unit *u, int64_t row, int64_t j, int64_t gates) {
  const backprop_recurrence_gradient *r = u->r;
  const int64_t example = u->begin + row, place = example * r->size + j, steps = u->later.t * r->batch + example;
  const float *saved = r->saved + steps * 4 * r->size + j, *to = r->projected_gradient + steps * r->gate_row + j;
  for (int64_t g = 0; g < 4; g++) prefetch(saved + g * r->size);
  for (int64_t g = 0; g < gates; g++) prefetch(to + g * r->size);
  if (gates == 4) {
    prefetch(r->cells + u->later.before + place);
  } else {
    to = r->product_gradient + steps * r->gate_row + j;
    for (int64_t g = 0; g < gates; g++) prefetch(to + g * r->size);
    prefetch(r->states + u->later.before + place);
  }
  if (r->upstream_states) prefetch(r->upstream_states + u->later.after + place);
}

// What came back from the step after, in the order of the parts.
AMX_INLINE void add_products_of(backward_unit *u, int64_t step, int64_t row, int64_t j, lanes *sum) {
  for (int64_t part = 0; part < u->all_parts; part++) {
    const lanes product = LOAD(product_of(u, part, step) + row * u->row + j);
    u->has_nan |= product != product;
    *sum += product;
  }
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
  if (u->now.t < r->lengths[example]) {  // otherwise the gradients are passed on
    load_gates(gate, r->saved + steps * 4 * size + j, size, n);
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
  prefetch_backward_cells(u, row, u->later_pair * TILE_DEPTH + tile % 2 * TILE, gates);
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

// The rest of the products of step + 1, interleaved with the cells of `step`, and the other parts' products of `step`.
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

static void end_backward(backward_unit *u) {
  const backprop_recurrence_gradient *r = u->r;
  const int64_t size = r->size, first_state = r->reversed ? r->time * r->batch * size : 0;
  const int64_t end = u->end_pair * TILE_DEPTH < size ? u->end_pair * TILE_DEPTH : size;
  for (int64_t row = 0; row < u->rows; row++)
    for (int64_t j = u->first_pair * TILE_DEPTH; j < end; j++) {
      const int64_t i = (u->begin + row) * size + j;
      float sum = r->direct[i] + (r->upstream_states ? r->upstream_states[first_state + i] : 0);
      for (int64_t part = 0; part < u->all_parts; part++) {
        const float product = product_of(u, part, 0)[row * u->row + j];
        u->has_nan |= product != product ? ~(words){0} : (words){0};
        sum += product;
      }
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
    char *workspace = (char *)r->product + group * (gradient_bytes(r->kind, r->size) + job->parts * product_bytes(r->size));
    u->parts[0] = workspace + 2 * u->first_pair * gates * STEP_BYTES, u->parts[1] = u->parts[0] + bytes;
    u->products = (float *)(void *)(workspace + gradient_bytes(r->kind, r->size));
    u->row = pairs * TILE_DEPTH, u->part = part, u->all_parts = job->parts, u->apart = 2 * GROUP * u->row;
    u->work = (shadow){.next = r->kind == BACKPROP_LSTM_CELL ? lstm_gradient_cells : gru_gradient_cells, .unit = u};
    u->has_nan = (words){0};
    memset(u->parts[0], 0, (size_t)(2 * bytes));  // rows without an example stay so
  }
}

static void finish_backward(void *context, int64_t begin, int64_t end) {
  const backward_job *job = context;
  for (int64_t unit = begin; unit < end; unit++) end_backward(job->units + unit);
}

void backprop_recurrence_backward_amx(const backprop_recurrence_gradient *r) {
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
  words has_nan = {0};
  for (int64_t unit = 0; unit < parts * groups; unit++) has_nan |= job.units[unit].has_nan;
  if (any_lane(&has_nan)) backprop_recurrence_backward(r);
}

// MARK: Memory

// With as many parts as there may be.
int64_t backprop_recurrence_gradient_amx_workspace(backprop_cell kind, int64_t batch, int64_t size) {
  const int64_t parts = pairs_of(size) * (product_bytes(size) + (int64_t)sizeof(backward_unit));
  return groups_of(batch) * (gradient_bytes(kind, size) + parts) / (int64_t)sizeof(float);
}

#else

int64_t backprop_recurrence_gradient_amx_workspace(backprop_cell kind, int64_t batch, int64_t size) {
  (void)kind, (void)batch, (void)size;
  return 0;
}

void backprop_recurrence_backward_amx(const backprop_recurrence_gradient *r) { backprop_recurrence_backward(r); }
#endif
