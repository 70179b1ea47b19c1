// Fused elementwise kernels, interpreted or compiled to machine code.
#pragma once
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { BACKPROP_MAX_RANK = 8, BACKPROP_MAX_REGISTERS = 64 };

// What an instruction does with 4-byte lanes. `F` floats, `I` int32. Comparisons give the float 1 or 0.
typedef enum {
  // float -> float: functions of one number, up to BACKPROP_ADD_F
  BACKPROP_COPY,  // also int32 -> int32: moves the bits
  BACKPROP_NEGATE_F, BACKPROP_ABS_F,
  BACKPROP_SIGN_F,  // -1, 0, 1; 0 keeps its sign, denormal numbers count as 0, NaN stays NaN
  BACKPROP_EXP_F, BACKPROP_LOG_F, BACKPROP_SQRT_F,
  BACKPROP_RSQRT_F,  // 1 / sqrt(a), exact to rounding, not the approximate instruction
  BACKPROP_RECIPROCAL_F, BACKPROP_SQUARE_F, BACKPROP_TANH_F, BACKPROP_SIGMOID_F, BACKPROP_RELU_F,
  BACKPROP_SIN_F, BACKPROP_COS_F, BACKPROP_ERF_F, BACKPROP_GELU_F,
  BACKPROP_GELU_DERIVATIVE_F,  // tanh's approximation of GELU and its derivative
  BACKPROP_FLOOR_F,
  // float, float -> float
  BACKPROP_ADD_F, BACKPROP_SUBTRACT_F, BACKPROP_MULTIPLY_F, BACKPROP_DIVIDE_F, BACKPROP_POWER_F,
  BACKPROP_MAXIMUM_F, BACKPROP_MINIMUM_F,  // NaN if either is NaN
  BACKPROP_LESS_F, BACKPROP_LESS_EQUAL_F, BACKPROP_EQUAL_F,
  // int32, int32 -> int32 (wrapping); comparisons int32, int32 -> float
  BACKPROP_NEGATE_I, BACKPROP_ADD_I, BACKPROP_SUBTRACT_I, BACKPROP_MULTIPLY_I, BACKPROP_MAXIMUM_I, BACKPROP_MINIMUM_I,
  BACKPROP_LESS_I, BACKPROP_LESS_EQUAL_I, BACKPROP_EQUAL_I,
  // a != 0 ? b : c, bits moved; a is float
  BACKPROP_SELECT,
  BACKPROP_INT_TO_FLOAT,
  BACKPROP_FLOAT_TO_INT,  // toward zero, saturating, NaN -> 0
} backprop_opcode;

typedef struct {
  uint8_t opcode;       // backprop_opcode
  uint8_t destination;  // a register
  uint8_t a, b, c;      // registers
} backprop_instruction;

// The location of an operand: pointers[buffer] + offset elements, then strides[d] elements per step of iteration
// dimension d (0 where it is broadcast; may be in any order).
typedef struct {
  int32_t buffer;
  int64_t offset;
  int64_t strides[BACKPROP_MAX_RANK];
} backprop_operand;

// One pass over an iteration space: load each input, run the instructions on blocks that stay in L1, store the outputs.
// Registers 0..<input_count are the inputs, and are never a destination. Several outputs may be written.
// A product that only the next instruction reads, as a term of a sum or difference, may be fused with it (one
// rounding). An output may be the very same memory as an input with the very same strides (in place), and overlaps
// nothing else.
typedef struct {
  int32_t rank;                      // 0...BACKPROP_MAX_RANK; the last dimension varies fastest
  int64_t shape[BACKPROP_MAX_RANK];  // iteration space; any may be 0
  int32_t input_count;
  int32_t output_count;  // at most BACKPROP_MAX_REGISTERS - 1
  int32_t instruction_count;
  int32_t register_count;  // inputs included, at most BACKPROP_MAX_REGISTERS
  const backprop_operand *inputs;
  const backprop_operand *outputs;
  const uint8_t *output_registers;  // which register each output stores
  uint64_t shared_outputs;  // bit o: its cache lines are in other threads' caches, so that ordinary stores are slow
  const backprop_instruction *instructions;
} backprop_fused_definition;

// A kernel laid out once, to be run many times; the definition must outlive it unchanged. NULL where memory is
// exhausted. Several threads may run it at the same time.
typedef struct backprop_fused_kernel backprop_fused_kernel;
backprop_fused_kernel *backprop_make_fused_kernel(const backprop_fused_definition *definition);
void backprop_run_fused_kernel(const backprop_fused_kernel *kernel, void *const *pointers);
void backprop_free_fused_kernel(backprop_fused_kernel *kernel);

// Machine code for the kernels that the compiler supports; the others, and all of them where this gives NULL (on
// another processor, or where memory may not be made executable), are interpreted, which gives the same bits. To be
// freed after the last run of the kernels.
typedef struct backprop_code backprop_code;
backprop_code *backprop_assemble(backprop_fused_kernel *const *kernels, int32_t count);
void backprop_free_code(backprop_code *code);

// Whether there is machine code for a kernel.
int backprop_is_assembled(const backprop_fused_kernel *kernel);

#ifdef __cplusplus
}
#endif
