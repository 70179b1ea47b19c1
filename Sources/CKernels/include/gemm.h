// Matrix products.
#pragma once
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// c[m, n] = a[m, k] · b[k, n] for few rows m, as fast as b can be read; · b[n, k]ᵀ where `is_transposed`. Rows are
// a_row and b_row apart, c is dense. A row of c has the same bits whatever the other rows are.
void backprop_vector_matrix(
    int64_t m, int64_t n, int64_t k, const float *a, int64_t a_row, const float *b, int64_t b_row, int is_transposed, float *c);

// A matrix [k, n] of at most 65,536 rows, quantized to int8: multiples of a scale for each column, at most 127 in
// magnitude. A column that holds infinity becomes zeros, as NaN does. `memory` is of backprop_quantized_bytes and is
// aligned to 64 bytes.
int64_t backprop_quantized_bytes(int64_t n, int64_t k);
void backprop_quantize_matrix(int64_t n, int64_t k, const float *matrix, int64_t row, void *memory);

// c[n] = a[k] · such a matrix, `a` quantized likewise: an approximation with the same bits everywhere. -1: no memory.
int backprop_quantized_vector_matrix(int64_t n, int64_t k, const float *a, const void *memory, float *c);

// Whether the processor has AMX, which multiplies tiles of bfloat16, the system lets this process use it, and
// BACKPROP_AMX is not 0 in the environment.
int backprop_has_amx(void);

// The same as backprop_matmul on AMX, where there is any: 2.5 times as fast as its multiply-adds, and as exact.
// Infinity and NaN give NaN in all sums they are part of.
void backprop_matmul_amx(
    int64_t m, int64_t n, int64_t k, const float *a, int64_t a_row, int64_t a_column, const float *b,
    int64_t b_row, int64_t b_column, float *c);

// Where there is neither AMX nor oneDNN:

// c[m, n] = a · b, with a[i, p] at a[i * a_row + p * a_column], b[p, j] at b[p * b_row + j * b_column], c dense.
void backprop_matmul(
    int64_t m, int64_t n, int64_t k, const float *a, int64_t a_row, int64_t a_column, const float *b,
    int64_t b_row, int64_t b_column, float *c);

#ifdef __cplusplus
}
#endif
