// A recurrent layer over all time steps, forward and backward; the equations are in RecurrenceDefinition.swift.
//
// Examples of a batch do not depend on each other, so each thread takes some of them through all time steps and no
// thread waits for another. The recurrent weights are packed once into contiguous panels of columns; a time step is a
// product with each panel and the cell, whose lanes run along the state.
#include "CKernels.h"
#include "gemm/small_products.h"
#include "recurrent/recurrent_cells.h"
#include "threading/grain.h"

enum {
  PANEL = 32,       // columns of a panel
  DEPTH = 256,      // rows of a panel that a product takes at a time, so that they stay in the first-level cache
  ROWS = 8,         // rows that make a whole micro tile
};

// A time step of some rows. Blocks of `size` columns a row: 1, or 4 for LSTM, 3 for GRU.
typedef struct {
  backprop_cell kind;
  int64_t size, gate_row, time;
  const int32_t *lengths;
  const float *projected, *product, *bias;
  const float *state, *cell;
  float *next_state, *next_cell, *saved;
} forward_step;

typedef struct {
  backprop_cell kind;
  int64_t size, gate_row, time;
  const int32_t *lengths;
  const float *state, *cell, *next_state, *next_cell, *saved;
  const float *upstream_state, *upstream_cell;  // NULL: zero
  const float *product;  // what came back from the step after; NULL in the last step
  float *direct;         // what bypasses the product; read unless product is NULL, then replaced
  float *cell_gradient;  // of the cell after, replaced by that of the cell before
  float *projected_gradient, *product_gradient;  // the latter for GRU
} backward_step;

// The sum of the input's projection, the state's product and the bias, for block `block` of the gates.
INLINE void gate_sum(
    lanes *sum, const forward_step *s, int64_t row, int64_t gates, int64_t block, int64_t j, int64_t n) {
  lanes x, product, bias;
  int64_t at = block * s->size + j;
  load(&x, s->projected + row * gates * s->size + at, n);
  load(&product, s->product + row * s->gate_row + at, n);
  load(&bias, s->bias + block * s->size + j, n);
  *sum = x + product + bias;
}

INLINE void lstm_lanes(const forward_step *s, int64_t row, int64_t j, int64_t n) {
  lanes gates[4], memory, state;
  int64_t at = row * s->size + j;
  for (int g = 0; g < 4; g++) gate_sum(&gates[g], s, row, 4, g, j, n);
  load(&memory, s->cell + at, n);
  lstm_cell(gates, &memory, &state);
  store(s->next_cell + at, &memory, n);
  store(s->next_state + at, &state, n);
  keep_gates(s->saved + row * 4 * s->size + j, s->size, gates, n);
}

INLINE void gru_lanes(const forward_step *s, int64_t row, int64_t j, int64_t n) {
  lanes gates[4], bias, state;
  int64_t at = row * s->size + j, candidate = 2 * s->size + j;
  gate_sum(&gates[0], s, row, 3, 0, j, n);
  gate_sum(&gates[1], s, row, 3, 1, j, n);
  load(&gates[2], s->projected + row * 3 * s->size + candidate, n);
  load(&bias, s->bias + candidate, n);
  gates[2] += bias;
  load(&gates[3], s->product + row * s->gate_row + candidate, n);
  load(&bias, s->bias + 3 * s->size + j, n);
  gates[3] += bias;
  load(&state, s->state + at, n);
  gru_cell(gates, &state);
  store(s->next_state + at, &state, n);
  keep_gates(s->saved + row * 4 * s->size + j, s->size, gates, n);
}

INLINE void simple_lanes(const forward_step *s, int64_t row, int64_t j, int64_t n) {
  lanes sum;
  gate_sum(&sum, s, row, 1, 0, j, n);
  if (s->kind == BACKPROP_TANH_CELL) {
    lanes_tanh(&sum);
  } else {
    sum = SELECT(sum < 0.0f, (lanes){0}, sum);  // NaN passes
  }
  store(s->next_state + row * s->size + j, &sum, n);
}

// A row whose example has ended keeps its state.
INLINE void keep_row(const forward_step *s, int64_t row) {
  size_t bytes = (size_t)s->size * sizeof(float);
  memcpy(s->next_state + row * s->size, s->state + row * s->size, bytes);
  if (s->next_cell) memcpy(s->next_cell + row * s->size, s->cell + row * s->size, bytes);
  if (s->saved) memset(s->saved + row * 4 * s->size, 0, 4 * bytes);
}

CLONES static void forward_cells(const forward_step *s, int64_t begin, int64_t end) {
  for (int64_t row = begin; row < end; row++) {
    if (s->time >= s->lengths[row]) {
      keep_row(s, row);
      continue;
    }
    for (int64_t j = 0; j < s->size; j += LANES) {
      int64_t n = s->size - j;
      if (s->kind == BACKPROP_LSTM_CELL) {
        lstm_lanes(s, row, j, n);
      } else if (s->kind == BACKPROP_GRU_CELL) {
        gru_lanes(s, row, j, n);
      } else {
        simple_lanes(s, row, j, n);
      }
    }
  }
}

// The whole gradient of the state after the step: what came back through the product, what bypassed it, and the
// upstream gradient. Operands that are NULL are zero.
INLINE void state_gradient(lanes *u, const backward_step *s, int64_t at, int64_t n) {
  lanes part;
  *u = (lanes){0};
  if (s->upstream_state) load(u, s->upstream_state + at, n);
  if (s->product) {
    load(&part, s->product + at, n);
    *u += part;
    load(&part, s->direct + at, n);
    *u += part;
  }
}

INLINE void lstm_gradient_lanes(const backward_step *s, int64_t row, int64_t j, int64_t n) {
  lanes u, gates[4], memory, before, total, part;
  int64_t at = row * s->size + j;
  state_gradient(&u, s, at, n);
  load_gates(gates, s->saved + row * 4 * s->size + j, s->size, n);
  load(&memory, s->next_cell + at, n);
  load(&before, s->cell + at, n);
  load(&total, s->cell_gradient + at, n);
  if (s->upstream_cell) {
    load(&part, s->upstream_cell + at, n);
    total += part;
  }
  lstm_cell_gradient(gates, &u, &memory, &before, &total);
  keep_gates(s->projected_gradient + row * s->gate_row + j, s->size, gates, n);
  part = (lanes){0};
  store(s->cell_gradient + at, &total, n);
  store(s->direct + at, &part, n);
}

INLINE void gru_gradient_lanes(const backward_step *s, int64_t row, int64_t j, int64_t n) {
  lanes u, gates[4], state;
  int64_t at = row * s->size + j;
  state_gradient(&u, s, at, n);
  load_gates(gates, s->saved + row * 4 * s->size + j, s->size, n);
  load(&state, s->state + at, n);
  gru_cell_gradient(gates, &u, &state);
  float *y = s->projected_gradient + row * s->gate_row + j;
  store(y, &gates[0], n);
  store(y + s->size, &gates[1], n);
  store(y + 2 * s->size, &gates[2], n);
  y = s->product_gradient + row * s->gate_row + j;
  store(y, &gates[0], n);
  store(y + s->size, &gates[1], n);
  store(y + 2 * s->size, &gates[3], n);
  store(s->direct + at, &u, n);
}

INLINE void simple_gradient_lanes(const backward_step *s, int64_t row, int64_t j, int64_t n) {
  lanes u, value, zero = {0};
  int64_t at = row * s->size + j;
  state_gradient(&u, s, at, n);
  load(&value, s->next_state + at, n);
  u = s->kind == BACKPROP_TANH_CELL ? u * (1.0f - value * value) : SELECT(value > 0.0f, u, zero);
  store(s->projected_gradient + row * s->gate_row + j, &u, n);
  store(s->direct + at, &zero, n);
}

// A row whose example has ended passes its gradients on.
INLINE void kernel_row(const backward_step *s, int64_t row, int64_t gates) {
  for (int64_t j = 0; j < s->size; j += LANES) {
    lanes u, part;
    int64_t n = s->size - j, at = row * s->size + j;
    state_gradient(&u, s, at, n);
    store(s->direct + at, &u, n);
    if (s->upstream_cell) {
      load(&u, s->upstream_cell + at, n);
      load(&part, s->cell_gradient + at, n);
      u += part;
      store(s->cell_gradient + at, &u, n);
    }
  }
  size_t bytes = (size_t)(gates * s->size) * sizeof(float);
  memset(s->projected_gradient + row * s->gate_row, 0, bytes);
  if (s->product_gradient) memset(s->product_gradient + row * s->gate_row, 0, bytes);
}

CLONES static void backward_cells(const backward_step *s, int64_t begin, int64_t end) {
  int64_t gates = s->kind == BACKPROP_LSTM_CELL ? 4 : s->kind == BACKPROP_GRU_CELL ? 3 : 1;
  for (int64_t row = begin; row < end; row++) {
    if (s->time >= s->lengths[row]) {
      kernel_row(s, row, gates);
      continue;
    }
    for (int64_t j = 0; j < s->size; j += LANES) {
      int64_t n = s->size - j;
      if (s->kind == BACKPROP_LSTM_CELL) {
        lstm_gradient_lanes(s, row, j, n);
      } else if (s->kind == BACKPROP_GRU_CELL) {
        gru_gradient_lanes(s, row, j, n);
      } else {
        simple_gradient_lanes(s, row, j, n);
      }
    }
  }
}

// MARK: Packed weights

typedef struct {
  int64_t rows, columns;
  const float *weights;
  int transposed;  // whether weights is [columns, rows]
  float *packed;   // panels [rows, PANEL], the last one filled up with zeros
} packing;

static void pack_panels(void *context, int64_t begin, int64_t end) {
  const packing *p = context;
  for (int64_t panel = begin; panel < end; panel++) {
    int64_t first = panel * PANEL, count = p->columns - first < PANEL ? p->columns - first : PANEL;
    float *to = p->packed + panel * p->rows * PANEL;
    if (count < PANEL) memset(to, 0, (size_t)(p->rows * PANEL) * sizeof(float));
    if (p->transposed) {
      for (int64_t j = 0; j < count; j++) {
        const float *from = p->weights + (first + j) * p->rows;
        for (int64_t i = 0; i < p->rows; i++) to[i * PANEL + j] = from[i];
      }
    } else {
      for (int64_t i = 0; i < p->rows; i++)
        memcpy(to + i * PANEL, p->weights + i * p->columns + first, (size_t)count * sizeof(float));
    }
  }
}

static void pack(packing p) {
  int64_t panels = (p.columns + PANEL - 1) / PANEL;
  backprop_parallel(panels, backprop_grain(panels, (double)p.rows * PANEL * (p.transposed ? 0.5 : 0.1)), pack_panels, &p);
}

int64_t backprop_recurrence_packed(int64_t rows, int64_t columns) {
  return rows * ((columns + PANEL - 1) / PANEL * PANEL);
}

// c[m, columns] = a[m, rows] · the packed weights
static void packed_product(
    const backprop_tile_kernel *kernel, int64_t m, int64_t rows, int64_t columns, const float *a, int64_t a_row,
    const float *packed, float *c, int64_t c_row) {
  for (int64_t depth = 0; depth < rows; depth += DEPTH) {
    int64_t count = rows - depth < DEPTH ? rows - depth : DEPTH;
    for (int64_t first = 0; first < columns; first += PANEL) {
      int64_t n = columns - first < PANEL ? columns - first : PANEL;
      backprop_tile_product(
          kernel, m, n, count, a + depth, a_row, packed + (first / PANEL * rows + depth) * PANEL, PANEL, c + first, c_row,
          depth > 0);
    }
  }
}

// MARK: All time steps

static int64_t gates_of(backprop_cell kind) {
  return kind == BACKPROP_LSTM_CELL ? 4 : kind == BACKPROP_GRU_CELL ? 3 : 1;
}

// Pointers to the part of an array of states or steps; NULL stays NULL.
static const float *at(const float *x, int64_t offset) { return x ? x + offset : NULL; }
static float *place(float *x, int64_t offset) { return x ? x + offset : NULL; }

static void set_rows(float *y, const float *x, int64_t count) {
  if (x) memcpy(y, x, (size_t)count * sizeof(float)); else memset(y, 0, (size_t)count * sizeof(float));
}

typedef struct {
  const backprop_recurrence *r;
  backprop_tile_kernel kernel;
} forward_job;

static void forward_rows(void *context, int64_t begin, int64_t end) {
  const forward_job *job = context;
  const backprop_recurrence *r = job->r;
  int64_t state = r->batch * r->size, gates = gates_of(r->kind) * r->size, row = begin * r->size;
  int64_t first = r->reversed ? r->time * state : 0;
  set_rows(r->states + first + row, at(r->initial, row), (end - begin) * r->size);
  if (r->cells) set_rows(r->cells + first + row, at(r->initial_cell, row), (end - begin) * r->size);
  for (int64_t i = 0; i < r->time; i++) {
    int64_t t = r->reversed ? r->time - 1 - i : i;
    int64_t before = (r->reversed ? t + 1 : t) * state, after = (r->reversed ? t : t + 1) * state;
    packed_product(
        &job->kernel, end - begin, r->size, gates, r->states + before + row, r->size, r->packed,
        r->product + begin * r->gate_row, r->gate_row);
    forward_step step = {
        .kind = r->kind, .size = r->size, .gate_row = r->gate_row, .time = t, .lengths = r->lengths,
        .projected = r->projected + t * r->batch * gates, .product = r->product, .bias = r->bias,
        .state = r->states + before, .cell = at(r->cells, before), .next_state = r->states + after,
        .next_cell = place(r->cells, after), .saved = place(r->saved, t * 4 * state)};
    forward_cells(&step, begin, end);
  }
}

typedef struct {
  const backprop_recurrence_gradient *r;
  backprop_tile_kernel kernel;
} backward_job;

static void backward_rows(void *context, int64_t begin, int64_t end) {
  const backward_job *job = context;
  const backprop_recurrence_gradient *r = job->r;
  int64_t state = r->batch * r->size, gates = gates_of(r->kind) * r->size, row = begin * r->size;
  int64_t count = (end - begin) * r->size;
  if (r->cells) set_rows(r->cell_gradient + row, NULL, count);
  for (int64_t i = r->time - 1; i >= 0; i--) {
    int64_t t = r->reversed ? r->time - 1 - i : i;
    int64_t before = (r->reversed ? t + 1 : t) * state, after = (r->reversed ? t : t + 1) * state;
    float *for_input = r->projected_gradient + t * r->batch * r->gate_row;
    float *for_state = place(r->product_gradient, t * r->batch * r->gate_row);
    backward_step step = {
        .kind = r->kind, .size = r->size, .gate_row = r->gate_row, .time = t, .lengths = r->lengths, .state = r->states + before,
        .cell = at(r->cells, before), .next_state = r->states + after, .next_cell = at(r->cells, after),
        .saved = at(r->saved, t * 4 * state), .upstream_state = at(r->upstream_states, after),
        .upstream_cell = at(r->upstream_cells, after), .product = i == r->time - 1 ? NULL : r->product,
        .direct = r->direct, .cell_gradient = r->cell_gradient, .projected_gradient = for_input,
        .product_gradient = for_state};
    backward_cells(&step, begin, end);
    packed_product(
        &job->kernel, end - begin, gates, r->size, (for_state ? for_state : for_input) + begin * r->gate_row, r->gate_row,
        r->packed, r->product + row, r->size);
  }
  int64_t first = r->reversed ? r->time * state : 0;
  for (int64_t i = row; i < row + count; i++) {
    r->initial_gradient[i] = r->product[i] + r->direct[i] + (r->upstream_states ? r->upstream_states[first + i] : 0);
    if (r->cells)
      r->initial_cell_gradient[i] = r->cell_gradient[i] + (r->upstream_cells ? r->upstream_cells[first + i] : 0);
  }
}

// Rows a thread takes at least: a micro tile, if every thread gets one.
static int64_t row_grain(int64_t batch, double cost) {
  int64_t grain = backprop_grain(batch, cost);
  return batch >= ROWS * (int64_t)backprop_threads() ? (grain + ROWS - 1) / ROWS * ROWS : grain;
}

void backprop_recurrence_forward(const backprop_recurrence *r) {
  int64_t gates = gates_of(r->kind) * r->size;
  pack((packing){r->size, gates, r->weights, 0, r->packed});
  forward_job job = {r, backprop_choose_tile_kernel()};
  double cost = (double)(r->time * gates) * (0.02 * (double)r->size + 1);
  backprop_parallel(r->batch, row_grain(r->batch, cost), forward_rows, &job);
}

void backprop_recurrence_backward(const backprop_recurrence_gradient *r) {
  int64_t gates = gates_of(r->kind) * r->size;
  pack((packing){gates, r->size, r->weights, 1, r->packed});
  backward_job job = {r, backprop_choose_tile_kernel()};
  double cost = (double)(r->time * gates) * (0.02 * (double)r->size + 1);
  backprop_parallel(r->batch, row_grain(r->batch, cost), backward_rows, &job);
}
