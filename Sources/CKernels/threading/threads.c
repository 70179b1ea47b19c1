// Fork and join, through the pool the process already has.
#include "threading/grain.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>

#include "CKernels.h"

#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

#if defined(__linux__)
#include <limits.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>
// Neither library is linked by us: oneDNN loads OpenMP, Swift loads Dispatch, and a process may have neither. A weak
// reference is not enough where the linker resolves it to null for a library that another library loads, hence the
// second lookup by name.
extern void GOMP_parallel(void (*)(void *), void *, unsigned, unsigned) __attribute__((weak));
extern int omp_get_thread_num(void) __attribute__((weak));
extern int omp_get_num_threads(void) __attribute__((weak));
extern void dispatch_apply_f(size_t, void *, void *, void (*)(void *, size_t)) __attribute__((weak));
extern void *dispatch_get_global_queue(intptr_t, uintptr_t) __attribute__((weak));
extern void *dlsym(void *, const char *) __attribute__((weak));
extern int sched_getaffinity(int, size_t, void *);
#else
#include <dispatch/dispatch.h>
#include <unistd.h>
#endif

static _Atomic int32_t thread_count = 0;  // 0: not determined yet
static _Thread_local int is_overlapped = 0;  // the other threads' pieces run while this thread works

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

int32_t backprop_threads(void) {
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

// MARK: The pool

typedef struct {
  int64_t count, grain, grains, ranges;
  backprop_task task;
  void *context;
} job;

// On the caller or on a thread of the pool; both are in the kernels' arithmetic by now.
static void run_range(const job *j, int64_t index) {
  int64_t begin = j->grains * index / j->ranges * j->grain;
  int64_t end = j->grains * (index + 1) / j->ranges * j->grain;
  if (end > j->count) end = j->count;
  if (begin < end) j->task(j->context, begin, end);
}

#if defined(__linux__)
typedef struct {
  void (*parallel)(void (*)(void *), void *, unsigned, unsigned);
  int (*thread)(void);
  int (*threads)(void);
  void (*apply)(size_t, void *, void *, void (*)(void *, size_t));
  void *queue;
} runtime;

static void *by_name(const char *name) { return dlsym ? dlsym(NULL, name) : NULL; }

static runtime find_runtime(void) {
  runtime r = {GOMP_parallel, omp_get_thread_num, omp_get_num_threads, dispatch_apply_f, NULL};
  if (!r.parallel) *(void **)&r.parallel = by_name("GOMP_parallel");
  if (!r.thread) *(void **)&r.thread = by_name("omp_get_thread_num");
  if (!r.threads) *(void **)&r.threads = by_name("omp_get_num_threads");
  if (!r.thread || !r.threads) r.parallel = NULL;
  if (!r.apply) *(void **)&r.apply = by_name("dispatch_apply_f");
  void *(*global_queue)(intptr_t, uintptr_t) = dispatch_get_global_queue;
  if (!global_queue) *(void **)&global_queue = by_name("dispatch_get_global_queue");
  if (r.apply && global_queue) r.queue = global_queue(0x19, 0);  // user-initiated
  if (!r.queue) r.apply = NULL;
  return r;
}

static const runtime *the_runtime(void) {
  static runtime found;
  static _Atomic int state = 0;  // 1 while one thread looks it up, 2 when found
  if (atomic_load_explicit(&state, memory_order_acquire) == 2) return &found;
  int expected = 0;
  if (atomic_compare_exchange_strong(&state, &expected, 1)) {
    found = find_runtime();
    atomic_store_explicit(&state, 2, memory_order_release);
  }
  while (atomic_load_explicit(&state, memory_order_acquire) != 2) {}
  return &found;
}

// OpenMP may grant fewer threads than requested, in a nested region for one; the ranges stay the same.
static void openmp_thread(void *context) {
  const job *j = context;
  const runtime *r = the_runtime();
  int64_t step = r->threads();
  backprop_enter_kernel_arithmetic();
  for (int64_t index = r->thread(); index < j->ranges; index += step) run_range(j, index);
}

// MARK: A persistent parallel region: one region of OpenMP for many jobs. Waiting threads watch a counter, instead of
// going through two barriers.

enum { MANY_TRIES = 2000 };  // 10 to 100 µs

// A counter, and how many threads sleep until it grows.
typedef struct {
  _Atomic uint32_t number;
  _Atomic uint32_t sleepers;
} counter;

typedef struct {
  // In one cache line, which is transferred at once:
  _Alignas(64) counter posted;  // jobs so far
  job job;  // without a task: it is over
  _Alignas(64) counter done;  // how many times a thread other than the caller has finished a job
  int64_t size;
  backprop_work work;
  void *context;
} team;

static _Thread_local team *region = NULL;  // waits for this thread's next job

static void pause_briefly(void) {
#if defined(__x86_64__)
  _mm_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

// Awake at first, then asleep, as OpenMP's threads wait: where others want the processors, yielding without sleeping
// made a token four times as slow.
static void wait_for(counter *c, uint32_t value) {
  for (int tries = 0; tries < MANY_TRIES; tries++) {
    if ((int32_t)(atomic_load_explicit(&c->number, memory_order_acquire) - value) >= 0) return;
    pause_briefly();
  }
  atomic_fetch_add(&c->sleepers, 1);
  for (;;) {
    uint32_t number = atomic_load(&c->number);
    if ((int32_t)(number - value) >= 0) break;
    syscall(SYS_futex, &c->number, FUTEX_WAIT_PRIVATE, number, NULL, NULL, 0);
  }
  atomic_fetch_sub(&c->sleepers, 1);
}

static void count_up(counter *c) {
  atomic_fetch_add(&c->number, 1);
  if (atomic_load(&c->sleepers)) syscall(SYS_futex, &c->number, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0);
}

static void post(team *t, const job *j) {
  t->job = *j;
  count_up(&t->posted);
}

// Nested forks of a job go through OpenMP, as in any region.
static void run_held(const job *j) {
  team *t = region;
  region = NULL;
  post(t, j);
  for (int64_t index = 0; index < j->ranges; index += t->size) run_range(j, index);
  wait_for(&t->done, atomic_load_explicit(&t->posted.number, memory_order_relaxed) * (uint32_t)(t->size - 1));
  region = t;
}

static void team_thread(void *context) {
  team *t = context;
  const runtime *r = the_runtime();
  int64_t size = r->threads(), thread = r->thread();
  if (thread == 0) {  // the caller
    t->size = size;
    region = t;
    t->work(t->context);
    region = NULL;
    post(t, &(job){.task = NULL});
    return;
  }
  backprop_enter_kernel_arithmetic();
  for (uint32_t next = 1;; next++) {
    wait_for(&t->posted, next);
    const job *j = &t->job;
    if (!j->task) return;
    for (int64_t index = thread; index < j->ranges; index += size) run_range(j, index);
    count_up(&t->done);
  }
}
#endif

void backprop_persistent_region(backprop_work work, void *context) {
#if defined(__linux__)
  const runtime *r = the_runtime();
  // With more threads than processors, spinning threads would slow down the others.
  if (r->parallel && backprop_threads() > 1 && backprop_threads() <= backprop_processors() && !is_overlapped && !region) {
    team t = {.work = work, .context = context};
    r->parallel(team_thread, &t, (unsigned)backprop_threads(), 0);
    return;
  }
#endif
  work(context);
}

// Dispatch's threads are the whole process's: each range restores their arithmetic.
static void dispatch_range(void *context, size_t index) {
  uint64_t before = backprop_enter_kernel_arithmetic();
  run_range(context, (int64_t)index);
  backprop_leave_kernel_arithmetic(before);
}

static void fork_job(job *j) {
#if defined(__linux__)
  const runtime *r = the_runtime();
  if (r->parallel) {
    r->parallel(openmp_thread, j, (unsigned)j->ranges, 0);
  } else if (r->apply) {
    r->apply((size_t)j->ranges, r->queue, j, dispatch_range);
  } else {
    for (int64_t index = 0; index < j->ranges; index++) dispatch_range(j, (size_t)index);
  }
#else
  dispatch_apply_f(
      (size_t)j->ranges, dispatch_get_global_queue(QOS_CLASS_USER_INITIATED, 0), j, dispatch_range);
#endif
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
  } else if (is_overlapped) {
    for (int64_t index = 0; index < ranges; index++) run_range(&j, index);
#if defined(__linux__)
  } else if (region) {
    run_held(&j);
#endif
  } else {
    fork_job(&j);
  }
  backprop_leave_kernel_arithmetic(before);
}

// MARK: Overlapped work

#if defined(__linux__)
typedef struct {
  int64_t count;
  _Atomic int64_t next;
  _Atomic int ends;
  backprop_task task;
  void *task_context;
  backprop_work work;
  void *context;
} pair;

static void pair_thread(void *context) {
  pair *p = context;
  if (the_runtime()->thread() == 0) {  // the caller
    is_overlapped = 1;
    p->work(p->context);
    is_overlapped = 0;
    atomic_store_explicit(&p->ends, 1, memory_order_relaxed);
    return;
  }
  backprop_enter_kernel_arithmetic();
  while (!atomic_load_explicit(&p->ends, memory_order_relaxed)) {
    int64_t piece = atomic_fetch_add_explicit(&p->next, 1, memory_order_relaxed);
    if (piece >= p->count) return;
    p->task(p->task_context, piece, piece + 1);
  }
}
#endif

void backprop_overlapped(
    int64_t count, int64_t *done, backprop_task task, void *task_context, backprop_work work, void *context) {
#if defined(__linux__)
  const runtime *r = the_runtime();
  if (r->parallel && backprop_threads() > 1 && *done < count && !is_overlapped) {
    pair p = {count, *done, 0, task, task_context, work, context};
    r->parallel(pair_thread, &p, (unsigned)backprop_threads(), 0);  // joined: the pieces that were begun are done
    int64_t next = atomic_load_explicit(&p.next, memory_order_relaxed);
    *done = next < count ? next : count;
    return;
  }
#else
  (void)count, (void)done, (void)task, (void)task_context;
#endif
  work(context);
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
