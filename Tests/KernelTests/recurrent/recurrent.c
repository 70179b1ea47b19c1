// Recurrent layers and their gradients: tanh, ReLU, LSTM and GRU, either direction, examples of several lengths.
//
// The forward pass is compared step by step, each from the kernel's own state before it, and the gradients with
// back-propagation through time in double, from the states that the kernel saved.
#include "check.h"

#include <stdlib.h>
#include <string.h>

static const char *const names[] = {"tanh", "relu", "lstm", "gru"};

typedef struct {
  backprop_cell kind;
  int64_t time, batch, size, blocks, gates;  // gates: blocks * size
  int32_t reversed, uses_amx;
  int32_t *lengths;
  float *projected, *weights, *bias, *initial, *initial_cell, *states, *cells, *saved;
} layer;

static double sigmoid(double x) { return 1 / (1 + exp(-x)); }

// The index of the states before and after step t.
static int64_t before(const layer *l, int64_t t) { return l->reversed ? t + 1 : t; }
static int64_t after(const layer *l, int64_t t) { return l->reversed ? t : t + 1; }
static int64_t at(const layer *l, int64_t t, int64_t row, int64_t j) { return (t * l->batch + row) * l->size + j; }

static float *workspace_of(int64_t count, int aligned) {
  return aligned ? workspace(count * (int64_t)sizeof(float)) : floats(count);
}

static void run_forward(const layer *l) {
  int64_t gate_row = l->gates + pick(0, 20);
  backprop_recurrence r = {
      .kind = l->kind, .reversed = l->reversed, .time = l->time, .batch = l->batch, .size = l->size,
      .lengths = l->lengths, .projected = l->projected, .weights = l->weights, .bias = l->bias, .initial = l->initial,
      .initial_cell = l->initial_cell, .states = l->states, .cells = l->cells, .saved = l->saved, .gate_row = gate_row};
  if (l->uses_amx) {
    r.packed = workspace_of(backprop_recurrence_amx_packed(l->kind, l->size), 1);
    r.product = workspace_of(backprop_recurrence_amx_workspace(l->batch, l->size), 1);
    backprop_recurrence_forward_amx(&r);
  } else {
    r.packed = floats(backprop_recurrence_packed(l->size, l->gates));
    r.product = floats(l->batch * gate_row);
    backprop_recurrence_forward(&r);
  }
}

// The sum of a block's gate without the input: h · W, and the error of it.
static double product_of(const layer *l, const float *state, int64_t column, double *error) {
  double sum = 0, a = 0, b = 0;
  for (int64_t k = 0; k < l->size; k++) {
    double h = (double)state[k], w = (double)l->weights[k * l->gates + column];
    sum += h * w, a += h * h, b += w * w;
  }
  *error = sum_error(sqrt(a), sqrt(b));
  return sum;
}

// Element j of a row after step t.
static void compare_element(const layer *l, int64_t t, int64_t row, int64_t j) {
  int64_t from = at(l, before(l, t), row, 0), to = at(l, after(l, t), row, j);
  int64_t base = (t * l->batch + row) * l->gates + j;
  double x[4] = {0}, q[4] = {0}, error = 0;
  for (int64_t g = 0; g < l->blocks; g++) {
    double e;
    x[g] = (double)l->projected[base + g * l->size] + (double)l->bias[g * l->size + j];
    q[g] = product_of(l, l->states + from, g * l->size + j, &e);
    error = fmax(error, e + ROUNDING * (16 + 4 * fabs(x[g]) + 4 * fabs(q[g])));
  }
  double state = (double)l->states[from + j], gates[4], next, cell = 0;
  if (l->kind == BACKPROP_TANH_CELL || l->kind == BACKPROP_RELU_CELL) {
    next = l->kind == BACKPROP_TANH_CELL ? tanh(x[0] + q[0]) : fmax(x[0] + q[0], 0);
  } else if (l->kind == BACKPROP_LSTM_CELL) {
    double memory = (double)l->cells[from + j];
    for (int g = 0; g < 4; g++) gates[g] = g == 2 ? tanh(x[g] + q[g]) : sigmoid(x[g] + q[g]);
    cell = gates[1] * memory + gates[0] * gates[2];
    next = gates[3] * tanh(cell);
    error *= 4 + fabs(memory);
    expect(to, l->cells[to], cell, error);
  } else {
    gates[0] = sigmoid(x[0] + q[0]), gates[1] = sigmoid(x[1] + q[1]);
    gates[3] = q[2] + (double)l->bias[3 * l->size + j];
    error *= 4 + fabs(gates[3]) + fabs(state);
    gates[2] = tanh(x[2] + gates[0] * gates[3]);
    next = (1 - gates[1]) * gates[2] + gates[1] * state;
  }
  expect(to, l->states[to], next, error);
  for (int g = 0; g < 4 && l->saved; g++) {
    int64_t index = ((t * l->batch + row) * 4 + g) * l->size + j;
    expect(index, l->saved[index], gates[g], error);
  }
}

static void compare_forward(const layer *l) {
  for (int64_t i = 0, first = at(l, l->reversed ? l->time : 0, 0, 0); i < l->batch * l->size; i++) {
    expect_bits(first + i, l->states[first + i], l->initial ? l->initial[i] : 0);
    if (l->cells) expect_bits(first + i, l->cells[first + i], l->initial_cell ? l->initial_cell[i] : 0);
  }
  for (int64_t t = 0; t < l->time; t++)
    for (int64_t row = 0; row < l->batch; row++)
      for (int64_t j = 0; j < l->size; j++) {
        if (t < l->lengths[row]) {
          compare_element(l, t, row, j);
          continue;
        }
        int64_t from = at(l, before(l, t), row, j), to = at(l, after(l, t), row, j);
        expect_bits(to, l->states[to], l->states[from]);
        if (l->cells) expect_bits(to, l->cells[to], l->cells[from]);
        for (int64_t g = 0; g < 4 && l->saved; g++)
          expect(to, l->saved[((t * l->batch + row) * 4 + g) * l->size + j], 0, 0);
      }
}

typedef struct {
  int64_t gate_row;
  float *upstream_states, *upstream_cells, *projected, *product, *initial, *initial_cell;
} gradient;

static void run_backward(const layer *l, const gradient *g) {
  backprop_recurrence_gradient r = {
      .kind = l->kind, .reversed = l->reversed, .time = l->time, .batch = l->batch, .size = l->size,
      .lengths = l->lengths, .weights = l->weights, .states = l->states, .cells = l->cells, .saved = l->saved,
      .upstream_states = g->upstream_states, .upstream_cells = g->upstream_cells, .gate_row = g->gate_row,
      .projected_gradient = g->projected, .product_gradient = g->product, .initial_gradient = g->initial,
      .initial_cell_gradient = g->initial_cell};
  r.direct = workspace_of(l->batch * l->size, l->uses_amx);
  r.cell_gradient = workspace_of(l->batch * l->size, l->uses_amx);
  if (l->uses_amx) {
    r.packed = workspace_of(backprop_recurrence_amx_packed(l->kind, l->size), 1);
    r.product = workspace_of(backprop_recurrence_gradient_amx_workspace(l->kind, l->batch, l->size), 1);
    backprop_recurrence_backward_amx(&r);
  } else {
    r.packed = floats(backprop_recurrence_packed(l->gates, l->size));
    r.product = floats(l->batch * l->size);
    backprop_recurrence_backward(&r);
  }
}

// The gradients of the sums of element j's gates: for the input, and for the product of the state. `u` becomes what
// bypasses the product, `total` the gradient of the cell before.
static void element_gradient(
    const layer *l, int64_t t, int64_t row, int64_t j, double *u, double *total, double for_input[4],
    double for_state[4]) {
  int64_t from = at(l, before(l, t), row, j), to = at(l, after(l, t), row, j);
  double value = (double)l->states[to], s[4], upstream = *u;
  for (int g = 0; g < 4 && l->saved; g++) s[g] = (double)l->saved[((t * l->batch + row) * 4 + g) * l->size + j];
  *u = 0;
  if (l->kind == BACKPROP_TANH_CELL) {
    for_input[0] = upstream * (1 - value * value);
  } else if (l->kind == BACKPROP_RELU_CELL) {
    for_input[0] = value > 0 ? upstream : 0;
  } else if (l->kind == BACKPROP_LSTM_CELL) {
    double squashed = tanh((double)l->cells[to]), sum = *total + upstream * s[3] * (1 - squashed * squashed);
    for_input[0] = sum * s[2] * s[0] * (1 - s[0]);
    for_input[1] = sum * (double)l->cells[from] * s[1] * (1 - s[1]);
    for_input[2] = sum * s[0] * (1 - s[2] * s[2]);
    for_input[3] = upstream * squashed * s[3] * (1 - s[3]);
    *total = sum * s[1];
  } else {
    double candidate = upstream * (1 - s[1]) * (1 - s[2] * s[2]);
    for_input[0] = candidate * s[3] * s[0] * (1 - s[0]);
    for_input[1] = upstream * ((double)l->states[from] - s[2]) * s[1] * (1 - s[1]);
    for_input[2] = candidate;
    *u = upstream * s[1];
  }
  memcpy(for_state, for_input, 4 * sizeof *for_state);
  if (l->kind == BACKPROP_GRU_CELL) for_state[2] *= s[0];
}

static void compare_backward(const layer *l, const gradient *g) {
  int64_t size = l->size;
  double *u = calloc((size_t)(3 * size), sizeof *u), *total = u + size, *next = u + 2 * size, greatest = 1;
  double *sums = calloc((size_t)(4 * size), sizeof *sums);
  for (int64_t row = 0; row < l->batch; row++) {
    int64_t last = at(l, l->reversed ? 0 : l->time, row, 0);
    for (int64_t j = 0; j < size; j++) {
      u[j] = g->upstream_states ? (double)g->upstream_states[last + j] : 0;
      total[j] = g->upstream_cells ? (double)g->upstream_cells[last + j] : 0;
    }
    for (int64_t i = 0; i < l->time; i++) {
      int64_t t = l->reversed ? i : l->time - 1 - i, from = at(l, before(l, t), row, 0);
      int64_t to = (t * l->batch + row) * g->gate_row;
      int is_valid = t < l->lengths[row];
      for (int64_t j = 0; j < size; j++) {
        double for_input[4] = {0}, for_state[4] = {0};
        if (is_valid) element_gradient(l, t, row, j, &u[j], &total[j], for_input, for_state);
        greatest = fmax(greatest, fmax(fabs(u[j]), fabs(total[j])));
        for (int64_t b = 0; b < l->blocks; b++) {
          double error = ROUNDING * (12 + sqrt((double)l->gates)) * (double)(i + 1) * greatest;
          expect(to + b * size + j, g->projected[to + b * size + j], for_input[b], error);
          if (g->product) expect(to + b * size + j, g->product[to + b * size + j], for_state[b], error);
          sums[b * size + j] = for_state[b];
        }
      }
      for (int64_t k = 0; k < size; k++) {
        next[k] = u[k] + (g->upstream_states ? (double)g->upstream_states[from + k] : 0);
        for (int64_t c = 0; c < l->gates; c++) next[k] += sums[c] * (double)l->weights[k * l->gates + c];
        greatest = fmax(greatest, fabs(next[k]));
        total[k] += g->upstream_cells ? (double)g->upstream_cells[from + k] : 0;
      }
      memcpy(u, next, (size_t)size * sizeof *u);
    }
    double error = ROUNDING * (12 + sqrt((double)l->gates)) * (double)(l->time + 1) * greatest;
    for (int64_t j = 0; j < size; j++) {
      expect(row * size + j, g->initial[row * size + j], u[j], error);
      if (g->initial_cell) expect(row * size + j, g->initial_cell[row * size + j], total[j], error);
    }
  }
  free(u), free(sums);
}

static void check(backprop_cell kind, int64_t time, int64_t batch, int64_t size, int32_t uses_amx) {
  layer l = {.kind = kind, .time = time, .batch = batch, .size = size, .uses_amx = uses_amx};
  l.reversed = (int32_t)pick(0, 1);
  int is_lstm = kind == BACKPROP_LSTM_CELL, is_gru = kind == BACKPROP_GRU_CELL;
  l.blocks = is_lstm ? 4 : is_gru ? 3 : 1, l.gates = l.blocks * size;
  begin_case(uses_amx ? "backprop_recurrence_forward_amx" : "backprop_recurrence_forward",
             "%s, %lld steps, batch %lld, size %lld%s", names[kind], (long long)time, (long long)batch, (long long)size,
             l.reversed ? ", reversed" : "");
  double scale = 1 / sqrt((double)size);
  int64_t states = (time + 1) * batch * size;
  l.lengths = integers(batch, 0, time);
  for (int64_t i = 0; i < batch; i++)
    if (one_in(2)) l.lengths[i] = (int32_t)time + one_in(3);
  l.projected = random_floats(time * batch * l.gates, -2, 2), l.weights = random_floats(size * l.gates, -scale, scale);
  l.bias = random_floats((is_gru ? 4 : l.blocks) * size, -1, 1);
  if (!one_in(3)) l.initial = random_floats(batch * size, -1, 1);
  if (is_lstm && !one_in(3)) l.initial_cell = random_floats(batch * size, -1, 1);
  l.states = floats(states);
  if (is_lstm) l.cells = floats(states);
  if (is_lstm || is_gru) l.saved = floats(time * batch * 4 * size);
  run_forward(&l);
  compare_forward(&l);
  if (time == 0) return;

  gradient g = {.gate_row = l.gates + (uses_amx ? 0 : pick(0, 20))};
  if (!one_in(3)) g.upstream_states = random_floats(states, -1, 1);
  if (is_lstm && !one_in(3)) g.upstream_cells = random_floats(states, -1, 1);
  g.projected = floats(time * batch * g.gate_row);
  if (is_gru) g.product = floats(time * batch * g.gate_row);
  g.initial = floats(batch * size);
  if (is_lstm) g.initial_cell = floats(batch * size);
  name_kernel(uses_amx ? "backprop_recurrence_backward_amx" : "backprop_recurrence_backward");
  run_backward(&l, &g);
  compare_backward(&l, &g);
}

void test_recurrent(void) {
  for (int kind = 0; kind <= BACKPROP_GRU_CELL; kind++) {
    for (int64_t i = repeated(12); i > 0; i--) check((backprop_cell)kind, pick(1, 5), pick(1, 20), pick(1, 70), 0);
    check((backprop_cell)kind, 3, 33, 40, 0);
    check((backprop_cell)kind, 2, 5, 300, 0);  // more rows of weights than a product takes at a time
    check((backprop_cell)kind, 0, 3, 5, 0);
    for (int64_t i = repeated(4); i > 0 && tests_amx() && kind >= BACKPROP_LSTM_CELL; i--)
      check((backprop_cell)kind, pick(1, 5), pick(1, 70), pick(1, 90), 1);
  }
}
