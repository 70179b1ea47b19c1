// Where the interpreter stores the values of a fused kernel: indices into a table of pointers to blocks.
#pragma once
#include "elementwise/fused_kernel.h"

// Inputs reached by pointer, then blocks of ours, then outputs written directly.
enum { FIRST_SLOT = MAX_OPERANDS, FIRST_DIRECT = 3 * MAX_OPERANDS, MAX_LOCATIONS = 4 * MAX_OPERANDS };

// Instructions whose results are read; products are fused with the sums they are terms of. Fills the kernel's
// operations.
void join_instructions(fused_kernel *p);

// Gives registers locations and makes the interpreter's steps, once the operands' addresses are known.
void assign_locations(fused_kernel *p);
