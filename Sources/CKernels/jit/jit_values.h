// What a fused kernel computes, as values that machine code holds in registers: each is one vector instruction, or two.
#pragma once
#include <stdint.h>

#include "elementwise/fused_kernel.h"

typedef enum {
  INPUT,      // the next lanes of an input
  SCALAR_INPUT,
  CONSTANT,
  APPLIED,    // an instruction on one or two values
  SHIFTED,    // by an immediate
  PRODUCT_SUM,  // an instruction on two factors and the sum's other term
  CHOSEN,     // an instruction that compares two values, then one of two others
} value_kind;

typedef struct {
  uint8_t kind, immediate;
  int has_immediate;
  int instruction;
  int source_count;
  int sources[4];
  union {
    int32_t bits;
    int input;
  };
} value;

enum { MOST_VALUES = 1500 };

// Values by number, each after those it is made from.
typedef struct {
  int count;
  int failed;  // an instruction that only the interpreter has, or too many of them
  int outputs[BACKPROP_MAX_REGISTERS];
  value all[MOST_VALUES];
} values;

void find_values(values *v, const fused_kernel *p);
