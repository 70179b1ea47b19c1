// Batches of matrices: memory, threads, and the choice of the routine.
#include "LAPACKShim.h"

#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "fortran.h"
#include "threading.h"

typedef struct {
  backprop_matrix_routine routine;
  int64_t m, n, k;
} problem;

// Numbers and integers of workspace that any of the routines needs.
static int64_t workspace_numbers(const problem *p) {
  int64_t m = p->m, n = p->n, small = m < n ? m : n, large = m < n ? n : m;
  switch (p->routine) {
  case BACKPROP_SOLVE: return n * n + n * p->k;
  case BACKPROP_LU: return n * n;
  case BACKPROP_QR: return m * n + small + 64 * large;
  case BACKPROP_SVD: return m * n + small * (1 + m + n) + 4 * small * small + 7 * small + 64 * large;
  case BACKPROP_EIGH: return n * n + n + 1 + 6 * n + 2 * n * n;
  case BACKPROP_MATRIX_EXP: return 8 * n * n;
  default: return 0;
  }
}

static int64_t workspace_integers(const problem *p) { return 8 * p->n + 3; }

static int64_t result_count(const problem *p) {
  int64_t m = p->m, n = p->n, small = m < n ? m : n;
  switch (p->routine) {
  case BACKPROP_LU: return n * (n + 2);
  case BACKPROP_QR: return (m + n) * small;
  case BACKPROP_SVD: return (1 + m + n) * small;
  case BACKPROP_EIGH: return (1 + n) * n;
  case BACKPROP_CHOLESKY:
  case BACKPROP_MATRIX_EXP: return n * n;
  default: return n * p->k;
  }
}

#define T float
#define NAME(x) x##_float
#define LAPACK(x) s##x##_
#include "routines.h"
#undef T
#undef NAME
#undef LAPACK
#define T double
#define NAME(x) x##_double
#define LAPACK(x) d##x##_
#include "routines.h"

typedef struct {
  problem problem;
  int is_double;
  const char *a, *b;
  char *y;
  _Atomic int64_t failed;  // the first matrix without a result, from 1 on; INT64_MAX: none
  atomic_int is_out_of_memory;
} batch_task;

static void run_range(void *context, int64_t begin, int64_t end) {
  batch_task *t = context;
  const problem *p = &t->problem;
  int64_t size = t->is_double ? 8 : 4, a_bytes = size * p->m * p->n, b_bytes = size * p->n * p->k;
  int64_t y_bytes = size * result_count(p);
  char *work = malloc((size_t)(8 + size * workspace_numbers(p)));
  integer *integers = malloc(sizeof *integers * (size_t)workspace_integers(p));
  if (!work || !integers) atomic_store(&t->is_out_of_memory, 1), end = begin;
  for (int64_t i = begin; i < end; i++) {
    const void *a = t->a + i * a_bytes, *b = t->b ? t->b + i * b_bytes : NULL;
    void *y = t->y + i * y_bytes;
    int has_result = t->is_double ? solve_one_double(p, a, b, y, (double *)(void *)work, integers)
                                  : solve_one_float(p, a, b, y, (float *)(void *)work, integers);
    if (has_result) continue;
    int64_t first = atomic_load(&t->failed);
    while (i + 1 < first && !atomic_compare_exchange_weak(&t->failed, &first, i + 1)) {}
  }
  free(work);
  free(integers);
}

// OpenBLAS, which some systems have in place of these libraries, starts threads of its own otherwise, for each of ours.
extern void openblas_set_num_threads(int count) __attribute__((weak));

int64_t backprop_matrices(
    backprop_matrix_routine routine, int is_double, int64_t batch, int64_t m, int64_t n, int64_t k, const void *a,
    const void *b, void *y) {
  batch_task t = {.problem = {routine, m, n, k}, .is_double = is_double, .a = a, .b = b, .y = y, .failed = INT64_MAX};
  if (batch == 0 || result_count(&t.problem) == 0) return 0;
#ifdef __linux__
  if (openblas_set_num_threads) openblas_set_num_threads(1);
#endif
  int64_t small = m < n ? m : n, work = m * n * (small + k);  // multiply-adds, but for a factor
  backprop_parallel(batch, work > 4000 ? 1 : 4000 / (work + 1) + 1, run_range, &t);
  if (atomic_load(&t.is_out_of_memory)) return -1;
  int64_t failed = atomic_load(&t.failed);
  return failed == INT64_MAX ? 0 : failed;
}
