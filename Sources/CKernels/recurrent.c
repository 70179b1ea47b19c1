// One time step of a recurrent layer, forward and backward; the equations stand in Definitions+Recurrence.swift.
//
// Lanes run along the state; rows of the batch are split over threads.
#include "CKernels.h"
#include "simd.h"
#include "threads.h"

// Up to 16 floats at x + j; those past `count` are 0.
INLINE void load(lanes *v, const float *x, int64_t count) {
  if (count >= LANES) {
    *v = LOAD(x);
  } else {
    *v = (lanes){0};
    load_part(v, x, count);
  }
}

INLINE void store(float *y, const lanes *v, int64_t count) {
  if (count >= LANES) STORE(y, *v); else store_part(y, v, count);
}

// The sum of the input's projection, the state's product and the bias, for block `block` of the gates.
INLINE void gate_sum(
    lanes *sum, const backprop_recurrent_step *s, int64_t row, int64_t gates, int64_t block, int64_t j, int64_t n) {
  lanes x, product, bias;
  int64_t at = row * gates * s->size + block * s->size + j;
  load(&x, s->projected + at, n);
  load(&product, s->product + at, n);
  load(&bias, s->bias + block * s->size + j, n);
  *sum = x + product + bias;
}

INLINE void lstm_lanes(const backprop_recurrent_step *s, int64_t row, int64_t j, int64_t n) {
  lanes i, f, g, o, memory, squashed;
  int64_t at = row * s->size + j;
  gate_sum(&i, s, row, 4, 0, j, n);
  gate_sum(&f, s, row, 4, 1, j, n);
  gate_sum(&g, s, row, 4, 2, j, n);
  gate_sum(&o, s, row, 4, 3, j, n);
  lanes_sigmoid(&i);
  lanes_sigmoid(&f);
  lanes_tanh(&g);
  lanes_sigmoid(&o);
  load(&memory, s->cell + at, n);
  memory = f * memory + i * g;
  squashed = memory;
  lanes_tanh(&squashed);
  squashed = o * squashed;
  store(s->next_cell + at, &memory, n);
  store(s->next_state + at, &squashed, n);
  float *kept = s->kept + row * 4 * s->size + j;
  store(kept, &i, n);
  store(kept + s->size, &f, n);
  store(kept + 2 * s->size, &g, n);
  store(kept + 3 * s->size, &o, n);
}

INLINE void gru_lanes(const backprop_recurrent_step *s, int64_t row, int64_t j, int64_t n) {
  lanes r, z, q, c, bias, state;
  int64_t at = row * s->size + j, candidate = row * 3 * s->size + 2 * s->size + j;
  gate_sum(&r, s, row, 3, 0, j, n);
  gate_sum(&z, s, row, 3, 1, j, n);
  lanes_sigmoid(&r);
  lanes_sigmoid(&z);
  load(&q, s->product + candidate, n);
  load(&bias, s->bias + 3 * s->size + j, n);
  q += bias;
  load(&c, s->projected + candidate, n);
  load(&bias, s->bias + 2 * s->size + j, n);
  c = c + bias + r * q;
  lanes_tanh(&c);
  load(&state, s->state + at, n);
  state = (1.0f - z) * c + z * state;
  store(s->next_state + at, &state, n);
  float *kept = s->kept + row * 4 * s->size + j;
  store(kept, &r, n);
  store(kept + s->size, &z, n);
  store(kept + 2 * s->size, &c, n);
  store(kept + 3 * s->size, &q, n);
}

INLINE void simple_lanes(const backprop_recurrent_step *s, int64_t row, int64_t j, int64_t n) {
  lanes sum;
  gate_sum(&sum, s, row, 1, 0, j, n);
  if (s->kind == BACKPROP_TANH_CELL) {
    lanes_tanh(&sum);
  } else {
    sum = SELECT(sum < 0.0f, (lanes){0}, sum);  // lets NaN pass
  }
  store(s->next_state + row * s->size + j, &sum, n);
}

// A row whose example has ended keeps its state.
INLINE void keep_row(const backprop_recurrent_step *s, int64_t row) {
  size_t bytes = (size_t)s->size * sizeof(float);
  memcpy(s->next_state + row * s->size, s->state + row * s->size, bytes);
  if (s->next_cell) memcpy(s->next_cell + row * s->size, s->cell + row * s->size, bytes);
  if (s->kept) memset(s->kept + row * 4 * s->size, 0, 4 * bytes);
}

CLONES static void forward_rows(void *context, int64_t begin, int64_t end) {
  const backprop_recurrent_step *s = context;
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

// The whole gradient of the state after the step: what came back through the product, what went past it, what comes from
// outside. Operands that are NULL are zero.
INLINE void state_gradient(lanes *u, const backprop_recurrent_gradient_step *s, int64_t at, int64_t n) {
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

INLINE void lstm_gradient_lanes(const backprop_recurrent_gradient_step *s, int64_t row, int64_t j, int64_t n) {
  lanes u, i, f, g, o, memory, before, squashed, total, part;
  int64_t at = row * s->size + j;
  const float *kept = s->kept + row * 4 * s->size + j;
  state_gradient(&u, s, at, n);
  load(&i, kept, n);
  load(&f, kept + s->size, n);
  load(&g, kept + 2 * s->size, n);
  load(&o, kept + 3 * s->size, n);
  load(&memory, s->next_cell + at, n);
  load(&before, s->cell + at, n);
  squashed = memory;
  lanes_tanh(&squashed);
  load(&total, s->cell_gradient + at, n);
  if (s->upstream_cell) {
    load(&part, s->upstream_cell + at, n);
    total += part;
  }
  total += u * o * (1.0f - squashed * squashed);
  lanes di = total * g * i * (1.0f - i), df = total * before * f * (1.0f - f);
  lanes dg = total * i * (1.0f - g * g), output = u * squashed * o * (1.0f - o);
  total *= f;
  part = (lanes){0};
  float *y = s->projected_gradient + row * 4 * s->size + j;
  store(y, &di, n);
  store(y + s->size, &df, n);
  store(y + 2 * s->size, &dg, n);
  store(y + 3 * s->size, &output, n);
  store(s->cell_gradient + at, &total, n);
  store(s->direct + at, &part, n);
}

INLINE void gru_gradient_lanes(const backprop_recurrent_gradient_step *s, int64_t row, int64_t j, int64_t n) {
  lanes u, r, z, c, q, state;
  int64_t at = row * s->size + j;
  const float *kept = s->kept + row * 4 * s->size + j;
  state_gradient(&u, s, at, n);
  load(&r, kept, n);
  load(&z, kept + s->size, n);
  load(&c, kept + 2 * s->size, n);
  load(&q, kept + 3 * s->size, n);
  load(&state, s->state + at, n);
  lanes candidate = u * (1.0f - z) * (1.0f - c * c);
  lanes dr = candidate * q * r * (1.0f - r), dz = u * (state - c) * z * (1.0f - z);
  lanes dq = candidate * r, direct = u * z;
  float *y = s->projected_gradient + row * 3 * s->size + j;
  store(y, &dr, n);
  store(y + s->size, &dz, n);
  store(y + 2 * s->size, &candidate, n);
  y = s->product_gradient + row * 3 * s->size + j;
  store(y, &dr, n);
  store(y + s->size, &dz, n);
  store(y + 2 * s->size, &dq, n);
  store(s->direct + at, &direct, n);
}

INLINE void simple_gradient_lanes(const backprop_recurrent_gradient_step *s, int64_t row, int64_t j, int64_t n) {
  lanes u, value, zero = {0};
  int64_t at = row * s->size + j;
  state_gradient(&u, s, at, n);
  load(&value, s->next_state + at, n);
  u = s->kind == BACKPROP_TANH_CELL ? u * (1.0f - value * value) : SELECT(value > 0.0f, u, zero);
  store(s->projected_gradient + at, &u, n);
  store(s->direct + at, &zero, n);
}

// A row whose example has ended hands its gradients on.
INLINE void pass_row(const backprop_recurrent_gradient_step *s, int64_t row, int64_t gates) {
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
  memset(s->projected_gradient + row * gates * s->size, 0, bytes);
  if (s->product_gradient) memset(s->product_gradient + row * gates * s->size, 0, bytes);
}

CLONES static void backward_rows(void *context, int64_t begin, int64_t end) {
  const backprop_recurrent_gradient_step *s = context;
  int64_t gates = s->kind == BACKPROP_LSTM_CELL ? 4 : s->kind == BACKPROP_GRU_CELL ? 3 : 1;
  for (int64_t row = begin; row < end; row++) {
    if (s->time >= s->lengths[row]) {
      pass_row(s, row, gates);
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

void backprop_recurrent_forward(const backprop_recurrent_step *step) {
  double cost = (double)step->size * (step->kind >= BACKPROP_LSTM_CELL ? 2.0 : 0.5);
  backprop_parallel(step->batch, backprop_grain(step->batch, cost), forward_rows, (void *)(uintptr_t)step);
}

void backprop_recurrent_backward(const backprop_recurrent_gradient_step *step) {
  double cost = (double)step->size * (step->kind >= BACKPROP_LSTM_CELL ? 1.0 : 0.3);
  backprop_parallel(step->batch, backprop_grain(step->batch, cost), backward_rows, (void *)(uintptr_t)step);
}
