// Random numbers: Philox against the known answers of its authors, and the kernels against it.
#include "check.h"

#include <stdlib.h>
#include <string.h>

// Salmon et al., SC 2011: ten rounds, and between two of them the key is raised.
static void philox(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4]) {
  uint32_t x[4], k[2] = {key[0], key[1]};
  memcpy(x, counter, sizeof x);
  for (int round = 0; round < 10; round++) {
    uint64_t p = (uint64_t)0xd2511f53u * x[0], q = (uint64_t)0xcd9e8d57u * x[2];
    uint32_t next[4] = {(uint32_t)(q >> 32) ^ x[1] ^ k[0], (uint32_t)q, (uint32_t)(p >> 32) ^ x[3] ^ k[1], (uint32_t)p};
    memcpy(x, next, sizeof x);
    k[0] += 0x9e3779b9u, k[1] += 0xbb67ae85u;
  }
  memcpy(out, x, sizeof x);
}

// From kat_vectors of Random123, philox4x32 with 10 rounds.
static const struct {
  uint32_t counter[4], key[2], words[4];
} known[] = {
    {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
    {{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}, {0xffffffff, 0xffffffff},
     {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
    {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0},
     {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
};

static void check_known_answers(void) {
  begin_case("philox", "known answers");
  for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
    uint32_t words[4];
    philox(known[i].counter, known[i].key, words);
    for (int j = 0; j < 4; j++) expect_integer((int64_t)(4 * i) + j, words[j], known[i].words[j]);
  }
  // The first of them through the kernel: element i takes word i.
  begin_case("backprop_random_uniform", "known answers");
  const uint32_t zero[4] = {0};
  float *y = floats(4);
  backprop_random_uniform(4, zero, y);
  for (int j = 0; j < 4; j++) expect_bits(j, y[j], (float)(known[0].words[j] >> 8) * 0x1p-24f);
}

static void check(int64_t count, int is_normal) {
  const uint32_t key[4] = {(uint32_t)pick(0, UINT32_MAX), (uint32_t)pick(0, UINT32_MAX), (uint32_t)pick(0, UINT32_MAX),
                           (uint32_t)pick(0, UINT32_MAX)};
  begin_case(is_normal ? "backprop_random_normal" : "backprop_random_uniform", "%lld elements, key %08x %08x %08x %08x",
             (long long)count, key[0], key[1], key[2], key[3]);
  float *y = floats(count);
  (is_normal ? backprop_random_normal : backprop_random_uniform)(count, key, y);
  for (int64_t i = 0; i < count; i++) {
    const uint32_t counter[4] = {(uint32_t)(i / 4), (uint32_t)(i / 4 >> 32), key[2], key[3]};
    uint32_t words[4];
    philox(counter, key, words);
    if (!is_normal) {
      expect_bits(i, y[i], (float)(words[i % 4] >> 8) * 0x1p-24f);
      continue;
    }
    const uint32_t *w = words + i % 4 / 2 * 2;
    double u = (double)((w[0] >> 8) + 1) * 0x1p-24, angle = 2 * M_PI * (double)(w[1] >> 8) * 0x1p-24;
    double radius = sqrt(-2 * log(u));
    // The angle is rounded, so the error is that of the radius.
    expect(i, y[i], radius * (i % 2 ? sin(angle) : cos(angle)), 8 * ROUNDING * radius);
  }
}

void test_random(void) {
  check_known_answers();
  for (int64_t i = repeated(40); i > 0; i--) {
    check(pick(0, 300), 0);
    check(pick(0, 300), 1);
  }
  check(60000, 0);
  check(30000, 1);
}
