// What a fused elementwise kernel runs on each block.
#pragma once
#include <stdint.h>

// Registers of the kernel are renamed to locations: indices into a table of pointers, one block of lanes each.
typedef struct {
  uint8_t opcode, destination, a, b, c;
  uint8_t scalars;  // bits 0, 1, 2: a, b, c is one vector of equal lanes, read for every vector
} backprop_step;

// Steps that only planning makes: a product fused with the sum it is a term of.
enum { STEP_MULTIPLY_ADD = 100, STEP_MULTIPLY_SUBTRACT, STEP_SUBTRACT_PRODUCT };  // ab + c, ab - c, c - ab

// Runs the steps in order, each over `count` elements (a multiple of 16) of its locations.
// A destination may be the same memory as a source, never shifted against it.
void backprop_run_steps(const backprop_step *steps, int step_count, float *const *locations, int64_t count);

// How many of a, b, c an instruction reads.
int backprop_operand_count(uint8_t opcode);

// Nanoseconds an element, roughly: for the decision to fork.
double backprop_step_cost(uint8_t opcode);
