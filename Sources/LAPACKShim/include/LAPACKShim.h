// Linear algebra on each matrix of a batch by LAPACK: arrays in row-major order, float or double.
//
// Orthogonal factors are unique: LAPACK leaves open which sign a vector has, and here one rule decides, so that every
// implementation gives the same. Arrays do not overlap. Matrices are shared out to the threads of the kernels' pool, and
// each is one thread's work, so no bit depends on how many there are.
#pragma once
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum {
  // x[n, k] with a x = b, for a[n, n] and b[n, k]; with the lower or upper triangle of a alone, whose diagonal is that of a
  // or ones.
  BACKPROP_SOLVE,
  BACKPROP_SOLVE_LOWER, BACKPROP_SOLVE_LOWER_UNIT, BACKPROP_SOLVE_UPPER, BACKPROP_SOLVE_UPPER_UNIT,
  // The lower triangle l[n, n] with l lᵀ = a, from the lower triangle of a[n, n].
  BACKPROP_CHOLESKY,
  // [n, n + 2]: l, whose diagonal of ones is left out, and u of a[n, n]; then, in a column each, which row of a each row of
  // l u is, and -1 for each exchange of rows, 1 elsewhere.
  BACKPROP_LU,
  // [m + n, k], k = min(m, n): q[m, k], then rᵀ[n, k] of a[m, n] = q r; the diagonal of r is not negative.
  BACKPROP_QR,
  // [1 + m + n, k]: the singular values from the greatest on, then u[m, k] and v[n, k] of a[m, n] = u s vᵀ. The component
  // of v of greatest magnitude is positive in each column.
  BACKPROP_SVD,
  // [1 + n, n]: the eigenvalues in ascending order, then the eigenvectors in columns, of the symmetric matrix with the
  // lower triangle of a[n, n]. The component of greatest magnitude of each is positive.
  BACKPROP_EIGH,
  // The exponential of a[n, n].
  BACKPROP_MATRIX_EXP,
} backprop_matrix_routine;

// y of each matrix a[m, n], or of a[n, n] and b[n, k]. Matrices with elements that are not finite give NaN, and so do those
// that have no result: singular, not positive definite, without convergence. Returns 0, the position from 1 on of the
// first matrix without a result, or -1 where there is no memory.
int64_t backprop_matrices(
    backprop_matrix_routine routine, int is_double, int64_t batch, int64_t m, int64_t n, int64_t k, const void *a,
    const void *b, void *y);

#ifdef __cplusplus
}
#endif
