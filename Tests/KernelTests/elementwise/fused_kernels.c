// Random programs of several instructions over random layouts: permuted, broadcast, padded, reversed, in place.
//
// Values are small whole numbers and there are at most two products, so every result is exact, also where a product and
// a sum are rounded once.
#include "check.h"

#include <stdlib.h>
#include <string.h>

enum { MOST_INPUTS = 6, MOST_OUTPUTS = 3, MOST_INSTRUCTIONS = 12, MOST_RANK = 5, MOST_PRODUCTS = 2 };

typedef union {
  float f;
  int32_t i;
} value;

typedef struct {
  backprop_fused_definition definition;
  backprop_operand operands[MOST_INPUTS + MOST_OUTPUTS];
  backprop_instruction instructions[MOST_INSTRUCTIONS];
  uint8_t output_registers[MOST_OUTPUTS];
  int is_integer[BACKPROP_MAX_REGISTERS];
  int64_t elements[MOST_INPUTS + MOST_OUTPUTS];  // of each operand's buffer; 0: it shares that of another one
} program;

static const uint8_t float_unary[] = {BACKPROP_NEGATE_F, BACKPROP_ABS_F, BACKPROP_RELU_F, BACKPROP_SIGN_F,
                                      BACKPROP_FLOOR_F, BACKPROP_COPY, BACKPROP_SQUARE_F, BACKPROP_FLOAT_TO_INT};
static const uint8_t float_binary[] = {BACKPROP_ADD_F, BACKPROP_SUBTRACT_F, BACKPROP_MULTIPLY_F, BACKPROP_MAXIMUM_F,
                                       BACKPROP_MINIMUM_F, BACKPROP_LESS_F, BACKPROP_LESS_EQUAL_F, BACKPROP_EQUAL_F};
static const uint8_t int_unary[] = {BACKPROP_NEGATE_I, BACKPROP_COPY, BACKPROP_INT_TO_FLOAT};
static const uint8_t int_binary[] = {BACKPROP_ADD_I, BACKPROP_SUBTRACT_I, BACKPROP_MULTIPLY_I, BACKPROP_MAXIMUM_I,
                                     BACKPROP_MINIMUM_I, BACKPROP_LESS_I, BACKPROP_LESS_EQUAL_I, BACKPROP_EQUAL_I};
#define ANY_OF(list) list[pick(0, (int64_t)sizeof list - 1)]

static int is_product(uint8_t opcode) {
  return opcode == BACKPROP_MULTIPLY_F || opcode == BACKPROP_SQUARE_F || opcode == BACKPROP_MULTIPLY_I;
}

// A register of the type, most likely one of the last; -1 where there is none.
static int any_register(const program *p, int count, int is_integer) {
  for (int tries = 0; tries < 40; tries++) {
    int r = one_in(2) ? (int)pick(0, count - 1) : (int)pick(count > 3 ? count - 3 : 0, count - 1);
    if (p->is_integer[r] == is_integer) return r;
  }
  return -1;
}

static void make_instructions(program *p) {
  int count = p->definition.input_count, products = 0;
  int wanted = (int)pick(1, MOST_INSTRUCTIONS), made = 0;
  while (made < wanted) {
    int integer = p->is_integer[pick(0, count - 1)], a = any_register(p, count, integer), b = a, c = a;
    backprop_instruction in = {0};
    if (a < 0) continue;
    if (one_in(8)) {
      int other = (int)pick(0, 1);
      a = any_register(p, count, 0), b = any_register(p, count, other), c = any_register(p, count, other);
      if (a < 0 || b < 0 || c < 0) continue;
      in.opcode = BACKPROP_SELECT;
      integer = other;
    } else if (one_in(3)) {
      in.opcode = integer ? ANY_OF(int_unary) : ANY_OF(float_unary);
      if (in.opcode == BACKPROP_FLOAT_TO_INT || in.opcode == BACKPROP_INT_TO_FLOAT) integer = !integer;
    } else {
      in.opcode = integer ? ANY_OF(int_binary) : ANY_OF(float_binary);
      b = any_register(p, count, integer);
      if (in.opcode >= BACKPROP_LESS_I && in.opcode <= BACKPROP_EQUAL_I) integer = 0;
    }
    if (b < 0 || (is_product(in.opcode) && products++ >= MOST_PRODUCTS)) continue;
    in.a = (uint8_t)a, in.b = (uint8_t)b, in.c = (uint8_t)c, in.destination = (uint8_t)count;
    p->is_integer[count++] = integer;
    p->instructions[made++] = in;
  }
  p->definition.instruction_count = made;
  p->definition.register_count = count;
}

// Strides of an operand that is dense in a random order of dimensions, with gaps, reversed or broadcast here and there.
static void lay_out(program *p, int o, int is_output) {
  const backprop_fused_definition *d = &p->definition;
  backprop_operand *to = &p->operands[o];
  int order[MOST_RANK], plain = one_in(2);
  for (int i = 0; i < d->rank; i++) order[i] = i;
  for (int i = d->rank - 1; i > 0 && !plain; i--) {
    int j = (int)pick(0, i), swapped = order[i];
    order[i] = order[j], order[j] = swapped;
  }
  int64_t stride = plain || !one_in(6) ? 1 : pick(1, 3), broadcast = is_output || plain ? 0 : pick(0, 3);
  *to = (backprop_operand){.buffer = o, .offset = pick(0, 5)};
  p->elements[o] = to->offset + 1;
  for (int i = d->rank - 1; i >= 0; i--) {
    int64_t size = d->shape[order[i]] > 0 ? d->shape[order[i]] : 1;
    if (broadcast && one_in(2)) continue;
    p->elements[o] += (size - 1) * stride;
    to->strides[order[i]] = stride;
    if (!plain && one_in(8)) to->offset += (size - 1) * stride, to->strides[order[i]] = -stride;
    stride *= size + (!plain && one_in(8) ? pick(1, 3) : 0);
  }
  // A scalar, or a bias along the last dimension.
  if (!is_output && plain && one_in(3)) {
    for (int i = 0; i < d->rank - 1; i++) to->strides[i] = 0;
    if (d->rank > 0 && one_in(2)) to->strides[d->rank - 1] = 0;
  }
}

static void make_program(program *p) {
  memset(p, 0, sizeof *p);
  backprop_fused_definition *d = &p->definition;
  d->rank = (int32_t)pick(0, MOST_RANK);
  int64_t most = one_in(5) ? 60000 : one_in(2) ? 3000 : 200, total = 1;
  for (int i = 0; i < d->rank; i++) {
    int64_t left = most / total;
    d->shape[i] = one_in(4) ? pick(1, left < 3 ? left : 3) : pick(1, i == d->rank - 1 || left < 40 ? left : 40);
    total *= d->shape[i];
  }
  // Rows longer than what is copied for each thread, so that a bias is read where it is.
  if (one_in(8)) d->rank = 2, d->shape[0] = pick(2, 6), d->shape[1] = pick(500, 9000);
  if (d->rank > 0 && one_in(30)) d->shape[pick(0, d->rank - 1)] = 0;
  d->input_count = (int32_t)pick(1, MOST_INPUTS);
  for (int i = 0; i < d->input_count; i++) {
    p->is_integer[i] = one_in(3);
    lay_out(p, i, 0);
  }
  make_instructions(p);
  d->output_count = (int32_t)pick(1, MOST_OUTPUTS);
  uint64_t taken = 0;  // inputs that an output is in place of
  for (int o = 0; o < d->output_count; o++) {
    int at = d->input_count + o;
    p->output_registers[o] = (uint8_t)(o == 0 ? d->register_count - 1 : pick(0, d->register_count - 1));
    lay_out(p, at, 1);
    int input = (int)pick(0, d->input_count - 1), may = one_in(3) && !(taken >> input & 1);
    for (int i = 0; i < d->rank; i++) may &= p->operands[input].strides[i] != 0 || d->shape[i] == 1;
    if (may) p->operands[at] = p->operands[input], p->elements[at] = 0, taken |= 1u << input;
  }
  d->shared_outputs = one_in(3) ? 7 : 0;
  d->inputs = p->operands, d->outputs = p->operands + d->input_count;
  d->output_registers = p->output_registers, d->instructions = p->instructions;
}

static void run_instruction(const backprop_instruction *in, value *registers) {
  value a = registers[in->a], b = registers[in->b], c = registers[in->c], y = {.f = NAN};
  switch (in->opcode) {
  case BACKPROP_NEGATE_F: y.f = -a.f; break;
  case BACKPROP_ABS_F: y.f = fabsf(a.f); break;
  case BACKPROP_RELU_F: y.f = a.f > 0 ? a.f : 0; break;
  case BACKPROP_SIGN_F: y.f = a.f > 0 ? 1 : a.f < 0 ? -1 : 0; break;
  case BACKPROP_FLOOR_F: case BACKPROP_COPY: y = a; break;
  case BACKPROP_SQUARE_F: y.f = a.f * a.f; break;
  case BACKPROP_FLOAT_TO_INT: y.i = (int32_t)a.f; break;
  case BACKPROP_ADD_F: y.f = a.f + b.f; break;
  case BACKPROP_SUBTRACT_F: y.f = a.f - b.f; break;
  case BACKPROP_MULTIPLY_F: y.f = a.f * b.f; break;
  case BACKPROP_MAXIMUM_F: y.f = a.f > b.f ? a.f : b.f; break;
  case BACKPROP_MINIMUM_F: y.f = a.f < b.f ? a.f : b.f; break;
  case BACKPROP_LESS_F: y.f = a.f < b.f; break;
  case BACKPROP_LESS_EQUAL_F: y.f = a.f <= b.f; break;
  case BACKPROP_EQUAL_F: y.f = a.f == b.f; break;
  case BACKPROP_NEGATE_I: y.i = -a.i; break;
  case BACKPROP_INT_TO_FLOAT: y.f = (float)a.i; break;
  case BACKPROP_ADD_I: y.i = a.i + b.i; break;
  case BACKPROP_SUBTRACT_I: y.i = a.i - b.i; break;
  case BACKPROP_MULTIPLY_I: y.i = a.i * b.i; break;
  case BACKPROP_MAXIMUM_I: y.i = a.i > b.i ? a.i : b.i; break;
  case BACKPROP_MINIMUM_I: y.i = a.i < b.i ? a.i : b.i; break;
  case BACKPROP_LESS_I: y.f = a.i < b.i; break;
  case BACKPROP_LESS_EQUAL_I: y.f = a.i <= b.i; break;
  case BACKPROP_EQUAL_I: y.f = a.i == b.i; break;
  case BACKPROP_SELECT: y = a.f != 0 ? b : c; break;
  default: break;
  }
  registers[in->destination] = y;
}

// From the buffers `from` into `to`.
static void run_reference(const program *p, float *const *from, float *const *to) {
  const backprop_fused_definition *d = &p->definition;
  int64_t total = 1;
  for (int i = 0; i < d->rank; i++) total *= d->shape[i];
  for (int64_t element = 0; element < total; element++) {
    int64_t at[MOST_INPUTS + MOST_OUTPUTS], rest = element;
    int operands = d->input_count + d->output_count;
    for (int o = 0; o < operands; o++) at[o] = p->operands[o].offset;
    for (int i = d->rank - 1; i >= 0; i--) {
      for (int o = 0; o < operands; o++) at[o] += rest % d->shape[i] * p->operands[o].strides[i];
      rest /= d->shape[i];
    }
    value registers[BACKPROP_MAX_REGISTERS];
    for (int i = 0; i < d->input_count; i++) memcpy(&registers[i], from[p->operands[i].buffer] + at[i], 4);
    for (int k = 0; k < d->instruction_count; k++) run_instruction(&p->instructions[k], registers);
    for (int o = 0; o < d->output_count; o++) {
      int operand = d->input_count + o;
      memcpy(to[p->operands[operand].buffer] + at[operand], &registers[p->output_registers[o]], 4);
    }
  }
}

static void check(int number) {
  program p;
  make_program(&p);
  const backprop_fused_definition *d = &p.definition;
  begin_case("backprop_run_fused_kernel", "program %d: rank %d, [%lld, %lld, %lld, %lld, %lld], %d inputs, "
             "%d instructions, %d outputs", number, d->rank, (long long)d->shape[0], (long long)d->shape[1],
             (long long)d->shape[2], (long long)d->shape[3], (long long)d->shape[4], d->input_count,
             d->instruction_count, d->output_count);
  int operands = d->input_count + d->output_count;
  float *before[MOST_INPUTS + MOST_OUTPUTS], *expected[MOST_INPUTS + MOST_OUTPUTS];
  int is_integer[MOST_INPUTS + MOST_OUTPUTS];
  for (int o = 0; o < operands; o++) {
    before[o] = floats(p.elements[o]);
    is_integer[o] = p.is_integer[o < d->input_count ? o : p.output_registers[o - d->input_count]];
    for (int64_t i = 0; i < p.elements[o] && o < d->input_count; i++) {
      value v = {.i = (int32_t)pick(-6, 6)};
      if (!is_integer[o]) v.f = (float)v.i;
      memcpy(before[o] + i, &v, 4);
    }
    expected[o] = copied(before[o], p.elements[o]);
  }
  run_reference(&p, before, expected);
  int is_mixed[MOST_INPUTS + MOST_OUTPUTS] = {0};  // floats in place of integers, or the other way round
  for (int o = d->input_count; o < operands; o++) {
    int buffer = p.operands[o].buffer;
    is_mixed[buffer] |= is_integer[buffer] != is_integer[o];
  }

  backprop_fused_kernel *kernel = backprop_make_fused_kernel(d);
  backprop_code *code = NULL;
  for (int assembled = 0; assembled < 2; assembled++) {
    if (assembled) code = backprop_assemble(&kernel, 1);
    if (assembled && !(code && backprop_is_assembled(kernel))) break;
    float *found[MOST_INPUTS + MOST_OUTPUTS];
    for (int o = 0; o < operands; o++) found[o] = copied(before[o], p.elements[o]);
    backprop_run_fused_kernel(kernel, (void *const *)found);
    for (int o = 0; o < operands; o++)
      for (int64_t i = 0; i < p.elements[o]; i++) {
        value x, y;
        memcpy(&x, found[o] + i, 4);
        memcpy(&y, expected[o] + i, 4);
        if (is_mixed[o] && x.f == 0 && y.f == 0) x = y;  // zeros of any sign
        if (is_integer[o] || is_mixed[o]) expect_integer(i, x.i, y.i); else expect(i, x.f, (double)y.f, 0);
      }
  }
  backprop_free_fused_kernel(kernel);
  backprop_free_code(code);
}

void test_fused_kernels(void) {
  for (int64_t i = repeated(220); i > 0; i--) check((int)i);
}
