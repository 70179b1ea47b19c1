// Philox4x32-10: random numbers that depend on key and position alone.
// Salmon, Moraes, Dror, Shaw: "Parallel Random Numbers: As Easy as 1, 2, 3", SC 2011.
#include "CKernels.h"
#include "simd/functions.h"
#include "threading/grain.h"

enum { ROUNDS = 10, ELEMENTS = 64 };  // 16 blocks of 4 words at a time

typedef uint64_t wide_words __attribute__((vector_size(64)));

// Words 0 to 3 of the blocks first, first + 1, ... first + 15, two lanes of 64 bits a block pair: the lower half is the
// word, the upper half is undefined, since multiplications to 64 bits read lower halves only.
INLINE void philox(uint64_t first, const uint32_t key[4], uwords w[4]) {
  const uint64_t low_half = 0xffffffffu;
  wide_words x0[2], x1[2], x2[2], x3[2];
  for (int g = 0; g < 2; g++) {  // even blocks, odd blocks
    wide_words block = (wide_words){0, 2, 4, 6, 8, 10, 12, 14} + (first + (uint64_t)g);
    x0[g] = block;
    x1[g] = block >> 32;
    x2[g] = (wide_words){0} + key[2];
    x3[g] = (wide_words){0} + key[3];
  }
  uint32_t k0 = key[0], k1 = key[1];
  for (int round = 0; round < ROUNDS; round++) {
    for (int g = 0; g < 2; g++) {
      wide_words p0 = (x0[g] & low_half) * (uint64_t)0xd2511f53u;
      wide_words p2 = (x2[g] & low_half) * (uint64_t)0xcd9e8d57u;
      x0[g] = (p2 >> 32) ^ x1[g] ^ (uint64_t)k0;
      x1[g] = p2;
      x2[g] = (p0 >> 32) ^ x3[g] ^ (uint64_t)k1;
      x3[g] = p0;
    }
    k0 += 0x9e3779b9u;
    k1 += 0xbb67ae85u;
  }
  w[0] = (uwords)((x0[0] & low_half) | (x0[1] << 32));
  w[1] = (uwords)((x1[0] & low_half) | (x1[1] << 32));
  w[2] = (uwords)((x2[0] & low_half) | (x2[1] << 32));
  w[3] = (uwords)((x3[0] & low_half) | (x3[1] << 32));
}

// out[4 * i + j] = w[j][i]
INLINE void interleave(const lanes w[4], float *out) {
#define ZIP_LOW(a, b) \
  __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23)
#define ZIP_HIGH(a, b) \
  __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31)
  lanes even_low = ZIP_LOW(w[0], w[2]), even_high = ZIP_HIGH(w[0], w[2]);
  lanes odd_low = ZIP_LOW(w[1], w[3]), odd_high = ZIP_HIGH(w[1], w[3]);
  STORE(out, ZIP_LOW(even_low, odd_low));
  STORE(out + 16, ZIP_HIGH(even_low, odd_low));
  STORE(out + 32, ZIP_LOW(even_high, odd_high));
  STORE(out + 48, ZIP_HIGH(even_high, odd_high));
}

INLINE void uniform_group(int64_t group, const uint32_t key[4], float *out) {
  uwords w[4];
  lanes f[4];
  philox((uint64_t)group * LANES, key, w);
  for (int j = 0; j < 4; j++) f[j] = __builtin_convertvector((words)(w[j] >> 8), lanes) * 0x1p-24f;
  interleave(f, out);
}

INLINE void normal_group(int64_t group, const uint32_t key[4], float *out) {
  uwords w[4];
  lanes f[4];
  philox((uint64_t)group * LANES, key, w);
  for (int j = 0; j < 4; j += 2) {
    lanes u = __builtin_convertvector((words)(w[j] >> 8) + 1, lanes) * 0x1p-24f;
    lanes v = __builtin_convertvector((words)(w[j + 1] >> 8), lanes) * 0x1p-24f;
    lanes sine, cosine;
    lanes_log(&u);
    lanes radius = __builtin_elementwise_sqrt(u * -2.0f);
    lanes_sincos_turns(&v, &sine, &cosine);
    f[j] = radius * cosine;
    f[j + 1] = radius * sine;
  }
  interleave(f, out);
}

typedef struct {
  int64_t count;
  const uint32_t *key;
  float *y;
} draw;

// The last group may be cut short; it is computed whole in a buffer.
#define DRAW(group_function)                                             \
  const draw *d = context;                                               \
  for (int64_t group = begin; group < end; group++) {                    \
    int64_t left = d->count - group * ELEMENTS;                          \
    if (left >= ELEMENTS) {                                              \
      group_function(group, d->key, d->y + group * ELEMENTS);            \
    } else {                                                             \
      float part[ELEMENTS];                                              \
      group_function(group, d->key, part);                               \
      memcpy(d->y + group * ELEMENTS, part, (size_t)left * sizeof *part); \
    }                                                                    \
  }

CLONES static void draw_uniform(void *context, int64_t begin, int64_t end) { DRAW(uniform_group) }
CLONES static void draw_normal(void *context, int64_t begin, int64_t end) { DRAW(normal_group) }

// y[count]
void backprop_random_uniform(int64_t count, const uint32_t key[4], float *y) {
  if (count <= 0) return;
  draw d = {count, key, y};
  int64_t groups = (count - 1) / ELEMENTS + 1;
  backprop_parallel(groups, backprop_grain(groups, 30), draw_uniform, &d);
}

// y[count]
void backprop_random_normal(int64_t count, const uint32_t key[4], float *y) {
  if (count <= 0) return;
  draw d = {count, key, y};
  int64_t groups = (count - 1) / ELEMENTS + 1;
  backprop_parallel(groups, backprop_grain(groups, 80), draw_normal, &d);
}
