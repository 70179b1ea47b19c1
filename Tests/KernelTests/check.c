// Cases, comparisons, random inputs and memory; see check.h.
#define _GNU_SOURCE
#include "check.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int64_t case_count, value_count, mismatch_count;

enum { MOST_REPORTS = 5, MOST_BLOCKS = 256, FILLER = 0x7fc0dead };  // a NaN

static uint64_t first_seed, random_state;
static int wants_amx;
static int64_t rounds = 1, case_mismatches, report_count;
static char case_kernel[64] = "none", case_shape[320];

// MARK: Cases

void begin_case(const char *kernel, const char *shape, ...) {
  end_case();
  snprintf(case_kernel, sizeof case_kernel, "%s", kernel);
  va_list arguments;
  va_start(arguments, shape);
  vsnprintf(case_shape, sizeof case_shape, shape, arguments);
  va_end(arguments);
  case_count++;
}

void name_kernel(const char *kernel) { snprintf(case_kernel, sizeof case_kernel, "%s", kernel); }

// The first mismatch of a case is printed, for so many cases; the others are counted.
static void report(int64_t index, const char *format, ...) {
  mismatch_count++;
  if (case_mismatches++ > 0 || report_count++ >= MOST_REPORTS) return;
  printf("error: %s: %s, seed %llu, element %lld: ", case_kernel, case_shape, (unsigned long long)first_seed,
         (long long)index);
  va_list arguments;
  va_start(arguments, format);
  vprintf(format, arguments);
  va_end(arguments);
  printf("\n");
  fflush(stdout);
}

void expect(int64_t index, float found, double expected, double error) {
  value_count++;
  float nearest = (float)expected;
  if (isnan(expected) ? isnan(found) : found == nearest) return;
  if (isfinite(nearest) && isfinite(found) && fabs((double)found - expected) <= error + (double)FLT_MIN) return;
  report(index, "found %.9g, expected %.9g within %.3g", (double)found, expected, error);
}

void expect_bits(int64_t index, float found, float expected) {
  value_count++;
  if (isnan(found) && isnan(expected)) return;
  uint32_t bits[2];
  memcpy(&bits[0], &found, 4);
  memcpy(&bits[1], &expected, 4);
  if (bits[0] == bits[1]) return;
  report(index, "found %.9g (bits %08x), expected %.9g (bits %08x)", (double)found, bits[0], (double)expected, bits[1]);
}

void expect_integer(int64_t index, int64_t found, int64_t expected) {
  value_count++;
  if (found != expected) report(index, "found %lld, expected %lld", (long long)found, (long long)expected);
}

double sum_error(double a, double b) { return 6 * ROUNDING * a * b; }

// MARK: Random inputs

// SplitMix64 (Steele, Lea & Flood, "Fast Splittable Pseudorandom Number Generators", OOPSLA 2014).
static uint64_t next(void) {
  uint64_t z = random_state += 0x9e3779b97f4a7c15u;
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
  z = (z ^ z >> 27) * 0x94d049bb133111ebu;
  return z ^ z >> 31;
}

void set_seed(uint64_t seed) { first_seed = random_state = seed; }
int64_t pick(int64_t low, int64_t high) { return low + (int64_t)(next() % (uint64_t)(high - low + 1)); }
int one_in(int64_t count) { return pick(1, count) == 1; }
double draw(double low, double high) { return low + (high - low) * (double)(next() >> 11) * 0x1p-53; }
void set_amx(void) { wants_amx = 1; }
int tests_amx(void) { return wants_amx && backprop_has_amx(); }
void set_rounds(int64_t count) { rounds = count; }
int64_t repeated(int64_t count) { return count * rounds; }

// MARK: Memory

typedef struct {
  char *region;
  size_t region_bytes;
  unsigned char *data;
} block;

static block blocks[MOST_BLOCKS];
static int block_count;

static void *allocate(int64_t bytes, int64_t alignment) {
  size_t page = (size_t)sysconf(_SC_PAGESIZE), wanted = (size_t)((bytes + alignment - 1) / alignment * alignment);
  size_t usable = (wanted + 64 + page - 1) / page * page;  // at least 64 bytes before the data
  char *region = mmap(NULL, usable + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (region == MAP_FAILED || block_count == MOST_BLOCKS || mprotect(region + usable, page, PROT_NONE) != 0) {
    printf("error: no memory for %lld bytes of %s: %s\n", (long long)bytes, case_kernel, case_shape);
    exit(2);
  }
  const uint32_t filler = FILLER;
  for (size_t i = 0; i < usable; i += 4) memcpy(region + i, &filler, 4);
  char *data = region + usable - wanted;
  blocks[block_count++] = (block){region, usable + page, (unsigned char *)data};
  return data;
}

void end_case(void) {
  const uint32_t filler = FILLER;
  for (int i = 0; i < block_count; i++) {
    const unsigned char *region = (const unsigned char *)blocks[i].region;
    // The bytes before the data hold the filler at multiples of four.
    for (const unsigned char *p = region; p < blocks[i].data; p++)
      if (*p != (unsigned char)(filler >> (8 * ((p - region) & 3)))) {
        report(p - blocks[i].data, "a byte before an array was written");
        break;
      }
    munmap(blocks[i].region, blocks[i].region_bytes);
  }
  block_count = 0;
  case_mismatches = 0;
}

float *floats(int64_t count) { return allocate(4 * count, 4); }
void *workspace(int64_t bytes) { return allocate(bytes, 64); }

float *random_floats(int64_t count, double low, double high) {
  float *x = floats(count);
  for (int64_t i = 0; i < count; i++) x[i] = (float)draw(low, high);
  return x;
}

int32_t *integers(int64_t count, int64_t low, int64_t high) {
  int32_t *x = allocate(4 * count, 4);
  for (int64_t i = 0; i < count; i++) x[i] = (int32_t)pick(low, high);
  return x;
}

uint8_t *bytes(int64_t count) {
  uint8_t *x = allocate(count, 1);
  for (int64_t i = 0; i < count; i++) x[i] = (uint8_t)next();
  return x;
}

float *copied(const float *x, int64_t count) {
  float *y = floats(count);
  memcpy(y, x, (size_t)count * sizeof *y);
  return y;
}

// MARK: Crashes

// Also where a kernel reads past an array. `printf` is not for signal handlers, but the process ends here.
static void crash(int signal) {
  printf("error: %s: %s, seed %llu: signal %d (%s)\n", case_kernel, case_shape, (unsigned long long)first_seed, signal,
         signal == SIGSEGV ? "memory outside of its arrays" : "crash");
  fflush(stdout);
  _exit(1);
}

void report_crashes(void) {
  const int signals[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT};
  for (int i = 0; i < 5; i++) signal(signals[i], crash);
}
