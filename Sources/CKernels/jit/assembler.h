// Writes x86-64 machine code with AVX-512, as much of it as fused elementwise kernels need.
#pragma once
#include <stdint.h>

typedef struct {
  uint8_t *bytes;
  int64_t count, capacity;
  int failed;  // memory was exhausted; nothing more is written
} assembly;

// General registers by their numbers.
enum {
  INDEX = 0,      // rax: elements done
  REMAINING = 6,  // rsi
  TABLE = 7,      // rdi: the table of pointers
  SCRATCH = 11,   // r11
};

// Vector instructions as 0xMPOO: opcode map, prefix (0 none, 1 66, 2 F3), opcode.
typedef enum {
  LOAD_VECTOR = 0x1010, STORE_VECTOR = 0x1011, STREAM_VECTOR = 0x102B, MOVE = 0x1028, BROADCAST = 0x2118,
  ADD = 0x1058, MULTIPLY = 0x1059, SUBTRACT = 0x105C, DIVIDE = 0x105E, SQUARE_ROOT = 0x1051,
  LESSER = 0x105D, GREATER = 0x105F,  // the second operand where they are equal or either is NaN
  MULTIPLY_ADD = 0x21A8, MULTIPLY_SUBTRACT = 0x21AA, SUBTRACT_PRODUCT = 0x21AC,  // into the first factor
  INTO_SUM = 0x10,    // added to these three: into the sum's other term
  SCALE = 0x212C,     // a times 2^b
  ROUND = 0x3108,     // immediate: how
  BITS_AND = 0x11DB, BITS_OR = 0x11EB, ADD_WORDS = 0x11FE, SUBTRACT_WORDS = 0x11FA, MULTIPLY_WORDS = 0x2140,
  GREATER_WORD = 0x213D, LESSER_WORD = 0x2139, SHIFT_RIGHT = 0x1172,
  TO_FLOAT = 0x105B, TO_WORDS = 0x125B,
  COMPARE = 0x10C2, COMPARE_WORDS = 0x311F,  // into a mask; immediate: how
  BLEND = 0x2165,  // the mask's lanes from the second operand
} vector_instruction;

// Comparison predicates; false for NaN unless the name says otherwise. The first three also for words, in three bits.
enum { EQUAL = 0, LESS = 0x11, LESS_EQUAL = 0x12, UNORDERED = 3, NOT_EQUAL_OR_NAN = 4, GREATER_EQUAL = 0x1D,
       GREATER_THAN = 0x1E };

void put_bytes(assembly *a, const void *bytes, int64_t count);
#define PUT(a, ...) put_bytes(a, (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))
void put_word(assembly *a, int32_t word);
void put_alignment(assembly *a, int64_t alignment);

// Operands are vectors (or masks) by number: destination, then sources. `mask` 0: none; with zeroing others are
// cleared.
void put_vector(assembly *a, int instruction, int destination, int first, int second, int mask, int zeroing);
// The same with the second operand in memory: at base + 4 * INDEX, at base, or at an offset in the code.
void put_at_index(assembly *a, int instruction, int vector, int base, int mask, int zeroing);
void put_at_base(assembly *a, int instruction, int vector, int base);
void put_at_offset(assembly *a, int instruction, int vector, int64_t offset);

// register = TABLE[entry]
void put_pointer(assembly *a, int general, int entry);
void put_push(assembly *a, int general);
void put_pop(assembly *a, int general);

// Conditional jumps, by their second opcode byte. Forward ones give what `land` needs.
enum { JUMP_LESS = 0x8C, JUMP_LESS_EQUAL = 0x8E };
int64_t put_jump(assembly *a, int condition);
void land(assembly *a, int64_t jump);
void put_jump_back(assembly *a, int condition, int64_t target);
