// The instructions of fused elementwise kernels. One loop over a block each, sixteen lanes at a time.
#include "elementwise/instructions.h"

#include "CKernels.h"
#include "simd/functions.h"

// Toward zero, saturating, NaN -> 0. Out of range is undefined for the conversion itself, hence handled before.
INLINE void to_integer(lanes *v) {
  lanes x = *v;
  words above = x >= 2147483648.0f, inside = (x >= -2147483648.0f) & ~above, below = x < -2147483648.0f;
  words whole = __builtin_convertvector(SELECT(inside, x, (lanes){0}), words);
  *v = (lanes)(whole | (above & INT32_MAX) | (below & INT32_MIN));
}

// A call of the C library per lane, where vector code is not worth its length.
#define EACH_LANE(function)                                       \
  do {                                                            \
    for (int lane = 0; lane < LANES; lane++) x[lane] = function; \
  } while (0)

// Denormal numbers as zeros, since they count as zero and the C library looks at their bits.
INLINE void flush_denormals(lanes *v) { *v = SELECT(ABS(*v) < 1.17549435e-38f, *v * 0.0f, *v); }

#define LOOP(body)                                      \
  for (int64_t i = 0; i < count; i += LANES) { body }   \
  break;
#define UNARY(expression) LOOP(lanes x = LOAD(a + (i & mask_a)); STORE(d + i, (expression));)
#define UPDATE(statement) LOOP(lanes x = LOAD(a + (i & mask_a)); statement; STORE(d + i, x);)
#define LOAD_TWO lanes x = LOAD(a + (i & mask_a)), y = LOAD(b + (i & mask_b));
#define BINARY(expression) LOOP(LOAD_TWO STORE(d + i, (expression));)
#define BINARY_UPDATE(statement) LOOP(LOAD_TWO statement; STORE(d + i, x);)
// Unsigned, so that overflow wraps around.
#define INTEGER(expression) \
  LOOP(LOAD_TWO uwords p = (uwords)x; uwords q = (uwords)y; STORE(d + i, (lanes)(expression));)
#define TERNARY(expression) \
  LOOP(LOAD_TWO lanes z = LOAD(c + (i & mask_c)); STORE(d + i, (expression));)
#define TRUTH(mask) ((lanes)((words)(mask) & (words)SPLAT(1.0f)))

CLONES void backprop_run_steps(
    const backprop_step *steps, int step_count, float *const *locations, int64_t count) {
  for (const backprop_step *step = steps; step < steps + step_count; step++) {
    float *d = locations[step->destination];
    const float *a = locations[step->a], *b = locations[step->b], *c = locations[step->c];
    // Zero where the operand is a scalar, so that scalars cost a line of the cache instead of a block.
    const int64_t mask_a = (step->scalars & 1) - 1, mask_b = (step->scalars >> 1 & 1) - 1;
    const int64_t mask_c = (step->scalars >> 2 & 1) - 1;
    switch (step->opcode) {
    case BACKPROP_COPY: UNARY(x)
    case BACKPROP_NEGATE_F: UNARY(-x)
    case BACKPROP_ABS_F: UNARY(ABS(x))
    // Zeros keep their sign and NaN stays; denormal numbers become zeros.
    case BACKPROP_SIGN_F:
      UNARY(SELECT(x > 0.0f, SPLAT(1.0f), SELECT(x < 0.0f, SPLAT(-1.0f), x * 0.0f)))
    case BACKPROP_EXP_F: UPDATE(lanes_exp(&x))
    case BACKPROP_LOG_F: UPDATE(lanes_log(&x))
    case BACKPROP_SQRT_F: UNARY(__builtin_elementwise_sqrt(x))
    case BACKPROP_RSQRT_F: UNARY(1.0f / __builtin_elementwise_sqrt(x))
    case BACKPROP_RECIPROCAL_F: UNARY(1.0f / x)
    case BACKPROP_SQUARE_F: UNARY(x * x)
    case BACKPROP_TANH_F: UPDATE(lanes_tanh(&x))
    case BACKPROP_SIGMOID_F: UPDATE(lanes_sigmoid(&x))
    case BACKPROP_RELU_F: UNARY(SELECT(x <= 0.0f, (lanes){0}, x))  // NaN passes
    case BACKPROP_SIN_F: UPDATE(EACH_LANE(sinf(x[lane])))
    case BACKPROP_COS_F: UPDATE(EACH_LANE(cosf(x[lane])))
    case BACKPROP_ERF_F: UPDATE(lanes_erf(&x))
    case BACKPROP_GELU_F: UPDATE(lanes_gelu(&x))
    case BACKPROP_GELU_DERIVATIVE_F: UPDATE(lanes_gelu_derivative(&x))
    case BACKPROP_FLOOR_F: UNARY(__builtin_elementwise_floor(x))
    case BACKPROP_ADD_F: BINARY(x + y)
    case BACKPROP_SUBTRACT_F: BINARY(x - y)
    case BACKPROP_MULTIPLY_F: BINARY(x * y)
    case BACKPROP_DIVIDE_F: BINARY(x / y)
    case BACKPROP_POWER_F: BINARY_UPDATE(flush_denormals(&x); flush_denormals(&y); EACH_LANE(powf(x[lane], y[lane])))
    case BACKPROP_MAXIMUM_F: BINARY_UPDATE(lanes_maximum(&x, &y))
    case BACKPROP_MINIMUM_F: BINARY_UPDATE(lanes_minimum(&x, &y))
    case BACKPROP_LESS_F: BINARY(TRUTH(x < y))
    case BACKPROP_LESS_EQUAL_F: BINARY(TRUTH(x <= y))
    case BACKPROP_EQUAL_F: BINARY(TRUTH(x == y))
    case BACKPROP_NEGATE_I: UNARY((lanes)(0 - (uwords)x))
    case BACKPROP_ADD_I: INTEGER(p + q)
    case BACKPROP_SUBTRACT_I: INTEGER(p - q)
    case BACKPROP_MULTIPLY_I: INTEGER(p * q)
    case BACKPROP_MAXIMUM_I: INTEGER(SELECT((words)p > (words)q, p, q))
    case BACKPROP_MINIMUM_I: INTEGER(SELECT((words)p < (words)q, p, q))
    case BACKPROP_LESS_I: INTEGER(TRUTH((words)p < (words)q))
    case BACKPROP_LESS_EQUAL_I: INTEGER(TRUTH((words)p <= (words)q))
    case BACKPROP_EQUAL_I: INTEGER(TRUTH(p == q))
    case BACKPROP_SELECT: TERNARY(SELECT(x != 0.0f, y, z))
    case BACKPROP_INT_TO_FLOAT: UNARY(__builtin_convertvector((words)x, lanes))
    case BACKPROP_FLOAT_TO_INT: UPDATE(to_integer(&x))
    case STEP_MULTIPLY_ADD: TERNARY(x * y + z)
    case STEP_MULTIPLY_SUBTRACT: TERNARY(x * y - z)
    case STEP_SUBTRACT_PRODUCT: TERNARY(z - x * y)
    }
  }
}

int backprop_operand_count(uint8_t opcode) {
  if (opcode == BACKPROP_SELECT) return 3;
  int unary = opcode < BACKPROP_ADD_F || opcode == BACKPROP_NEGATE_I || opcode == BACKPROP_INT_TO_FLOAT ||
              opcode == BACKPROP_FLOAT_TO_INT;
  return unary ? 1 : 2;
}

double backprop_step_cost(uint8_t opcode) {
  switch (opcode) {
  case BACKPROP_EXP_F: case BACKPROP_LOG_F: case BACKPROP_TANH_F: case BACKPROP_SIGMOID_F: case BACKPROP_ERF_F:
  case BACKPROP_GELU_F: case BACKPROP_GELU_DERIVATIVE_F:
    return 0.4;
  case BACKPROP_SQRT_F: case BACKPROP_RSQRT_F: case BACKPROP_DIVIDE_F: case BACKPROP_RECIPROCAL_F: return 0.15;
  case BACKPROP_SIN_F: case BACKPROP_COS_F: case BACKPROP_POWER_F: return 5;
  default: return 0.04;
  }
}
