// A fused elementwise kernel made ready to run: all that does not depend on its operands' addresses.
#pragma once
#include <stddef.h>

#include "CKernels.h"
#include "elementwise/instructions.h"
#include "indexing/views.h"

enum { MAX_OPERANDS = BACKPROP_MAX_REGISTERS };  // of either kind

// How a block of an operand is reached.
typedef enum {
  LINEAR,    // dense in the order of the walk: by pointer, no copy
  SCALAR,    // one value: a vector filled once
  PERIODIC,  // the same `period` elements again and again (a bias): by pointer into a copy laid out once
  WINDOWED,  // the same, dense, with a long period: by pointer where a block does not wrap around
  GENERAL,   // copied into or out of a location, block by block
} reach;

typedef struct {
  view view;  // its base is a run's
  reach reach;
  int location;        // of its blocks
  int64_t period;
  int64_t copy_at;  // PERIODIC: where its copy starts in the period space
  int slot;         // of our own: for the blocks of GENERAL ones, and for those of WINDOWED ones that wrap around
} operand;

// Machine code of a kernel, over `count` elements that are contiguous for each operand: inputs, then outputs.
typedef void (*elementwise_code)(void *const *pointers, int64_t count);

struct backprop_fused_kernel {
  const backprop_fused_definition *definition;
  size_t bytes;     // with the arrays behind it
  elementwise_code code;  // NULL: the interpreter runs it
  elementwise_code streaming_code;  // NULL, or stores shared outputs past the caches: whole cache lines only
  space space;
  int64_t total;
  int tiled;        // the dimension of the tiles' rows, or -1 for the flat walk
  int input_count, output_count;
  operand *inputs, *outputs;  // one array
  int operation_count;
  backprop_step *operations;  // the instructions that are needed, on registers
  int64_t block;    // elements of a block of the flat walk
  int is_piecewise; // some operand is there for no more than a block at a time
  int64_t period_space;
  int operand_slots;
  double cost;      // nanoseconds an element
  // The interpreter's, made for each run:
  int slot_count;   // locations that are blocks of ours
  int step_count;
  backprop_step *steps, *step_workspace;
};

typedef struct backprop_fused_kernel fused_kernel;
