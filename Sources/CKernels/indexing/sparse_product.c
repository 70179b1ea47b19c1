// Products of a sparse matrix and the lines along an axis: resizing, adaptive pooling. Lines of neighbors along the inner
// axes run together, a block at a time.
#include "CKernels.h"
#include "simd/simd.h"
#include "threading/grain.h"

enum { BLOCK = 128 };

typedef struct {
  int64_t count, size, inner;
  const int32_t *starts, *indices;
  const double *weights;
  const void *x;
  void *y;
} product;

// Rows begin ..< end of the results of all lines, `count` in each of `outer`. Lines of one element along the inner axes
// are sums of elements of a row.
#define ROWS(NAME, TYPE, ATTRIBUTES)                                                       \
  ATTRIBUTES static void NAME(const product *p, int64_t begin, int64_t end) {              \
    const int64_t inner = p->inner;                                                        \
    for (int64_t row = begin; row < end; row++) {                                          \
      const int64_t i = row % p->count, first = p->starts[i], last = p->starts[i + 1];     \
      const TYPE *x = (const TYPE *)p->x + row / p->count * p->size * inner;               \
      TYPE *y = (TYPE *)p->y + row * inner;                                                \
      if (inner == 1) {                                                                    \
        TYPE sum = 0;                                                                      \
        for (int64_t t = first; t < last; t++) sum += (TYPE)p->weights[t] * x[p->indices[t]]; \
        *y = sum;                                                                          \
        continue;                                                                          \
      }                                                                                    \
      for (int64_t start = 0; start < inner; start += BLOCK) {                             \
        const int64_t width = inner - start < BLOCK ? inner - start : BLOCK;               \
        TYPE sums[BLOCK];                                                                  \
        for (int64_t j = 0; j < width; j++) sums[j] = 0;                                   \
        for (int64_t t = first; t < last; t++) {                                           \
          const TYPE weight = (TYPE)p->weights[t], *from = x + p->indices[t] * inner + start; \
          for (int64_t j = 0; j < width; j++) sums[j] += weight * from[j];                 \
        }                                                                                  \
        for (int64_t j = 0; j < width; j++) y[start + j] = sums[j];                        \
      }                                                                                    \
    }                                                                                      \
  }
ROWS(rows_float, float, CLONES)
ROWS(rows_double, double, )

static void float_rows(void *context, int64_t begin, int64_t end) { rows_float(context, begin, end); }
static void double_rows(void *context, int64_t begin, int64_t end) { rows_double(context, begin, end); }

void backprop_sparse_product(
    backprop_type type, int64_t outer, int64_t count, int64_t size, int64_t inner, const int32_t *starts,
    const int32_t *indices, const double *weights, const void *x, void *y) {
  if (outer <= 0 || count <= 0 || inner <= 0) return;
  product p = {count, size, inner, starts, indices, weights, x, y};
  double row = 2 + 0.2 * (double)inner * (1 + (double)starts[count] / (double)count);
  backprop_parallel(
      outer * count, backprop_grain(outer * count, row), type == BACKPROP_FLOAT64 ? double_rows : float_rows, &p);
}
