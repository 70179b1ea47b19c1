// What is called of LAPACK and BLAS, by their names in Fortran: every argument is an address, and lengths of texts, which
// are all 1, follow at the end.
#pragma once
#include <stddef.h>
#include <stdint.h>

typedef int32_t integer;  // of the libraries that systems have by default

#define TEXT const char *
#define SIZE const integer *
#define DECLARE(P, T)                                                                                              \
  void P##gemm_(TEXT, TEXT, SIZE, SIZE, SIZE, const T *, const T *, SIZE, const T *, SIZE, const T *, T *, SIZE,   \
                size_t, size_t);                                                                                   \
  void P##trsm_(TEXT, TEXT, TEXT, TEXT, SIZE, SIZE, const T *, const T *, SIZE, T *, SIZE, size_t, size_t, size_t, \
                size_t);                                                                                           \
  void P##getrf_(SIZE, SIZE, T *, SIZE, integer *, integer *);                                                     \
  void P##getrs_(TEXT, SIZE, SIZE, const T *, SIZE, const integer *, T *, SIZE, integer *, size_t);                \
  void P##potrf_(TEXT, SIZE, T *, SIZE, integer *, size_t);                                                        \
  void P##geqrf_(SIZE, SIZE, T *, SIZE, T *, T *, SIZE, integer *);                                                \
  void P##orgqr_(SIZE, SIZE, SIZE, T *, SIZE, const T *, T *, SIZE, integer *);                                    \
  void P##gesdd_(TEXT, SIZE, SIZE, T *, SIZE, T *, T *, SIZE, T *, SIZE, T *, SIZE, integer *, integer *, size_t); \
  void P##syevd_(TEXT, TEXT, SIZE, T *, SIZE, T *, T *, SIZE, integer *, SIZE, integer *, size_t, size_t);
DECLARE(s, float)
DECLARE(d, double)
