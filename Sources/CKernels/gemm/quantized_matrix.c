// One row times an int8-quantized matrix, for draft tokens: a quarter of the bytes to read, and sums of integers.
//
// A column of the matrix is stored as multiples of a scale, the greatest 127 of them, and so is the row.
// Source: Dettmers et al., "LLM.int8(): 8-bit Matrix Multiplication for Transformers at Scale", NeurIPS 2022, section 2
// (vector-wise absmax quantization).
//
//   elements[groups, columns, 4]: in groups of four rows, as instructions that add four products to a sum take them;
//                                 columns rounded up to whole vectors; padding is 0
//   scales[columns]
//   sums[columns]:                of the elements, for unsigned instructions
#include <float.h>

#include "CKernels.h"
#include "simd/simd.h"
#include "threading/grain.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

enum {
  GROUP = 4,    // rows
  STREAMS = 2,  // groups far apart that a thread reads at a time, as in vector_matrix.c
};

typedef struct {
  int64_t n, groups, columns;
  int8_t *elements;
  float *scales;
  int32_t *sums;
} rounded;

static rounded sizes_of(int64_t n, int64_t k) {
  return (rounded){.n = n, .groups = (k + GROUP - 1) / GROUP, .columns = (n + LANES - 1) / LANES * LANES};
}

static rounded parts_of(int64_t n, int64_t k, void *memory) {
  rounded t = sizes_of(n, k);
  t.elements = memory;
  t.scales = (float *)(t.elements + t.groups * t.columns * GROUP);
  t.sums = (int32_t *)(t.scales + t.columns);
  return t;
}

int64_t backprop_quantized_bytes(int64_t n, int64_t k) {
  rounded t = sizes_of(n, k);
  return t.columns * (t.groups * GROUP + (int64_t)(sizeof *t.scales + sizeof *t.sums));
}

typedef int8_t bytes __attribute__((vector_size(16)));
typedef int16_t shorts __attribute__((vector_size(64)));

// How many steps to 1, where the greatest is 127 of them; 0 where that is 0 or not finite.
static float steps_for(float greatest) {
  float steps = greatest > 0 && greatest <= FLT_MAX ? 127 / greatest : 0;
  return steps <= FLT_MAX ? steps : 0;
}

// The first `count` lanes; the others are 0.
INLINE void load(lanes *x, const float *from, int64_t count) {
  if (count == LANES) {
    *x = LOAD(from);
  } else {
    *x = (lanes){0};
    load_part(x, from, count);
  }
}

// x * steps, to the nearest integer; 0 for NaN.
INLINE void round_lanes(const lanes *x, const lanes *steps, words *to) {
  lanes y = *x * *steps;
  lanes half = SELECT(y < 0, SPLAT(-0.5f), SPLAT(0.5f));
  *to = __builtin_convertvector(SELECT(y == y, y + half, SPLAT(0.0f)), words);
}

// MARK: Quantization

typedef struct {
  rounded to;
  int64_t k, row;
  const float *matrix;
} rounding;

CLONES static void round_columns(void *context, int64_t begin, int64_t end) {
  const rounding *t = context;
  rounded to = t->to;
  for (int64_t first = begin * LANES; first < end * LANES; first += LANES) {
    int64_t width = to.n - first < LANES ? to.n - first : LANES;
    const float *from = t->matrix + first;
    lanes greatest = {0}, x, steps, scales;
    for (int64_t p = 0; p < t->k; p++) {
      load(&x, from + p * t->row, width);
      greatest = SELECT(ABS(x) > greatest, ABS(x), greatest);
    }
    for (int j = 0; j < LANES; j++) {
      steps[j] = steps_for(greatest[j]);
      scales[j] = steps[j] > 0 ? greatest[j] / 127 : 0;
    }
    words sums = {0};
    for (int64_t g = 0; g < to.groups; g++) {
      words four = {0};
      for (int s = 0; s < GROUP && g * GROUP + s < t->k; s++) {
        words element;
        load(&x, from + (g * GROUP + s) * t->row, width);
        round_lanes(&x, &steps, &element);
        sums += element;
        four |= (element & 255) << 8 * s;
      }
      memcpy(to.elements + (g * to.columns + first) * GROUP, &four, sizeof four);
    }
    memcpy(to.scales + first, &scales, sizeof scales);
    memcpy(to.sums + first, &sums, sizeof sums);
  }
}

void backprop_quantize_matrix(int64_t n, int64_t k, const float *matrix, int64_t row, void *memory) {
  rounding t = {parts_of(n, k, memory), k, row, matrix};
  backprop_parallel(t.to.columns / LANES, 4, round_columns, &t);
}

// MARK: Product

typedef struct {
  rounded b;
  int64_t parts;
  const int8_t *a;  // [groups, 4]
  int32_t *c;       // [parts, columns]
} product;

// c[columns] (+)= the products of groups g and g + apart, or of g alone. The sum of two products of eight bits is less
// than 2¹⁵.
CLONES static void add_groups(const product *t, int64_t g, int64_t apart, int32_t *c, int adds) {
  rounded b = t->b;
  int streams = apart ? STREAMS : 1;
  for (int64_t j = 0; j < b.columns; j += LANES) {
    words sum = {0};
    if (adds) memcpy(&sum, c + j, sizeof sum);
    for (int s = 0; s < streams; s++) {
      const int8_t *a = t->a + (g + s * apart) * GROUP;
      shorts four;
      memcpy(&four, b.elements + ((g + s * apart) * b.columns + j) * GROUP, sizeof four);
      shorts pairs = (four << 8 >> 8) * (shorts)SPLAT_WORD((a[0] & 0xffff) | a[2] * (1 << 16)) +
                     (four >> 8) * (shorts)SPLAT_WORD((a[1] & 0xffff) | a[3] * (1 << 16));
      sum += ((words)pairs << 16 >> 16) + ((words)pairs >> 16);
    }
    memcpy(c + j, &sum, sizeof sum);
  }
}

#if defined(__x86_64__)
static int has_dot_products(void) {
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vnni");
}

// The same. The instruction multiplies unsigned by signed bytes: 128 is added to the row's, which the sums of the
// columns undo.
__attribute__((target("avx512f,avx512bw,avx512vnni"))) static void add_groups_by_dots(
    const product *t, int64_t g, int64_t apart, int32_t *c, int adds) {
  rounded b = t->b;
  const int8_t *b0 = b.elements + g * b.columns * GROUP, *b1 = b0 + apart * b.columns * GROUP;
  int32_t bits[STREAMS];
  memcpy(&bits[0], t->a + g * GROUP, GROUP);
  memcpy(&bits[1], t->a + (g + apart) * GROUP, GROUP);
  __m512i a0 = _mm512_set1_epi32(bits[0] ^ (int)0x80808080), a1 = _mm512_set1_epi32(bits[1] ^ (int)0x80808080);
  for (int64_t j = 0; j < b.columns; j += LANES) {
    __m512i sum = adds ? _mm512_loadu_si512(c + j) : _mm512_setzero_si512();
    sum = _mm512_dpbusd_epi32(sum, a0, _mm512_loadu_si512(b0 + j * GROUP));
    if (apart) sum = _mm512_dpbusd_epi32(sum, a1, _mm512_loadu_si512(b1 + j * GROUP));
    _mm512_storeu_si512(c + j, sum);
  }
}
#else
static int has_dot_products(void) { return 0; }
#define add_groups_by_dots add_groups
#endif

static void parts_of_groups(void *context, int64_t first, int64_t last) {
  const product *t = context;
  void (*add)(const product *, int64_t, int64_t, int32_t *, int) = has_dot_products() ? add_groups_by_dots : add_groups;
  for (int64_t part = first; part < last; part++) {
    int64_t begin = t->b.groups * part / t->parts, end = t->b.groups * (part + 1) / t->parts;
    int64_t apart = (end - begin) / STREAMS;
    int32_t *c = t->c + part * t->b.columns;
    for (int64_t g = begin; g < begin + apart; g++) add(t, g, apart, c, g > begin);
    for (int64_t g = begin + STREAMS * apart; g < end; g++) add(t, g, 0, c, g > begin);
  }
}

CLONES static void finish(const product *t, float scale, float *c) {
  rounded b = t->b;
  int32_t offset = has_dot_products() ? -128 : 0;
  for (int64_t j = 0; j < b.n; j += LANES) {
    words sum;
    memcpy(&sum, b.sums + j, sizeof sum);
    sum *= offset;
    for (int64_t part = 0; part < t->parts; part++) {
      words more;
      memcpy(&more, t->c + part * b.columns + j, sizeof more);
      sum += more;
    }
    lanes result = __builtin_convertvector(sum, lanes) * (scale * LOAD(b.scales + j));
    if (b.n - j >= LANES) {
      STORE(c + j, result);
    } else {
      store_part(c + j, &result, b.n - j);
    }
  }
}

// Quantizes the row, with zeros up to whole vectors; returns its scale.
CLONES static float round_row(int64_t k, const float *a, int8_t *to) {
  lanes greatest = {0}, x;
  for (int64_t p = 0; p < k; p += LANES) {
    load(&x, a + p, k - p < LANES ? k - p : LANES);
    greatest = SELECT(ABS(x) > greatest, ABS(x), greatest);
  }
  float most = greatest_lane(&greatest), steps = steps_for(most);
  lanes splat = SPLAT(steps);
  for (int64_t p = 0; p < k; p += LANES) {
    words rounded;
    load(&x, a + p, k - p < LANES ? k - p : LANES);
    round_lanes(&x, &splat, &rounded);
    bytes narrow = __builtin_convertvector(rounded, bytes);
    memcpy(to + p, &narrow, sizeof narrow);
  }
  return steps > 0 ? most / 127 : 0;
}

int backprop_quantized_vector_matrix(int64_t n, int64_t k, const float *a, const void *memory, float *c) {
  if (n <= 0) return 0;
  rounded b = parts_of(n, k, (void *)memory);
  // The cost counts twice, so that threads share it sooner: during a run of a plan they are awake, and two read twice
  // as fast as one.
  int64_t grain = backprop_grain(b.groups, 0.3 * (double)n);
  int64_t parts = b.groups > 0 ? (b.groups + grain - 1) / grain : 0;
  int64_t row_bytes = (k + 63) / 64 * 64;
  int8_t *row = backprop_scratch(0, row_bytes + parts * b.columns * (int64_t)sizeof(int32_t));
  if (!row) return -1;
  if (!parts) {
    memset(c, 0, (size_t)n * sizeof *c);
    return 0;
  }
  float scale = round_row(k, a, row);
  product t = {b, parts, row, (int32_t *)(row + row_bytes)};
  backprop_parallel(parts, 1, parts_of_groups, &t);
  finish(&t, scale, c);
  return 0;
}
