// Fourier transforms, against the sums that define them.
#include "check.h"

#include <stdlib.h>

typedef struct {
  double re, im;
} complex_number;

// Number j of a line of n complex or real numbers, or of the first half of n.
static complex_number number_at(backprop_fourier_kind kind, const double *x, int64_t n, int64_t j) {
  if (kind == BACKPROP_FOURIER_REAL) return (complex_number){x[j], 0};
  if (kind != BACKPROP_FOURIER_HERMITIAN) return (complex_number){x[2 * j], x[2 * j + 1]};
  int64_t place = j <= n / 2 ? j : n - j;
  double im = j == 0 || 2 * j == n ? 0 : x[2 * place + 1];
  return (complex_number){x[2 * place], place == j ? im : -im};
}

static void check_fourier(backprop_fourier_kind kind, int64_t lines, int64_t n, int is_wide) {
  begin_case("backprop_fourier", "kind %d, [%lld, %lld]%s", (int)kind, (long long)lines, (long long)n,
             is_wide ? ", float64" : "");
  int64_t half = 2 * (n / 2 + 1), sizes[] = {2 * n, 2 * n, n, half}, results[] = {2 * n, 2 * n, half, n};
  int64_t count = sizes[kind], result = results[kind];
  backprop_type type = is_wide ? BACKPROP_FLOAT64 : BACKPROP_FLOAT32;
  float *x = random_floats(lines * count, -1, 1), *y = floats(lines * result);
  double *wide = (double *)(void *)bytes(8 * lines * count), *wide_y = (double *)(void *)bytes(8 * lines * result);
  for (int64_t i = 0; i < lines * count; i++) wide[i] = (double)x[i];
  void *table = workspace(backprop_fourier_table_bytes(type, kind, n));
  expect_integer(-1, backprop_fourier_prepare(type, kind, n, table), 0);
  const void *from = is_wide ? (const void *)wide : (const void *)x;
  void *to = is_wide ? (void *)wide_y : (void *)y;
  expect_integer(-1, backprop_fourier(type, kind, lines, n, table, from, to), 0);
  double turn = (kind == BACKPROP_FOURIER || kind == BACKPROP_FOURIER_REAL ? -2 : 2) * 3.14159265358979323846;
  for (int64_t line = 0; line < lines; line++)
    for (int64_t k = 0; k < (kind == BACKPROP_FOURIER_REAL ? n / 2 + 1 : n); k++) {
      double re = 0, im = 0, squares = 0;
      for (int64_t j = 0; j < n; j++) {
        complex_number a = number_at(kind, wide + line * count, n, j);
        double angle = turn * (double)(j * k % n) / (double)n;
        re += a.re * cos(angle) - a.im * sin(angle), im += a.re * sin(angle) + a.im * cos(angle);
        squares += a.re * a.re + a.im * a.im;
      }
      // The error of a transform grows with the logarithm of n; five passes are behind Bluestein's algorithm.
      double error = 8 * sqrt(squares) * (1 + log2((double)n)) * (is_wide ? 0x1p-53 : ROUNDING);
      double parts[] = {re, im};
      int64_t width = kind == BACKPROP_FOURIER_HERMITIAN ? 1 : 2;
      for (int64_t part = 0; part < width; part++) {
        int64_t at = line * result + width * k + part;
        if (is_wide) {
          expect_integer(at, fabs(wide_y[at] - parts[part]) <= error + 1e-300, 1);
        } else {
          expect(at, y[at], parts[part], error);
        }
      }
    }
}

void test_fourier(void) {
  static const int64_t lengths[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 13, 15, 16, 17, 19, 34, 49, 64, 97, 128, 143, 202, 243, 360, 509};
  for (int kind = BACKPROP_FOURIER; kind <= BACKPROP_FOURIER_HERMITIAN; kind++) {
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++)
      check_fourier((backprop_fourier_kind)kind, pick(1, 3), lengths[i], one_in(2));
    for (int64_t i = 0; i < repeated(5); i++)
      check_fourier((backprop_fourier_kind)kind, pick(1, 40), pick(1, 60), one_in(2));
  }
}
