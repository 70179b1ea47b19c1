// Matrix products in float: backprop_matmul, the same on AMX, and backprop_vector_matrix.
#include "check.h"

#include <stdlib.h>
#include <string.h>

// x[rows, columns], with x[i, j] at data[i * row + j * column].
typedef struct {
  float *data;
  int64_t rows, columns, row, column;
} matrix;

typedef enum { DENSE, PADDED, TRANSPOSED, SPREAD, BACKWARDS, LAYOUTS } layout;
static const char *const layout_names[] = {"dense", "padded", "transposed", "spread", "backwards"};

static matrix random_matrix(int64_t rows, int64_t columns, layout layout) {
  matrix x = {.rows = rows, .columns = columns, .row = columns, .column = 1};
  if (layout == PADDED || layout == BACKWARDS) x.row += pick(1, 20);
  if (layout == TRANSPOSED) x.row = 1, x.column = rows + pick(0, 9);
  if (layout == SPREAD) x.column = 2, x.row = 2 * columns + pick(0, 5);
  if (rows == 0 || columns == 0) {
    x.data = floats(0);
    return x;
  }
  int64_t last = (rows - 1) * x.row + (columns - 1) * x.column;
  x.data = floats(last + 1);
  for (int64_t i = 0; i < rows; i++)
    for (int64_t j = 0; j < columns; j++) x.data[i * x.row + j * x.column] = (float)draw(-1, 1);
  if (layout == BACKWARDS) x.data += (rows - 1) * x.row, x.row = -x.row;
  return x;
}

static float *at(matrix x, int64_t i, int64_t j) { return x.data + i * x.row + j * x.column; }

// The length of a row or a column, of its finite elements.
static double row_length(matrix x, int64_t i) {
  double sum = 0;
  for (int64_t j = 0; j < x.columns; j++) {
    double v = (double)*at(x, i, j);
    if (isfinite(v)) sum += v * v;
  }
  return sqrt(sum);
}

static double column_length(matrix x, int64_t j) {
  matrix transposed = {x.data, x.columns, x.rows, x.column, x.row};
  return row_length(transposed, j);
}

// c[m, n] against a · b in double.
static void compare(matrix a, matrix b, const float *c, int nan_for_infinity) {
  int64_t m = a.rows, n = b.columns, k = a.columns;
  double *column_lengths = malloc((size_t)(n + 1) * sizeof(double));
  for (int64_t j = 0; j < n; j++) column_lengths[j] = column_length(b, j);
  for (int64_t i = 0; i < m; i++) {
    double length = row_length(a, i);
    for (int64_t j = 0; j < n; j++) {
      double sum = 0;
      const float *x = at(a, i, 0), *y = at(b, 0, j);
      for (int64_t p = 0; p < k; p++, x += a.column, y += b.row) sum += (double)*x * (double)*y;
      if (nan_for_infinity && !isfinite(sum)) sum = NAN;
      expect(i * n + j, c[i * n + j], sum, sum_error(length, column_lengths[j]));
    }
  }
  free(column_lengths);
}

// Infinity in a row of a, NaN in a column of b: the other rows and columns stay finite.
static void put_special_values(matrix a, matrix b) {
  if (a.rows == 0 || a.columns == 0 || b.columns == 0) return;
  *at(a, pick(0, a.rows - 1), pick(0, a.columns - 1)) = -INFINITY;
  *at(b, pick(0, b.rows - 1), pick(0, b.columns - 1)) = NAN;
}

static void check_matmul(int64_t m, int64_t n, int64_t k, layout of_a, layout of_b, int special) {
  for (int amx = 0; amx <= (tests_amx() && of_a < SPREAD && of_b < SPREAD); amx++) {
    begin_case(
        amx ? "backprop_matmul_amx" : "backprop_matmul", "[%lld, %lld] %s · [%lld, %lld] %s%s", (long long)m,
        (long long)k, layout_names[of_a], (long long)k, (long long)n, layout_names[of_b], special ? ", special" : "");
    matrix a = random_matrix(m, k, of_a), b = random_matrix(k, n, of_b);
    if (special) put_special_values(a, b);
    float *c = floats(m * n);
    (amx ? backprop_matmul_amx : backprop_matmul)(m, n, k, a.data, a.row, a.column, b.data, b.row, b.column, c);
    compare(a, b, c, amx);
    if (!amx) {
      float *again = floats(m * n);
      backprop_matmul(m, n, k, a.data, a.row, a.column, b.data, b.row, b.column, again);
      for (int64_t i = 0; i < m * n; i++) expect_bits(i, again[i], c[i]);
    }
  }
}

// c[m, n] = a[m, k] · b[k, n], or · b[n, k]ᵀ.
static void check_vector_matrix(int64_t m, int64_t n, int64_t k, int transposed, int special) {
  begin_case("backprop_vector_matrix", "[%lld, %lld] · [%lld, %lld]%s%s", (long long)m, (long long)k, (long long)k,
             (long long)n, transposed ? " transposed" : "", special ? ", special" : "");
  matrix a = random_matrix(m, k, one_in(2) ? DENSE : PADDED);
  matrix b = random_matrix(transposed ? n : k, transposed ? k : n, one_in(2) ? DENSE : PADDED);
  matrix right = transposed ? (matrix){b.data, k, n, b.column, b.row} : b;
  if (special) put_special_values(a, right);
  float *c = floats(m * n), *one = floats(n);
  backprop_vector_matrix(m, n, k, a.data, a.row, b.data, b.row, transposed, c);
  compare(a, right, c, 0);
  for (int64_t i = 0; i < m; i++) {  // a row has the same bits whatever the others are
    backprop_vector_matrix(1, n, k, a.data + i * a.row, a.row, b.data, b.row, transposed, one);
    for (int64_t j = 0; j < n; j++) expect_bits(i * n + j, one[j], c[i * n + j]);
  }
}

void test_products(void) {
  // At the borders of what the kernels pack at a time, and large enough for several threads.
  static const int64_t shapes[][3] = {
      {0, 5, 3}, {4, 0, 3}, {3, 4, 0}, {1, 1, 1}, {1, 700, 90}, {2, 65, 300}, {700, 1, 90}, {300, 9, 70}, {400, 16, 65},
      {16, 16, 16}, {17, 33, 31}, {6, 1600, 40}, {20, 1570, 24}, {250, 40, 330}, {13, 50, 650}, {160, 170, 140},
      {240, 48, 64}, {61, 129, 320}, {1, 2100, 17}, {2, 40, 2000},
  };
  for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++) {
    int is_large = shapes[s][0] * shapes[s][1] * shapes[s][2] > 500000, first = is_large ? (int)pick(0, 2) : 0;
    for (int t = first; t < (is_large ? first + 1 : 3); t++)
      check_matmul(
          shapes[s][0], shapes[s][1], shapes[s][2], t == 1 ? TRANSPOSED : DENSE, t == 2 ? TRANSPOSED : DENSE, 0);
  }
  for (int64_t i = repeated(120); i > 0; i--) {
    int64_t most = one_in(8) ? 120 : 40;
    check_matmul(pick(1, most), pick(1, most), pick(1, 2 * most), (layout)pick(0, LAYOUTS - 1),
                 (layout)pick(0, LAYOUTS - 1), one_in(6));
  }

  static const int64_t few[][2] = {{2100, 40}, {300, 300}, {600, 129}, {33, 2100}, {1, 50}, {50, 1}, {7, 0}, {0, 7}};
  for (size_t s = 0; s < sizeof few / sizeof *few; s++)
    for (int transposed = 0; transposed < 2; transposed++)
      check_vector_matrix(pick(1, 5), few[s][0], few[s][1], transposed, 0);
  for (int64_t i = repeated(60); i > 0; i--)
    check_vector_matrix(pick(1, 9), pick(1, 150), pick(1, 200), one_in(2), one_in(6));
}
