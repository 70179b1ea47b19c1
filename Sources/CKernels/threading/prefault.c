// Prefaults pages of memory that is about to be used.
#include <stdatomic.h>
#include <stdint.h>

#include "CKernels.h"

enum {
  PIECE = 2 << 20,  // a huge page
  PAGE = 4096,      // the least that systems have
};

typedef struct {
  char *memory;
  int64_t bytes;
  _Atomic int64_t begin;
} stretch;

// Whichever thread is free takes the next piece: how long one takes depends on whether the host of a virtual machine
// has to provide it. On a NUMA machine, the pages of a network are then spread over the nodes.
static void touch(void *context, int64_t first, int64_t last) {
  stretch *s = context;
  (void)first, (void)last;
  for (;;) {
    int64_t begin = atomic_fetch_add_explicit(&s->begin, PIECE, memory_order_relaxed), end = begin + PIECE;
    if (begin >= s->bytes) return;
    if (end > s->bytes) end = s->bytes;
    for (int64_t at = begin < 0 ? 0 : begin; at < end; at += PAGE) *(volatile char *)(s->memory + at) = 0;
    *(volatile char *)(s->memory + end - 1) = 0;
  }
}

// Not by MADV_POPULATE_WRITE, which locks the process's address space: a thread that generates code meanwhile would
// wait, and the other threads here behind it.
void backprop_prefault(void *memory, int64_t bytes) {
  if (bytes <= 0) return;
  stretch s = {.memory = memory, .bytes = bytes};
  atomic_init(&s.begin, -(int64_t)((uintptr_t)memory % PIECE));  // pieces begin at page boundaries
  backprop_parallel(backprop_threads(), 1, touch, &s);
}
