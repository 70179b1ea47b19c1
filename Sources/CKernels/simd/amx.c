// Whether there is AMX.
#include "simd/amx.h"

#include "CKernels.h"

#if BACKPROP_AMX
#include <cpuid.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

// The system saves tiles only for processes that have requested them.
static int request_amx(void) {
  enum { REQUEST_STATE = 0x1023, TILE_DATA = 18 };
  const char *wish = getenv("BACKPROP_AMX");
  if (wish && strcmp(wish, "0") == 0) return 0;
  const int is_emulated = wish && strcmp(wish, "emulated") == 0;  // by tools/amx, for tests
  unsigned a, b, c, d;
  if (!is_emulated && (!__get_cpuid_count(7, 0, &a, &b, &c, &d) || !(d >> 22 & 1) || !(d >> 24 & 1))) return 0;
  if (!__builtin_cpu_supports("avx512f") || !__builtin_cpu_supports("avx512vl") || !__builtin_cpu_supports("avx512dq") ||
      !__builtin_cpu_supports("avx512bw"))
    return 0;
  return is_emulated || syscall(SYS_arch_prctl, REQUEST_STATE, TILE_DATA) == 0;
}

int backprop_has_amx(void) {
  static _Atomic int state = 0;  // 1: none, 2: available
  int known = atomic_load_explicit(&state, memory_order_relaxed);
  if (known == 0) {
    known = 1 + request_amx();
    atomic_store_explicit(&state, known, memory_order_relaxed);
  }
  return known == 2;
}

#else

int backprop_has_amx(void) { return 0; }
#endif
