// A pool of threads that wait for work: awake at first, then asleep.
//
// A fork claims idle workers one by one, so several threads may fork at the same time and share them. Claims of exact
// numbers wait, in the order of the workers; others never do. So nobody waits for one who waits for them.
//
// Where another program has the processor of a worker, it may begin milliseconds later. So who has forked takes back
// what no worker has begun when its own part is done. That part has passed every barrier then: where there is one, all
// have begun.
#include "threading/workers.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>

#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

enum {
  MOST_WORKERS = 1023,
  // 10 to 100 µs, longer than the gaps between the forks of a step. Where another program has the processors, who waits
  // longer takes them from the thread that it waits for.
  MANY_TRIES = 2000,
};

// A number that only grows, and those who sleep until it does.
typedef struct {
  _Atomic uint32_t number;
  _Atomic uint32_t sleepers;
  pthread_mutex_t mutex;
  pthread_cond_t condition;
} counter;

typedef struct {
  // What a fork writes and the worker reads, in one cache line, which is transferred at once.
  _Alignas(64) _Atomic int32_t claimed;
  int32_t rank, size, limit;
  backprop_team_task task;
  void *context;
  counter posted;
  _Alignas(64) _Atomic uint32_t begun;  // tasks, by the worker or by who posted them
  counter done;                         // of them
  _Alignas(64) counter released;  // claims that ended
} worker;

static _Atomic(worker *) workers[MOST_WORKERS];
static pthread_mutex_t growth = PTHREAD_MUTEX_INITIALIZER;

static void pause_briefly(void) {
#if defined(__x86_64__)
  _mm_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

static int has_reached(counter *c, uint32_t value) {
  return (int32_t)(atomic_load_explicit(&c->number, memory_order_acquire) - value) >= 0;
}

static void wait_for(counter *c, uint32_t value) {
  for (int tries = 0; tries < MANY_TRIES; tries++) {
    if (has_reached(c, value)) return;
    pause_briefly();
  }
  atomic_fetch_add(&c->sleepers, 1);
  pthread_mutex_lock(&c->mutex);
  while ((int32_t)(atomic_load(&c->number) - value) < 0) pthread_cond_wait(&c->condition, &c->mutex);
  pthread_mutex_unlock(&c->mutex);
  atomic_fetch_sub(&c->sleepers, 1);
}

static void count_up(counter *c) {
  atomic_fetch_add(&c->number, 1);
  if (atomic_load(&c->sleepers)) {
    pthread_mutex_lock(&c->mutex);
    pthread_cond_broadcast(&c->condition);
    pthread_mutex_unlock(&c->mutex);
  }
}

// Whether this thread is the one to do the task of this number.
static int begin(worker *w, uint32_t number) {
  uint32_t before = number - 1;
  return atomic_load_explicit(&w->begun, memory_order_relaxed) == before &&
         atomic_compare_exchange_strong(&w->begun, &before, number);
}

// Of those that may come at any time: handlers run on other threads, where no kernel is. oneDNN's products use the stack
// pointer as an address of theirs, so a handler here would write over other memory.
static void block_signals(void) {
  static const int faults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS};
  sigset_t set;
  sigfillset(&set);
  for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) sigdelset(&set, faults[i]);
  pthread_sigmask(SIG_BLOCK, &set, NULL);
}

static void *work(void *context) {
  worker *w = context;
  backprop_enter_kernel_arithmetic();
  block_signals();
  for (uint32_t next = 1;; next++) {
    wait_for(&w->posted, next);
    if (!begin(w, next)) continue;
    backprop_limit_threads(w->limit);
    w->task(w->context, w->rank, w->size);
    count_up(&w->done);
  }
  return NULL;
}

static void initialize(counter *c) {
  pthread_mutex_init(&c->mutex, NULL);
  pthread_cond_init(&c->condition, NULL);
}

// NULL where the system gives no thread. Workers live as long as the process.
static worker *make_worker(int32_t index) {
  pthread_mutex_lock(&growth);
  worker *w = atomic_load(&workers[index]);
  if (!w && (w = aligned_alloc(64, sizeof *w))) {
    *w = (worker){0};
    initialize(&w->posted), initialize(&w->done), initialize(&w->released);
    pthread_attr_t attributes;
    pthread_t thread;
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attributes, 8 << 20);
    if (pthread_create(&thread, &attributes, work, w) == 0) {
      atomic_store(&workers[index], w);
    } else {
      free(w);
      w = NULL;
    }
    pthread_attr_destroy(&attributes);
  }
  pthread_mutex_unlock(&growth);
  return w;
}

static worker *worker_at(int32_t index) {
  worker *w = atomic_load_explicit(&workers[index], memory_order_acquire);
  return w ? w : make_worker(index);
}

// Asked once: how many forks there may be at the same time hardly changes, and asking takes as long as a fork.
static int32_t processors(void) {
  static _Atomic int32_t known = 0;
  int32_t count = atomic_load_explicit(&known, memory_order_relaxed);
  if (count == 0) atomic_store(&known, count = backprop_processors());
  return count;
}

static int claim(worker *w) {
  return !atomic_load_explicit(&w->claimed, memory_order_relaxed) && !atomic_exchange(&w->claimed, 1);
}

static void claim_patiently(worker *w) {
  for (;;) {
    uint32_t seen = atomic_load(&w->released.number);
    if (claim(w)) return;
    wait_for(&w->released, seen + 1);
  }
}

static void run_team(worker **team, int32_t others, backprop_team_task task, void *context) {
  int32_t limit = backprop_threads();
  for (int32_t i = 0; i < others; i++) {
    worker *w = team[i];
    w->task = task, w->context = context;
    w->rank = i + 1, w->size = others + 1, w->limit = limit;
    count_up(&w->posted);
  }
  task(context, 0, others + 1);
  for (int32_t i = 0; i < others; i++) {
    worker *w = team[i];
    if (!begin(w, atomic_load_explicit(&w->posted.number, memory_order_relaxed))) continue;
    task(context, i + 1, others + 1);
    count_up(&w->done);
  }
  for (int32_t i = 0; i < others; i++) {
    worker *w = team[i];
    wait_for(&w->done, atomic_load_explicit(&w->posted.number, memory_order_relaxed));
    atomic_store_explicit(&w->claimed, 0, memory_order_release);
    count_up(&w->released);
  }
}

void fork_to_idle(int32_t most, backprop_team_task task, void *context) {
  worker *team[MOST_WORKERS];
  int32_t others = 0, limit = processors();
  if (limit < most) limit = most;
  if (limit > MOST_WORKERS + 1) limit = MOST_WORKERS + 1;
  for (int32_t i = 0; i < limit - 1 && others < most - 1; i++) {
    worker *w = worker_at(i);
    if (!w) break;
    if (claim(w)) team[others++] = w;
  }
  run_team(team, others, task, context);
}

void fork_to_all(int32_t size, backprop_team_task task, void *context) {
  worker *team[MOST_WORKERS];
  int32_t others = 0;
  if (size > MOST_WORKERS + 1) size = MOST_WORKERS + 1;
  while (others < size - 1 && (team[others] = worker_at(others))) claim_patiently(team[others++]);
  run_team(team, others, task, context);
}
