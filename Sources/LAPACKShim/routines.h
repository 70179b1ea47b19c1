// The routines for one matrix and one type T. LAPACK's matrices are column-major: what is row-major here is the transpose
// there. Each returns whether there is a result.

static void NAME(transpose)(int64_t rows, int64_t columns, const T *x, T *y) {
  for (int64_t i = 0; i < rows; i++)
    for (int64_t j = 0; j < columns; j++) y[j * rows + i] = x[i * columns + j];
}

// The transpose of a is factored with transposed matrices on both sides: (aᵀ)ᵀ x = b.
static int NAME(solve)(const problem *p, const T *a, const T *b, T *x, T *work, integer *pivots) {
  integer n = (integer)p->n, k = (integer)p->k, info = 0;
  T *factors = work, *columns = work + p->n * p->n;
  memcpy(factors, a, sizeof *a * (size_t)(p->n * p->n));
  LAPACK(getrf)(&n, &n, factors, &n, pivots, &info);
  if (info != 0) return 0;
  NAME(transpose)(p->n, p->k, b, columns);
  LAPACK(getrs)("T", &n, &k, factors, &n, pivots, columns, &n, &info, 1);
  NAME(transpose)(p->k, p->n, columns, x);
  return 1;
}

// xᵀ aᵀ = bᵀ, where all three are what lies in memory.
static int NAME(solve_triangular)(const problem *p, const T *a, const T *b, T *x) {
  integer n = (integer)p->n, k = (integer)p->k;
  int is_lower = p->routine == BACKPROP_SOLVE_LOWER || p->routine == BACKPROP_SOLVE_LOWER_UNIT;
  int is_unit = p->routine == BACKPROP_SOLVE_LOWER_UNIT || p->routine == BACKPROP_SOLVE_UPPER_UNIT;
  for (int64_t i = 0; i < p->n && !is_unit; i++)
    if (a[i * p->n + i] == 0) return 0;
  T one = 1;
  memcpy(x, b, sizeof *b * (size_t)(p->n * p->k));
  LAPACK(trsm)("R", is_lower ? "U" : "L", "N", is_unit ? "U" : "N", &k, &n, &one, a, &n, x, &k, 1, 1, 1, 1);
  return 1;
}

static int NAME(cholesky)(const problem *p, const T *a, T *l) {
  integer n = (integer)p->n, info = 0;
  memcpy(l, a, sizeof *a * (size_t)(p->n * p->n));
  LAPACK(potrf)("U", &n, l, &n, &info, 1);
  for (int64_t i = 0; i < p->n; i++)
    for (int64_t j = i + 1; j < p->n; j++) l[i * p->n + j] = 0;
  return info == 0;
}

static int NAME(lu)(const problem *p, const T *a, T *y, T *work, integer *pivots) {
  integer n = (integer)p->n, info = 0;
  int64_t width = p->n + 2;
  NAME(transpose)(p->n, p->n, a, work);
  LAPACK(getrf)(&n, &n, work, &n, pivots, &info);
  for (int64_t i = 0; i < p->n; i++) {
    for (int64_t j = 0; j < p->n; j++) y[i * width + j] = work[j * p->n + i];
    y[i * width + p->n] = (T)i;
  }
  for (int64_t i = 0; i < p->n; i++) {  // what was exchanged, one after the other
    int64_t other = pivots[i] - 1;
    y[i * width + p->n + 1] = other == i ? 1 : -1;
    T row = y[i * width + p->n];
    y[i * width + p->n] = y[other * width + p->n];
    y[other * width + p->n] = row;
  }
  return info >= 0;  // a pivot of 0 is no failure
}

static int NAME(qr)(const problem *p, const T *a, T *y, T *work) {
  int64_t rows = p->m, columns = p->n, small = rows < columns ? rows : columns;
  integer m = (integer)rows, n = (integer)columns, k = (integer)small, info = 0;
  T *x = work, *scales = x + rows * columns, *rest = scales + small;
  integer count = (integer)(64 * (rows < columns ? columns : rows));
  NAME(transpose)(rows, columns, a, x);
  LAPACK(geqrf)(&m, &n, x, &m, scales, rest, &count, &info);
  T *r = y + rows * small;
  for (int64_t j = 0; j < columns; j++)
    for (int64_t i = 0; i < small; i++) r[j * small + i] = i <= j ? x[j * rows + i] : 0;
  LAPACK(orgqr)(&m, &k, &k, x, &m, scales, rest, &count, &info);
  for (int64_t i = 0; i < small; i++) {
    T sign = r[i * small + i] < 0 ? -1 : 1;
    for (int64_t j = 0; j < rows; j++) y[j * small + i] = sign * x[i * rows + j];
    for (int64_t j = i; j < columns; j++) r[j * small + i] *= sign;
  }
  return info == 0;
}

// Whether the component of greatest magnitude is negative.
static int NAME(is_negative)(int64_t count, const T *x) {
  T greatest = 0;
  for (int64_t i = 0; i < count; i++)
    if (x[i] > greatest || -x[i] > greatest) greatest = x[i] < 0 ? -x[i] : x[i];
  for (int64_t i = 0; i < count; i++)
    if (x[i] == greatest || -x[i] == greatest) return x[i] < 0;
  return 0;
}

// aᵀ = v s uᵀ, whose right vectors, in rows there, are u here.
static int NAME(svd)(const problem *p, const T *a, T *y, T *work, integer *integers) {
  int64_t rows = p->m, columns = p->n, small = rows < columns ? rows : columns;
  integer m = (integer)rows, n = (integer)columns, k = (integer)small, info = 0;
  int64_t count = 4 * small * small + 7 * small + 64 * (rows < columns ? columns : rows);
  integer lwork = (integer)count;
  T *x = work, *v = x + rows * columns, *rest = v + columns * small, *u = y + small, *target = u + rows * small;
  memcpy(x, a, sizeof *a * (size_t)(rows * columns));
  LAPACK(gesdd)("S", &n, &m, x, &n, y, v, &n, u, &k, rest, &lwork, integers, &info, 1);
  if (info != 0) return 0;
  for (int64_t i = 0; i < small; i++) {
    T sign = NAME(is_negative)(columns, v + i * columns) ? -1 : 1;
    for (int64_t j = 0; j < rows; j++) u[j * small + i] *= sign;
    for (int64_t j = 0; j < columns; j++) target[j * small + i] = sign * v[i * columns + j];
  }
  return 1;
}

static int NAME(eigh)(const problem *p, const T *a, T *y, T *work, integer *integers) {
  int64_t size = p->n;
  integer n = (integer)size, info = 0, count = (integer)(1 + 6 * size + 2 * size * size), wide = (integer)(3 + 5 * size);
  T *x = work, *rest = x + size * size;
  memcpy(x, a, sizeof *a * (size_t)(size * size));
  LAPACK(syevd)("V", "U", &n, x, &n, y, rest, &count, integers, &wide, &info, 1, 1);
  if (info != 0) return 0;
  for (int64_t i = 0; i < size; i++) {
    T sign = NAME(is_negative)(size, x + i * size) ? -1 : 1;
    for (int64_t j = 0; j < size; j++) y[(1 + j) * size + i] = sign * x[i * size + j];
  }
  return 1;
}

// Padé's approximant of degree 13 of the exponential of a / 2^s, squared s times; of the transpose, as exp(aᵀ) = exp(a)ᵀ.
//
// Source: Higham, "The Scaling and Squaring Method for the Matrix Exponential Revisited", SIAM J. Matrix Anal. Appl. 26
// (2005), algorithm 2.3.
static int NAME(matrix_exp)(const problem *p, const T *a, T *y, T *work, integer *pivots) {
  static const double c[] = {64764752532480000, 32382376266240000, 7771770303897600, 1187353796428800, 129060195264000,
                             10559470521600, 670442572800, 33522128640, 1323241920, 40840800, 960960, 16380, 182, 1};
  int64_t size = p->n, all = size * size;
  integer n = (integer)size, info = 0;
  T one = 1, zero = 0;
  T *x = work, *x2 = x + all, *x4 = x2 + all, *x6 = x4 + all, *odd = x6 + all, *even = odd + all, *sum = even + all;
  double norm = 0;
  for (int64_t i = 0; i < size; i++) {
    double row = 0;
    for (int64_t j = 0; j < size; j++) row += fabs((double)a[i * size + j]);
    if (row > norm) norm = row;
  }
  int squarings = norm > 5.37 ? (int)ceil(log2(norm / 5.37)) : 0;
  for (int64_t i = 0; i < all; i++) x[i] = (T)ldexp((double)a[i], -squarings);
#define MULTIPLY(A, B, C) LAPACK(gemm)("N", "N", &n, &n, &n, &one, A, &n, B, &n, &zero, C, &n, 1, 1)
#define EACH(BODY)                      \
  for (int64_t i = 0; i < all; i++) {   \
    T unit = i % (size + 1) == 0;       \
    BODY                                \
    (void)unit;                         \
  }
  MULTIPLY(x, x, x2);
  MULTIPLY(x2, x2, x4);
  MULTIPLY(x2, x4, x6);
  // Divided by the first coefficient, so that no float overflows.
#define C(i) ((T)(c[i] / c[0]))
  EACH(sum[i] = C(13) * x6[i] + C(11) * x4[i] + C(9) * x2[i];)
  MULTIPLY(x6, sum, even);
  EACH(even[i] += C(7) * x6[i] + C(5) * x4[i] + C(3) * x2[i] + C(1) * unit;)
  MULTIPLY(x, even, odd);
  EACH(sum[i] = C(12) * x6[i] + C(10) * x4[i] + C(8) * x2[i];)
  MULTIPLY(x6, sum, even);
  EACH(even[i] += C(6) * x6[i] + C(4) * x4[i] + C(2) * x2[i] + unit;)
  EACH(x[i] = even[i] - odd[i]; y[i] = even[i] + odd[i];)
#undef C
#undef EACH
  LAPACK(getrf)(&n, &n, x, &n, pivots, &info);
  if (info != 0) return 0;
  LAPACK(getrs)("N", &n, &n, x, &n, pivots, y, &n, &info, 1);
  for (int s = 0; s < squarings; s++) {
    MULTIPLY(y, y, sum);
    memcpy(y, sum, sizeof *y * (size_t)all);
  }
#undef MULTIPLY
  return 1;
}

static int NAME(solve_one)(const problem *p, const T *a, const T *b, T *y, T *work, integer *integers) {
  int is_finite = 1, has_result = 1;
  for (int64_t i = 0; i < p->m * p->n; i++) is_finite &= a[i] - a[i] == 0;
  if (is_finite) switch (p->routine) {
    case BACKPROP_SOLVE: has_result = NAME(solve)(p, a, b, y, work, integers); break;
    case BACKPROP_CHOLESKY: has_result = NAME(cholesky)(p, a, y); break;
    case BACKPROP_LU: has_result = NAME(lu)(p, a, y, work, integers); break;
    case BACKPROP_QR: has_result = NAME(qr)(p, a, y, work); break;
    case BACKPROP_SVD: has_result = NAME(svd)(p, a, y, work, integers); break;
    case BACKPROP_EIGH: has_result = NAME(eigh)(p, a, y, work, integers); break;
    case BACKPROP_MATRIX_EXP: has_result = NAME(matrix_exp)(p, a, y, work, integers); break;
    default: has_result = NAME(solve_triangular)(p, a, b, y);
    }
  if (!is_finite || !has_result)
    for (int64_t i = 0; i < result_count(p); i++) y[i] = NAN;
  return has_result;
}
