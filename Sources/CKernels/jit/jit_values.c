// The instructions of fused elementwise kernels in machine instructions, with exactly the interpreter's roundings: the
// transcendental functions of both are made of simd/transcendentals.h, the others mirror elementwise/instructions.c.
#include "jit/jit_values.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "jit/assembler.h"

static int add_value(values *v, value x) {
  if (v->count == MOST_VALUES) {
    v->failed = 1;
    return 0;
  }
  v->all[v->count] = x;
  return v->count++;
}

static int word(values *v, int32_t bits) {
  for (int i = 0; i < v->count; i++)
    if (v->all[i].kind == CONSTANT && v->all[i].bits == bits) return i;
  return add_value(v, (value){.kind = CONSTANT, .bits = bits});
}

static int number(values *v, float x) {
  int32_t bits;
  memcpy(&bits, &x, 4);
  return word(v, bits);
}

static int apply(values *v, int instruction, int a, int b) {
  return add_value(v, (value){.kind = APPLIED, .instruction = instruction, .source_count = 2, .sources = {a, b}});
}

static int apply_to_one(values *v, int instruction, int a) {
  return add_value(v, (value){.kind = APPLIED, .instruction = instruction, .source_count = 1, .sources = {a}});
}

static int shift_right(values *v, int a, uint8_t count) {
  return add_value(
      v, (value){.kind = SHIFTED, .immediate = count, .instruction = SHIFT_RIGHT, .source_count = 1, .sources = {a}});
}

static int product_sum(values *v, int instruction, int a, int b, int c) {
  return add_value(
      v, (value){.kind = PRODUCT_SUM, .instruction = instruction, .source_count = 3, .sources = {a, b, c}});
}

static int choose_by(values *v, int instruction, int how, int a, int b, int yes, int no) {
  return add_value(v, (value){.kind = CHOSEN,
                              .immediate = (uint8_t)how,
                              .instruction = instruction,
                              .source_count = 4,
                              .sources = {a, b, yes, no}});
}

// MARK: Functions, and the operations that they are made of

#define VALUE int
#define FUNCTION(name) static void values_##name(values *v, int *at)
#define CALL(name, x) (values_##name(v, &x), x)
#define NUMBER(x) number(v, x)
#define WORD(bits) word(v, bits)
#define ADD(a, b) apply(v, ADD, a, b)
#define SUBTRACT(a, b) apply(v, SUBTRACT, a, b)
#define MULTIPLY(a, b) apply(v, MULTIPLY, a, b)
#define DIVIDE(a, b) apply(v, DIVIDE, a, b)
#define LESSER(a, b) apply(v, LESSER, a, b)
#define GREATER(a, b) apply(v, GREATER, a, b)
#define BITS_AND(a, b) apply(v, BITS_AND, a, b)
#define BITS_OR(a, b) apply(v, BITS_OR, a, b)
#define ADD_WORDS(a, b) apply(v, ADD_WORDS, a, b)
#define SUBTRACT_WORDS(a, b) apply(v, SUBTRACT_WORDS, a, b)
#define SHIFT_RIGHT(a, count) shift_right(v, a, count)
#define TO_FLOAT(a) apply_to_one(v, TO_FLOAT, a)
#define MULTIPLY_ADD(a, b, c) product_sum(v, MULTIPLY_ADD, a, b, c)
#define MULTIPLY_SUBTRACT(a, b, c) product_sum(v, MULTIPLY_SUBTRACT, a, b, c)
#define SUBTRACT_PRODUCT(a, b, c) product_sum(v, SUBTRACT_PRODUCT, a, b, c)
#define CHOOSE(a, how, b, yes, no) choose_by(v, COMPARE, how, a, b, yes, no)  // a compared with b ? yes : no
#define EXPONENT(n, shifted) (n)
#define SCALE(p, exponent) apply(v, SCALE, p, exponent)
#include "simd/transcendentals.h"

static int round_down(values *v, int x) {
  return add_value(v, (value){.kind = APPLIED,
                              .immediate = 9,
                              .has_immediate = 1,
                              .instruction = ROUND,
                              .source_count = 1,
                              .sources = {x}});
}

// The conversion gives INT32_MIN for whatever is out of range.
static int to_integer(values *v, int x) {
  int whole = apply_to_one(v, TO_WORDS, x);
  whole = CHOOSE(x, GREATER_EQUAL, NUMBER(2147483648.0f), WORD(INT32_MAX), whole);
  return CHOOSE(x, UNORDERED, x, WORD(0), whole);
}

// The greater or smaller of two; NaN if either is NaN.
static int extreme(values *v, int instruction, int x, int y) {
  return CHOOSE(x, UNORDERED, x, x, apply(v, instruction, x, y));
}

static int truth(values *v, int x, int how, int y) { return CHOOSE(x, how, y, NUMBER(1.0f), WORD(0)); }

static int truth_of_words(values *v, int x, int how, int y) {
  return choose_by(v, COMPARE_WORDS, how & 7, x, y, NUMBER(1.0f), WORD(0));
}

static int operation_value(values *v, int opcode, int x, int y, int z) {
  int zero = WORD(0), one = NUMBER(1.0f);
  switch (opcode) {
  case BACKPROP_COPY: return x;
  case BACKPROP_NEGATE_F: return SUBTRACT_WORDS(x, WORD(INT32_MIN));  // flips the sign
  case BACKPROP_ABS_F: return MAGNITUDE(x);
  case BACKPROP_SIGN_F:
    return CHOOSE(x, GREATER_THAN, zero, one, CHOOSE(x, LESS, zero, NUMBER(-1.0f), MULTIPLY(x, zero)));
  case BACKPROP_EXP_F: return CALL(exp, x);
  case BACKPROP_LOG_F: return CALL(log, x);
  case BACKPROP_SQRT_F: return apply_to_one(v, SQUARE_ROOT, x);
  case BACKPROP_RSQRT_F: return DIVIDE(one, apply_to_one(v, SQUARE_ROOT, x));
  case BACKPROP_RECIPROCAL_F: return DIVIDE(one, x);
  case BACKPROP_SQUARE_F: return MULTIPLY(x, x);
  case BACKPROP_TANH_F: return CALL(tanh, x);
  case BACKPROP_SIGMOID_F: return CALL(sigmoid, x);
  case BACKPROP_RELU_F: return CHOOSE(x, LESS_EQUAL, zero, zero, x);
  case BACKPROP_ERF_F: return CALL(erf, x);
  case BACKPROP_GELU_F: return CALL(gelu, x);
  case BACKPROP_GELU_DERIVATIVE_F: return CALL(gelu_derivative, x);
  case BACKPROP_FLOOR_F: return round_down(v, x);
  case BACKPROP_ADD_F: return ADD(x, y);
  case BACKPROP_SUBTRACT_F: return SUBTRACT(x, y);
  case BACKPROP_MULTIPLY_F: return MULTIPLY(x, y);
  case BACKPROP_DIVIDE_F: return DIVIDE(x, y);
  case BACKPROP_MAXIMUM_F: return extreme(v, GREATER, x, y);
  case BACKPROP_MINIMUM_F: return extreme(v, LESSER, x, y);
  case BACKPROP_LESS_F: return truth(v, x, LESS, y);
  case BACKPROP_LESS_EQUAL_F: return truth(v, x, LESS_EQUAL, y);
  case BACKPROP_EQUAL_F: return truth(v, x, EQUAL, y);
  case BACKPROP_NEGATE_I: return SUBTRACT_WORDS(zero, x);
  case BACKPROP_ADD_I: return ADD_WORDS(x, y);
  case BACKPROP_SUBTRACT_I: return SUBTRACT_WORDS(x, y);
  case BACKPROP_MULTIPLY_I: return apply(v, MULTIPLY_WORDS, x, y);
  case BACKPROP_MAXIMUM_I: return apply(v, GREATER_WORD, x, y);
  case BACKPROP_MINIMUM_I: return apply(v, LESSER_WORD, x, y);
  case BACKPROP_LESS_I: return truth_of_words(v, x, LESS, y);
  case BACKPROP_LESS_EQUAL_I: return truth_of_words(v, x, LESS_EQUAL, y);
  case BACKPROP_EQUAL_I: return truth_of_words(v, x, EQUAL, y);
  case BACKPROP_SELECT: return CHOOSE(x, NOT_EQUAL_OR_NAN, zero, y, z);
  case BACKPROP_INT_TO_FLOAT: return TO_FLOAT(x);
  case BACKPROP_FLOAT_TO_INT: return to_integer(v, x);
  case STEP_MULTIPLY_ADD: return MULTIPLY_ADD(x, y, z);
  case STEP_MULTIPLY_SUBTRACT: return MULTIPLY_SUBTRACT(x, y, z);
  case STEP_SUBTRACT_PRODUCT: return SUBTRACT_PRODUCT(x, y, z);
  default: v->failed = 1; return 0;  // sine, cosine, powers
  }
}

void find_values(values *v, const fused_kernel *p) {
  int registers[BACKPROP_MAX_REGISTERS];
  v->count = v->failed = 0;
  for (int i = 0; i < BACKPROP_MAX_REGISTERS; i++) registers[i] = -1;
#define VALUE_OF(r)                                                                             \
  (registers[r] >= 0 ? registers[r]                                                             \
                     : (registers[r] = add_value(                                               \
                            v, (value){.kind = p->inputs[r].reach == SCALAR ? SCALAR_INPUT : INPUT, .input = (r)})))
  for (int k = 0; k < p->operation_count && !v->failed; k++) {
    const backprop_step *s = &p->operations[k];
    int x = VALUE_OF(s->a), y = VALUE_OF(s->b), z = VALUE_OF(s->c);
    registers[s->destination] = operation_value(v, s->opcode, x, y, z);
  }
  for (int o = 0; o < p->output_count && !v->failed; o++) v->outputs[o] = VALUE_OF(p->definition->output_registers[o]);
#undef VALUE_OF
}
