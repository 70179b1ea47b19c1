// Threads: how many, and forks onto them. A fork takes idle workers of the pool.
#include "threading/grain.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

#include "CKernels.h"
#include "threading/workers.h"

#if defined(__linux__)
extern int sched_getaffinity(int, size_t, void *);
#endif

static _Atomic int32_t thread_count = 0;  // 0: not determined yet
static _Thread_local int32_t thread_limit = 0;  // of what this thread runs; 0: the process's

int32_t backprop_processors(void) {
#if defined(__linux__)
  unsigned long mask[128];  // 8192 processors
  int bytes = sched_getaffinity(0, sizeof mask, mask);
  // The C library's wrapper returns 0 and fills what the kernel did not write with zeros.
  if (bytes == 0) {
    int32_t count = 0;
    for (size_t i = 0; i < sizeof mask / sizeof mask[0]; i++) count += __builtin_popcountl(mask[i]);
    if (count > 0) return count;
  }
#endif
  long count = sysconf(_SC_NPROCESSORS_ONLN);
  return count > 0 ? (int32_t)count : 1;
}

void backprop_set_threads(int32_t count) {
  atomic_store_explicit(&thread_count, count < 1 ? 1 : count, memory_order_relaxed);
}

int32_t backprop_limit_threads(int32_t count) {
  int32_t before = thread_limit;
  thread_limit = count;
  return before;
}

int32_t backprop_threads(void) {
  if (thread_limit > 0) return thread_limit;
  int32_t count = atomic_load_explicit(&thread_count, memory_order_relaxed);
  if (count == 0) {
    count = backprop_processors();
    backprop_set_threads(count);
  }
  return count;
}

int64_t backprop_grain(int64_t count, double item_cost) {
  if (count <= 1) return 1;
  double workers = (double)count * item_cost / 4e3;
  int32_t threads = backprop_threads();
  if (workers < 2) return count;
  if (workers > threads) workers = threads;
  int64_t whole = (int64_t)workers;
  return (count + whole - 1) / whole;
}

// MARK: Forks

typedef struct {
  int64_t count, grain, grains, ranges;
  backprop_task task;
  void *context;
} job;

static void run_range(const job *j, int64_t index) {
  int64_t begin = j->grains * index / j->ranges * j->grain;
  int64_t end = j->grains * (index + 1) / j->ranges * j->grain;
  if (end > j->count) end = j->count;
  if (begin < end) j->task(j->context, begin, end);
}

// With fewer threads than ranges a thread does several: results do not depend on how many were idle.
static void run_ranges(void *context, int32_t rank, int32_t size) {
  const job *j = context;
  for (int64_t index = rank; index < j->ranges; index += size) run_range(j, index);
}

void backprop_parallel(int64_t count, int64_t grain, backprop_task task, void *context) {
  if (count <= 0) return;
  if (grain < 1) grain = 1;
  int64_t grains = (count - 1) / grain + 1;
  int64_t ranges = backprop_threads();
  if (ranges > grains) ranges = grains;
  // Outside of a plan the caller's arithmetic is its own, and results must not depend on which thread made them.
  uint64_t before = backprop_enter_kernel_arithmetic();
  job j = {count, grain, grains, ranges, task, context};
  if (ranges <= 1) {
    task(context, 0, count);
  } else {
    fork_to_idle((int32_t)ranges, run_ranges, &j);
  }
  backprop_leave_kernel_arithmetic(before);
}

// MARK: Overlapped work

typedef struct {
  int64_t count;
  _Atomic int64_t next;
  _Atomic int ends;
  backprop_task task;
  void *task_context;
  backprop_work work;
  void *context;
} pair;

static void run_pair(void *context, int32_t rank, int32_t size) {
  pair *p = context;
  (void)size;
  if (rank == 0) {  // the caller
    p->work(p->context);
    atomic_store_explicit(&p->ends, 1, memory_order_relaxed);
    return;
  }
  while (!atomic_load_explicit(&p->ends, memory_order_relaxed)) {
    int64_t piece = atomic_fetch_add_explicit(&p->next, 1, memory_order_relaxed);
    if (piece >= p->count) return;
    p->task(p->task_context, piece, piece + 1);
  }
}

void backprop_overlapped(
    int64_t count, int64_t *done, backprop_task task, void *task_context, backprop_work work, void *context) {
  if (*done >= count) {
    work(context);
    return;
  }
  pair p = {count, *done, 0, task, task_context, work, context};
  fork_to_idle(backprop_threads(), run_pair, &p);  // joined: the pieces that were begun are done
  int64_t next = atomic_load_explicit(&p.next, memory_order_relaxed);
  *done = next < count ? next : count;
}

void backprop_team(int32_t size, backprop_team_task task, void *context) {
  fork_to_all(size, task, context);
}

static void no_task(void *context, int64_t begin, int64_t end) { (void)context, (void)begin, (void)end; }

void backprop_prepare_threads(void) { backprop_parallel(backprop_threads(), 1, no_task, NULL); }

// MARK: Scratch

typedef struct {
  void *memory[SCRATCH_SLOTS];
  int64_t bytes[SCRATCH_SLOTS];
} scratch;

static pthread_key_t scratch_key;

static void free_scratch(void *thread_scratch) {
  scratch *s = thread_scratch;
  for (int slot = 0; slot < SCRATCH_SLOTS; slot++) free(s->memory[slot]);
  free(s);
}

static void make_scratch_key(void) { pthread_key_create(&scratch_key, free_scratch); }

// Through a key, whose destructor frees the buffers of threads that end: Dispatch's come and go.
void *backprop_scratch(int slot, int64_t bytes) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, make_scratch_key);
  scratch *s = pthread_getspecific(scratch_key);
  if (!s) {
    s = calloc(1, sizeof *s);
    if (!s) return NULL;
    pthread_setspecific(scratch_key, s);
  }
  if (s->bytes[slot] < bytes) {
    free(s->memory[slot]);
    int64_t rounded = (bytes + 4095) & ~(int64_t)4095;
    s->memory[slot] = aligned_alloc(64, (size_t)rounded);
    s->bytes[slot] = s->memory[slot] ? rounded : 0;
  }
  return s->memory[slot];
}
