// What the cells of recurrent layers compute, sixteen elements of the state at a time: for the loops over time on
// vector units and on AMX.
#pragma once
#include "simd/functions.h"

// Up to 16 floats at x; those past `count` are 0.
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

INLINE void load_gates(lanes gates[4], const float *x, int64_t size, int64_t count) {
  for (int g = 0; g < 4; g++) load(&gates[g], x + g * size, count);
}

INLINE void keep_gates(float *y, int64_t size, const lanes gates[4], int64_t count) {
  for (int g = 0; g < 4; g++) store(y + g * size, &gates[g], count);
}

// Sums become the gates i, f, g, o, and the cell before that after the step.
INLINE void lstm_cell(lanes gates[4], lanes *memory, lanes *state) {
  lanes_sigmoid(&gates[0]);
  lanes_sigmoid(&gates[1]);
  lanes_tanh(&gates[2]);
  lanes_sigmoid(&gates[3]);
  *memory = gates[1] * *memory + gates[0] * gates[2];
  lanes squashed = *memory;
  lanes_tanh(&squashed);
  *state = gates[3] * squashed;
}

// The sums of r and z, that of the candidate without the state's part, and that part, q: they become r, z, n, q.
INLINE void gru_cell(lanes gates[4], lanes *state) {
  lanes_sigmoid(&gates[0]);
  lanes_sigmoid(&gates[1]);
  gates[2] = gates[2] + gates[0] * gates[3];
  lanes_tanh(&gates[2]);
  *state = (1.0f - gates[1]) * gates[2] + gates[1] * *state;
}

// The gates i, f, g, o become the gradients of their sums; `total`, the gradient of the cell after the step apart from
// what comes through the state's gradient u, that of the cell before.
INLINE void lstm_cell_gradient(
    lanes gates[4], const lanes *u, const lanes *memory, const lanes *before, lanes *total) {
  lanes i = gates[0], f = gates[1], g = gates[2], o = gates[3], squashed = *memory;
  lanes_tanh(&squashed);
  lanes sum = *total + *u * o * (1.0f - squashed * squashed);
  gates[0] = sum * g * i * (1.0f - i);
  gates[1] = sum * *before * f * (1.0f - f);
  gates[2] = sum * i * (1.0f - g * g);
  gates[3] = *u * squashed * o * (1.0f - o);
  *total = sum * f;
}

// r, z, n, q become the gradients of r's and z's sums, of the candidate's and of q; u what bypasses the product.
INLINE void gru_cell_gradient(lanes gates[4], lanes *u, const lanes *state) {
  lanes r = gates[0], z = gates[1], c = gates[2], q = gates[3];
  lanes candidate = *u * (1.0f - z) * (1.0f - c * c);
  gates[0] = candidate * q * r * (1.0f - r);
  gates[1] = *u * (*state - c) * z * (1.0f - z);
  gates[2] = candidate;
  gates[3] = candidate * r;
  *u = *u * z;
}
