// Runs the tests of the C kernels: each public kernel against loops in double, on random shapes from a seed.
//
// It depends on the kernels alone, so it runs where there is no Swift, as under an emulator of another processor; see
// scripts/check-aarch64.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

static const test tests[] = {
    {"products", test_products},
    {"quantized", test_quantized},
    {"instructions", test_instructions},
    {"fused-kernels", test_fused_kernels},
    {"library", test_library},
    {"plain", test_plain},
    {"reductions", test_reductions},
    {"scans", test_scans},
    {"sorting", test_sorting},
    {"softmax", test_softmax},
    {"normalization", test_normalization},
    {"convolutions", test_convolutions},
    {"windows", test_windows},
    {"indexing", test_indexing},
    {"along-axis", test_along_axis},
    {"random", test_random},
    {"attention", test_attention},
    {"recurrent", test_recurrent},
    {"fourier", test_fourier},
    {"ctc", test_ctc},
    {"threading", test_threading},
};
enum { TESTS = sizeof tests / sizeof *tests };

#if defined(__aarch64__)
#define PROCESSOR "aarch64"
#elif defined(__x86_64__)
#define PROCESSOR "x86-64"
#else
#define PROCESSOR "another processor"
#endif

static void usage(FILE *to) {
  fprintf(to, "usage: kernel-tests [-s SEED] [-t THREADS] [-r ROUNDS] [-a] [-v] [TEST...]\n"
              "  -s SEED     of shapes and values (1)\n"
              "  -t THREADS  that the kernels may use (as many as processors)\n"
              "  -r ROUNDS   how often the random cases are repeated with other shapes (1)\n"
              "  -a          also the kernels for AMX, where the processor has it\n"
              "  -v          a line for each test\n"
              "tests:");
  for (int i = 0; i < TESTS; i++) fprintf(to, " %s", tests[i].name);
  fprintf(to, "\n");
}

static int64_t number(const char *option, const char *text, int64_t least) {
  char *end = NULL;
  long long value = text ? strtoll(text, &end, 10) : 0;
  if (!text || end == text || *end || value < least) {
    fprintf(stderr, "error: %s takes a number from %lld on, not '%s'\n", option, (long long)least, text ? text : "");
    exit(2);
  }
  return value;
}

int main(int count, char **arguments) {
  int64_t seed = 1;
  int chosen[TESTS] = {0}, any = 0, verbose = 0;
  for (int i = 1; i < count; i++) {
    const char *argument = arguments[i];
    const char *value = i + 1 < count ? arguments[i + 1] : NULL;
    if (strcmp(argument, "-h") == 0 || strcmp(argument, "--help") == 0) {
      usage(stdout);
      return 0;
    } else if (strcmp(argument, "-v") == 0) {
      verbose = 1;
    } else if (strcmp(argument, "-a") == 0) {
      set_amx();
    } else if (strcmp(argument, "-s") == 0) {
      seed = number("-s", value, 0), i++;
    } else if (strcmp(argument, "-t") == 0) {
      backprop_set_threads((int32_t)number("-t", value, 1)), i++;
    } else if (strcmp(argument, "-r") == 0) {
      set_rounds(number("-r", value, 1)), i++;
    } else {
      int known = 0;
      for (int t = 0; t < TESTS; t++)
        if (strcmp(argument, tests[t].name) == 0) chosen[t] = known = any = 1;
      if (!known) {
        fprintf(stderr, "error: there is no test or option '%s'\n", argument);
        usage(stderr);
        return 2;
      }
    }
  }

  report_crashes();
  backprop_prepare_threads();
  for (int t = 0; t < TESTS; t++) {
    if (any && !chosen[t]) continue;
    int64_t cases = case_count, values = value_count, mismatches = mismatch_count;
    set_seed((uint64_t)seed);  // of each test anew, so that one alone has the same shapes
    tests[t].run();
    end_case();
    if (verbose)
      printf("  %-14s %6lld cases, %9lld values, %lld mismatches\n", tests[t].name, (long long)(case_count - cases),
             (long long)(value_count - values), (long long)(mismatch_count - mismatches));
    fflush(stdout);
  }
  printf("%s, %d %s, seed %lld%s: %lld cases, %lld values, %lld mismatches\n", PROCESSOR, backprop_threads(),
         backprop_threads() == 1 ? "thread" : "threads", (long long)seed, tests_amx() ? ", AMX" : "",
         (long long)case_count, (long long)value_count, (long long)mismatch_count);
  return mismatch_count > 0;
}
