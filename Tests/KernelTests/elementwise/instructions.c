// Every instruction of fused elementwise kernels against the C library in double, at ordinary and at special values.
#include "check.h"

#include <stdio.h>
#include <string.h>

enum { INSTRUCTIONS = BACKPROP_FLOAT_TO_INT + 1 };

typedef union {
  float f;
  int32_t i;
} value;

// What is expected of an instruction: the exact bits, or a value within an error.
typedef struct {
  int is_integer, has_bits;
  value bits;
  double result, error;
} expectation;

static expectation exact(float f) { return (expectation){.has_bits = 1, .bits.f = f}; }
static expectation integer(int64_t i) { return (expectation){.is_integer = 1, .bits.i = (int32_t)(uint32_t)i}; }

// Within `units` roundings of the result, each half a unit in the last place.
static expectation near(double result, double units) {
  return (expectation){.result = result, .error = units * ROUNDING * fabs(result)};
}

// Kernels compute with denormal numbers as zeros of their sign.
static double flushed(float x) { return (double)(fabsf(x) < FLT_MIN ? copysignf(0, x) : x); }

// GELU through tanh: x s with s = 1 / (1 + e^-z). The error of z counts as often as e^-z changes with it, and s may
// have become 0 as a denormal number.
static expectation gelu(double x) {
  if (isinf(x)) return exact(x > 0 ? INFINITY : -0.0f);
  double z = 2 * sqrt(M_2_PI) * (x + 0.044715 * x * x * x);
  expectation e = near(x / (1 + exp(-z)), 12 + 8 * fabs(z) * (z < 0));
  e.error += (double)FLT_MIN * fabs(x);
  return e;
}

static expectation gelu_derivative(double x) {
  if (isinf(x)) return exact(x > 0 ? 1 : 0);
  double z = 2 * sqrt(M_2_PI) * (x + 0.044715 * x * x * x), s = 1 / (1 + exp(-z));
  double factor = x * 2 * sqrt(M_2_PI) * (1 + 3 * 0.044715 * x * x), second = fabs(z) > 700 ? 0 : s * (1 - s) * factor;
  expectation e = near(s + second, 0);
  e.error = ROUNDING * (12 + 8 * fabs(z)) * (s + fabs(second)) + (fabs(z) > 700 ? 0 : (double)FLT_MIN * fabs(factor));
  return e;
}

static double greater(double x, double y) { return isnan(x) || isnan(y) ? NAN : x > y ? x : y; }
static double sign(double x) { return x > 0 ? 1 : x < 0 ? -1 : x; }

static int64_t to_integer(float x) {
  return isnan(x) ? 0 : x >= 0x1p31f ? INT32_MAX : x < -0x1p31f ? INT32_MIN : (int64_t)x;
}

// Without a default, so that the compiler reports an instruction that is missing.
static expectation expected_of(backprop_opcode opcode, value a, value b, value c) {
  double x = flushed(a.f), y = flushed(b.f);
  int64_t i = a.i, j = b.i;
  switch (opcode) {
  case BACKPROP_COPY: return (expectation){.is_integer = 1, .bits = a};
  case BACKPROP_NEGATE_F: return near(-x, 0);
  case BACKPROP_ABS_F: return near(fabs(x), 0);
  case BACKPROP_SIGN_F: return exact((float)sign(x));
  case BACKPROP_EXP_F: return near(exp(x), 4);
  case BACKPROP_LOG_F: return near(log(x), 4);
  case BACKPROP_SQRT_F: return exact((float)sqrt(x));
  case BACKPROP_RSQRT_F: return near(1 / sqrt(x), 3);
  case BACKPROP_RECIPROCAL_F: return near(1 / x, 1);
  case BACKPROP_SQUARE_F: return near(x * x, 1);
  case BACKPROP_TANH_F: return near(tanh(x), 4);
  case BACKPROP_SIGMOID_F: return near(1 / (1 + exp(-x)), 6);
  case BACKPROP_RELU_F: return near(isnan(x) || x > 0 ? x : 0, 0);
  case BACKPROP_SIN_F: return near(sin(x), 4);
  case BACKPROP_COS_F: return near(cos(x), 4);
  case BACKPROP_ERF_F: return near(erf(x), 4);
  case BACKPROP_GELU_F: return gelu(x);
  case BACKPROP_GELU_DERIVATIVE_F: return gelu_derivative(x);
  case BACKPROP_FLOOR_F: return exact((float)floor(x));
  case BACKPROP_ADD_F: return near(x + y, 1);
  case BACKPROP_SUBTRACT_F: return near(x - y, 1);
  case BACKPROP_MULTIPLY_F: return near(x * y, 1);
  case BACKPROP_DIVIDE_F: return near(x / y, 1);
  case BACKPROP_POWER_F: return near(pow(x, y), 4);
  case BACKPROP_MAXIMUM_F: return near(greater(x, y), 0);
  case BACKPROP_MINIMUM_F: return near(-greater(-x, -y), 0);
  case BACKPROP_LESS_F: return exact(x < y);
  case BACKPROP_LESS_EQUAL_F: return exact(x <= y);
  case BACKPROP_EQUAL_F: return exact(x == y);
  case BACKPROP_NEGATE_I: return integer(-i);
  case BACKPROP_ADD_I: return integer(i + j);
  case BACKPROP_SUBTRACT_I: return integer(i - j);
  case BACKPROP_MULTIPLY_I: return integer(i * j);
  case BACKPROP_MAXIMUM_I: return integer(i > j ? i : j);
  case BACKPROP_MINIMUM_I: return integer(i < j ? i : j);
  case BACKPROP_LESS_I: return exact(i < j);
  case BACKPROP_LESS_EQUAL_I: return exact(i <= j);
  case BACKPROP_EQUAL_I: return exact(i == j);
  case BACKPROP_SELECT: return (expectation){.is_integer = 1, .bits = x != 0 ? b : c};
  case BACKPROP_INT_TO_FLOAT: return exact((float)a.i);
  case BACKPROP_FLOAT_TO_INT: return integer(to_integer(a.f));
  }
  return exact(NAN);
}

static int takes_integers(int opcode) {
  return (opcode >= BACKPROP_NEGATE_I && opcode <= BACKPROP_EQUAL_I) || opcode == BACKPROP_INT_TO_FLOAT;
}

static const float special_floats[] = {
    0, -0.0f, 1, -1, 0.5f, -0.5f, 2, -2, 3, -3, INFINITY, -INFINITY, NAN, FLT_MAX, -FLT_MAX, FLT_MIN, -FLT_MIN,
    FLT_MIN / 4, -FLT_MIN / 4, 1e-45f, 1e-10f, -1e-10f, 0.625f, 0.927734375f, 4, 9, 88.7f, 88.8f, -87.3f, -87.4f, -104,
    100, -100, 0x1p31f, -0x1p31f, 0x1p23f, 0x1p24f, 1e10f, -1e10f, 1e30f, 1e-30f, 2147483520.0f, 1.5f, -2.5f,
};
static const int32_t special_integers[] = {
    0, 1, -1, 2, 7, INT32_MAX, INT32_MIN, INT32_MIN + 1, 65536, -65537, 16777217,
};
enum {
  FLOATS = sizeof special_floats / sizeof *special_floats,
  INTEGERS = sizeof special_integers / sizeof *special_integers,
};

static value random_value(int is_integer) {
  value v;
  if (is_integer) {
    v.i = one_in(3) ? special_integers[pick(0, INTEGERS - 1)] : (int32_t)pick(INT32_MIN, INT32_MAX);
  } else if (one_in(3)) {
    v.f = special_floats[pick(0, FLOATS - 1)];
  } else {
    v.f = (float)(one_in(2) ? draw(-4, 4) : draw(-1, 1) * exp(draw(-12, 6)));
  }
  return v;
}

static void store(float *to, value v) { memcpy(to, &v, sizeof v); }
static value load(const float *from) {
  value v;
  memcpy(&v, from, sizeof v);
  return v;
}

static void compare(int64_t i, float found, expectation e) {
  if (e.is_integer) {
    expect_integer(i, load(&found).i, e.bits.i);
  } else if (e.has_bits) {
    expect_bits(i, found, e.bits.f);
  } else {
    expect(i, found, e.result, e.error);
  }
}

// y = opcode(a, b, c), all contiguous.
static void check(int opcode, int64_t count) {
  begin_case("backprop_run_fused_kernel", "instruction %d, %lld elements", opcode, (long long)count);
  float *operands[4];
  for (int o = 0; o < 4; o++) operands[o] = floats(count);
  for (int64_t i = 0; i < count; i++)
    for (int o = 0; o < 3; o++) {
      int is_integer = takes_integers(opcode) || (opcode == BACKPROP_SELECT && o > 0);
      value v = random_value(is_integer);
      // Each special value, and with a second one each pair of them.
      if (!is_integer && i < FLOATS * FLOATS) v.f = special_floats[o == 0 ? i % FLOATS : i / FLOATS];
      store(operands[o] + i, v);
    }
  backprop_operand inputs[3], output = {.buffer = 3, .strides = {1}};
  for (int o = 0; o < 3; o++) inputs[o] = (backprop_operand){.buffer = o, .strides = {1}};
  const uint8_t output_register = 3;
  const backprop_instruction instruction = {(uint8_t)opcode, 3, 0, 1, 2};
  const backprop_fused_definition definition = {
      .rank = 1, .shape = {count}, .input_count = 3, .output_count = 1, .instruction_count = 1, .register_count = 4,
      .inputs = inputs, .outputs = &output, .output_registers = &output_register, .instructions = &instruction};
  backprop_fused_kernel *kernel = backprop_make_fused_kernel(&definition);
  backprop_run_fused_kernel(kernel, (void *const *)operands);
  for (int64_t i = 0; i < count; i++) {
    value a = load(operands[0] + i), b = load(operands[1] + i), c = load(operands[2] + i);
    compare(i, operands[3][i], expected_of((backprop_opcode)opcode, a, b, c));
  }

  // Machine code gives the same bits.
  backprop_code *code = backprop_assemble(&kernel, 1);
  if (code && backprop_is_assembled(kernel)) {
    float *interpreted = operands[3];
    operands[3] = floats(count);
    backprop_run_fused_kernel(kernel, (void *const *)operands);
    for (int64_t i = 0; i < count; i++)
      if (!(isnan(interpreted[i]) && isnan(operands[3][i])))
        expect_integer(i, load(operands[3] + i).i, load(interpreted + i).i);
  }
  backprop_free_fused_kernel(kernel);
  backprop_free_code(code);
}

void test_instructions(void) {
  for (int opcode = 0; opcode < INSTRUCTIONS; opcode++) {
    check(opcode, FLOATS * FLOATS + 100);
    for (int64_t i = repeated(2); i > 0; i--) check(opcode, pick(1, 1200));
  }
}
