// The floating-point environment of kernels, which a thread has while it computes for one.
#include "CKernels.h"

#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

// What kernels compute in: to nearest, without traps, denormal numbers as zero.
#if defined(__x86_64__)
enum { KERNEL_ARITHMETIC = 0x1f80 | 0x8040 };  // all exceptions masked; flush to zero, denormals are zero
#else
enum { KERNEL_ARITHMETIC = 1 << 24 };  // flush to zero
#endif

static uint64_t arithmetic(void) {
#if defined(__x86_64__)
  return _mm_getcsr();
#elif defined(__aarch64__)
  uint64_t control;
  __asm__ volatile("mrs %0, fpcr" : "=r"(control));
  return control;
#else
  return KERNEL_ARITHMETIC;
#endif
}

static void set_arithmetic(uint64_t control) {
#if defined(__x86_64__)
  _mm_setcsr((unsigned)control);
#elif defined(__aarch64__)
  __asm__ volatile("msr fpcr, %0" : : "r"(control));
#else
  (void)control;
#endif
}

// Without the exception flags, which computing sets all the time.
static int is_kernel_arithmetic(uint64_t control) {
#if defined(__x86_64__)
  control &= ~(uint64_t)0x3f;
#endif
  return control == KERNEL_ARITHMETIC;
}

uint64_t backprop_enter_kernel_arithmetic(void) {
  uint64_t before = arithmetic();
  if (!is_kernel_arithmetic(before)) set_arithmetic(KERNEL_ARITHMETIC);
  return before;
}

void backprop_leave_kernel_arithmetic(uint64_t before) {
  if (!is_kernel_arithmetic(before)) set_arithmetic(before);
}
