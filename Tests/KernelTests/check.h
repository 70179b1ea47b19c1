// What the tests of the C kernels share: random inputs, memory that ends where nothing may be read, and comparisons.
//
// A test draws shapes and values, calls a kernel, and compares each element of the result with loops in double. They
// are loops on purpose: anything faster would need a test of its own.
#pragma once
#include <float.h>
#include <math.h>
#include <stdint.h>

#include "CKernels.h"

// MARK: Cases

// Names the kernel and the shape that the next comparisons belong to, and frees the memory of the case before.
void begin_case(const char *kernel, const char *shape, ...) __attribute__((format(printf, 2, 3)));

// Another kernel of the same case, whose memory stays.
void name_kernel(const char *kernel);

// Element `index` is within `error` of what is expected, or less than the least normal number away from it, since
// kernels compute with denormal numbers as zeros. NaN is expected as NaN, infinities as the same infinity.
void expect(int64_t index, float found, double expected, double error);
void expect_bits(int64_t index, float found, float expected);  // any NaN equals any other
void expect_integer(int64_t index, int64_t found, int64_t expected);

// The unit that errors are given in: half a unit in the last place of 1 is 2^-24.
#define ROUNDING 0x1p-24

// The error of a float sum of products of two vectors of random signs, from their lengths: partial sums grow as a
// random walk does, and so do their roundings.
double sum_error(double a, double b);

// MARK: Random inputs

int tests_amx(void);  // whether the kernels for AMX are tested: where there is any, with -a
void set_seed(uint64_t seed);
int64_t pick(int64_t low, int64_t high);  // low and high included
int one_in(int64_t count);
double draw(double low, double high);
int64_t repeated(int64_t count);  // times the number of rounds

// MARK: Memory
//
// Ends where the next byte may not be read or written, and is filled with NaN, so that an element that a kernel does
// not write is found. What is before it is compared when the case ends.

float *floats(int64_t count);
float *random_floats(int64_t count, double low, double high);
int32_t *integers(int64_t count, int64_t low, int64_t high);
uint8_t *bytes(int64_t count);
void *workspace(int64_t bytes);  // aligned to 64 bytes
float *copied(const float *x, int64_t count);

// MARK: The tests

typedef struct {
  const char *name;
  void (*run)(void);
} test;

void test_products(void), test_quantized(void);
void test_instructions(void), test_fused_kernels(void), test_library(void);
void test_plain(void), test_reductions(void), test_scans(void), test_sorting(void), test_softmax(void);
void test_normalization(void);
void test_fourier(void), test_ctc(void);
void test_convolutions(void), test_windows(void);
void test_indexing(void), test_along_axis(void), test_random(void), test_attention(void), test_recurrent(void), test_threading(void);

extern int64_t case_count, value_count, mismatch_count;
void set_rounds(int64_t count);
void set_amx(void);
void report_crashes(void);
void end_case(void);
