#include "CMachine.h"

#include <stdlib.h>
#include <string.h>

#include "CKernels.h"
#include "simd/simd.h"

#if defined(__linux__)
#include <sys/mman.h>
#endif

enum { FEW = 6, MANY = 12 };

// Chains end near a fixed point, away from overflow and denormals. The sum is returned, so that nothing is optimized
// away.
#define CHAINS(name, count)                                                   \
  CLONES static void name(int64_t rounds, float factor, float *result) {      \
    lanes x[count], sum = {0};                                                \
    const lanes a = factor - (lanes){0}, b = (1 - factor) - (lanes){0};       \
    for (int i = 0; i < count; i++) x[i] = (float)i - (lanes){0};             \
    for (int64_t round = 0; round < rounds; round++) {                        \
      _Pragma("clang loop unroll(full)") for (int i = 0; i < count; i++)      \
          x[i] = x[i] * a + b;                                                \
    }                                                                         \
    for (int i = 0; i < count; i++) sum += x[i];                              \
    for (int i = 0; i < LANES; i++) *result += sum[i];                        \
  }

CHAINS(few_chains, FEW)
CHAINS(many_chains, MANY)

typedef struct {
  int64_t rounds;
  int32_t many;
} chains;

static volatile float sink;

static void chains_task(void *context, int64_t begin, int64_t end) {
  const chains *c = context;
  float result = 0;
  for (int64_t i = begin; i < end; i++)
    (c->many ? many_chains : few_chains)(c->rounds, 0.5f, &result);
  sink = result;
}

int64_t backprop_machine_multiply_add(int32_t threads, int64_t rounds, int32_t many) {
  chains c = {rounds, many};
  backprop_parallel(threads, 1, chains_task, &c);
  return 2 * LANES * (many ? MANY : FEW) * rounds;
}

typedef struct {
  float factor;
  const float *x, *y;
  float *z;
} streams;

// z may be x.
CLONES static void stream(int64_t count, float factor, const float *x, const float *y, float *z) {
  int64_t i = 0;
  for (; i + LANES <= count; i += LANES)
    *(unaligned_lanes *)(z + i) =
        *(const unaligned_lanes *)(x + i) + *(const unaligned_lanes *)(y + i) * factor;
  for (; i < count; i++) z[i] = x[i] + y[i] * factor;
}

static void stream_task(void *context, int64_t begin, int64_t end) {
  const streams *s = context;
  stream(end - begin, s->factor, s->x + begin, s->y + begin, s->z + begin);
}

void backprop_machine_update(int64_t count, float factor, const float *y, float *x) {
  backprop_machine_triad(count, factor, x, y, x);
}

void backprop_machine_triad(int64_t count, float factor, const float *x, const float *y, float *z) {
  streams s = {factor, x, y, z};
  backprop_parallel(count, LANES, stream_task, &s);
}

float *backprop_machine_allocate(int64_t count) {
  enum { LARGE_PAGE = 2 << 20 };
  const size_t bytes = (((size_t)count * sizeof(float)) + LARGE_PAGE - 1) / LARGE_PAGE * LARGE_PAGE;
  void *memory;
  if (posix_memalign(&memory, LARGE_PAGE, bytes)) return NULL;
#if defined(__linux__)
  madvise(memory, bytes, MADV_HUGEPAGE);  // a hint; small pages work as well
#endif
  memset(memory, 0, bytes);
  return memory;
}

void backprop_machine_free(float *memory) { free(memory); }
