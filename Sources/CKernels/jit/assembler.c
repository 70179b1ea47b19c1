// Encodings after Intel's Software Developer's Manual, volume 2, chapter 2 (REX, VEX, EVEX).
#include "jit/assembler.h"

#include <stdlib.h>
#include <string.h>

void put_bytes(assembly *a, const void *bytes, int64_t count) {
  if (a->failed) return;
  if (a->count + count > a->capacity) {
    int64_t capacity = 2 * (a->count + count) + 1024;
    uint8_t *grown = realloc(a->bytes, (size_t)capacity);
    if (!grown) {
      a->failed = 1;
      return;
    }
    a->bytes = grown, a->capacity = capacity;
  }
  memcpy(a->bytes + a->count, bytes, (size_t)count);
  a->count += count;
}

void put_word(assembly *a, int32_t word) { put_bytes(a, &word, 4); }

void put_alignment(assembly *a, int64_t alignment) {
  while (!a->failed && a->count % alignment) PUT(a, 0x90);
}

// MARK: Vectors. Bit 3 and 4 of a register's number go into the prefix, inverted.

static void put_prefix(
    assembly *a, int instruction, int reg, int first, int extended_base, int extended_index, int mask, int zeroing) {
  int map = instruction >> 12, prefix = instruction >> 8 & 15;
  PUT(a, 0x62, (uint8_t)((~reg & 8) << 4 | !extended_index << 6 | !extended_base << 5 | (~reg & 16) | map),
      (uint8_t)((~first & 15) << 3 | 4 | prefix),
      (uint8_t)(zeroing << 7 | 2 << 5 | (~first & 16) >> 1 | mask), (uint8_t)instruction);
}

void put_vector(assembly *a, int instruction, int destination, int first, int second, int mask, int zeroing) {
  put_prefix(a, instruction, destination, first, second >> 3 & 1, second >> 4, mask, zeroing);
  PUT(a, (uint8_t)(0xC0 | (destination & 7) << 3 | (second & 7)));
}

// Always with a displacement, of zero: without one, bases 5 and 13 would be encoded as something else.
void put_at_index(assembly *a, int instruction, int vector, int base, int mask, int zeroing) {
  put_prefix(a, instruction, vector, 0, base >> 3, INDEX >> 3, mask, zeroing);
  PUT(a, (uint8_t)(0x44 | (vector & 7) << 3), (uint8_t)(0x80 | INDEX << 3 | (base & 7)), 0);
}

void put_at_base(assembly *a, int instruction, int vector, int base) {
  put_prefix(a, instruction, vector, 0, base >> 3, 0, 0, 0);
  PUT(a, (uint8_t)(0x40 | (vector & 7) << 3 | (base & 7)), 0);
}

void put_at_offset(assembly *a, int instruction, int vector, int64_t offset) {
  put_prefix(a, instruction, vector, 0, 0, 0, 0, 0);
  PUT(a, (uint8_t)(0x05 | (vector & 7) << 3));
  put_word(a, (int32_t)(offset - (a->count + 4)));
}

// MARK: General registers

void put_pointer(assembly *a, int general, int entry) {
  PUT(a, (uint8_t)(0x48 | general >> 3 << 2), 0x8B, (uint8_t)(0x80 | (general & 7) << 3 | TABLE));
  put_word(a, 8 * entry);
}

void put_push(assembly *a, int general) {
  if (general > 7) PUT(a, 0x41);
  PUT(a, (uint8_t)(0x50 | (general & 7)));
}

void put_pop(assembly *a, int general) {
  if (general > 7) PUT(a, 0x41);
  PUT(a, (uint8_t)(0x58 | (general & 7)));
}

int64_t put_jump(assembly *a, int condition) {
  PUT(a, 0x0F, (uint8_t)condition);
  put_word(a, 0);
  return a->count;
}

void land(assembly *a, int64_t jump) {
  int32_t distance = (int32_t)(a->count - jump);
  if (!a->failed) memcpy(a->bytes + jump - 4, &distance, 4);
}

void put_jump_back(assembly *a, int condition, int64_t target) {
  PUT(a, 0x0F, (uint8_t)condition);
  put_word(a, (int32_t)(target - (a->count + 4)));
}
