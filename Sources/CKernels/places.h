// Where the interpreter keeps the values of a pass: indices into a table of pointers to blocks.
#pragma once
#include "pass.h"

// Inputs reached by pointer, then blocks of ours, then outputs written directly.
enum { FIRST_SLOT = MAX_OPERANDS, FIRST_DIRECT = 3 * MAX_OPERANDS, MAX_PLACES = 4 * MAX_OPERANDS };

// Instructions that somebody reads, products joined with the sums they go into. Fills the pass's operations.
void join_instructions(pass *p);

// Gives registers places and makes the interpreter's steps, once the operands' addresses are known.
void assign_places(pass *p);
