// Recurrent layers. Equations in Tensors/Operations/Recurrence/RecurrenceDefinition.swift.
#pragma once
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum {
  BACKPROP_TANH_CELL, BACKPROP_RELU_CELL, BACKPROP_LSTM_CELL, BACKPROP_GRU_CELL,
} backprop_cell;

// All time steps, one after the other (the last first if reversed). g blocks of `size` columns a row: 1, or 4 for LSTM,
// 3 for GRU. An example whose length is t or less keeps its state at step t.
typedef struct {
  backprop_cell kind;
  int32_t reversed;
  int64_t time, batch, size;
  const int32_t *lengths;     // [batch]
  const float *projected;     // [time, batch, g * size]: the inputs times their weights
  const float *weights;       // [size, g * size]
  const float *bias;          // [g * size], 4 * size for GRU
  const float *initial, *initial_cell;  // [batch, size]; NULL: zeros
  float *states, *cells;      // [time + 1, batch, size], the initial ones first (last if reversed); cells for LSTM only
  float *saved;                // [time, batch, 4 * size]: i, f, g, o of LSTM or r, z, n, q of GRU; else NULL
  float *packed;              // backprop_recurrence_packed(size, g * size)
  int64_t gate_row;           // at least g * size
  float *product;             // [batch, g * size], rows gate_row apart
} backprop_recurrence;

void backprop_recurrence_forward(const backprop_recurrence *recurrence);

typedef struct {
  backprop_cell kind;
  int32_t reversed;
  int64_t time, batch, size;
  const int32_t *lengths;
  const float *weights, *states, *cells, *saved;
  const float *upstream_states, *upstream_cells;  // [time + 1, batch, size]; NULL: zeros
  int64_t gate_row;           // at least g * size
  float *projected_gradient;  // [time, batch, g * size], rows gate_row apart
  float *product_gradient;    // the same, for GRU; for the others it is projected_gradient
  float *initial_gradient, *initial_cell_gradient;  // [batch, size]
  float *packed;              // backprop_recurrence_packed(g * size, size)
  float *product, *direct, *cell_gradient;  // [batch, size]
} backprop_recurrence_gradient;

void backprop_recurrence_backward(const backprop_recurrence_gradient *recurrence);

// How many floats the packed weights [rows, columns] of a recurrence take.
int64_t backprop_recurrence_packed(int64_t rows, int64_t columns);

// The same two with their products on AMX (backprop_has_amx), for LSTM and GRU and at least one time step. `packed` and
// `product` are other memory, of so many floats each.
void backprop_recurrence_forward_amx(const backprop_recurrence *recurrence);
void backprop_recurrence_backward_amx(const backprop_recurrence_gradient *recurrence);
int64_t backprop_recurrence_amx_packed(backprop_cell kind, int64_t size);
int64_t backprop_recurrence_amx_workspace(int64_t batch, int64_t size);
int64_t backprop_recurrence_gradient_amx_workspace(backprop_cell kind, int64_t batch, int64_t size);

#ifdef __cplusplus
}
#endif
