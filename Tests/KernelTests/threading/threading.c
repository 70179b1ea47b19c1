// Forks and joins, overlapped work, teams, the kernels' arithmetic, and prefaulting.
#include "check.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_ITEMS = 4000, MOST_RANGES = 64 };

static volatile float least_normal = FLT_MIN;

typedef struct {
  _Atomic int times[MOST_ITEMS];       // how often an item was done
  int64_t begins[MOST_RANGES], ends[MOST_RANGES];
  pthread_t threads[MOST_RANGES];
  _Atomic int64_t ranges, denormals;   // denormals: ranges in which they were not zero
} record;

static void note_range(void *context, int64_t begin, int64_t end) {
  record *r = context;
  int64_t range = atomic_fetch_add(&r->ranges, 1);
  if (range < MOST_RANGES) r->begins[range] = begin, r->ends[range] = end, r->threads[range] = pthread_self();
  for (int64_t i = begin; i < end; i++) atomic_fetch_add(&r->times[i], 1);
  if (least_normal / 2 != 0) atomic_fetch_add(&r->denormals, 1);
}

static void expect_each_item_once(record *r, int64_t first, int64_t count) {
  for (int64_t i = 0; i < MOST_ITEMS; i++) expect_integer(i, r->times[i], i >= first && i < count);
  expect_integer(-1, r->denormals, 0);
}

static void check_parallel(int64_t count, int64_t grain) {
  begin_case("backprop_parallel", "%lld items, grain %lld", (long long)count, (long long)grain);
  record r = {0};
  backprop_parallel(count, grain, note_range, &r);
  expect_each_item_once(&r, 0, count);
  int64_t grains = count > 0 ? (count - 1) / grain + 1 : 0, threads = backprop_threads();
  if (count > 0) expect_integer(-2, r.ranges, grains < threads ? grains : threads);
  for (int64_t i = 0; i < r.ranges && i < MOST_RANGES; i++) {
    expect_integer(i, r.begins[i] % grain, 0);
    if (r.ends[i] != count) expect_integer(i, r.ends[i] % grain, 0);
  }
  if (r.ranges == 1) expect_integer(-3, pthread_equal(r.threads[0], pthread_self()) != 0, 1);
}

// The first range lasts until another one has begun: otherwise its thread might do them all.
static void note_range_with_others(void *context, int64_t begin, int64_t end) {
  record *r = context;
  note_range(context, begin, end);
  for (int i = 0; begin == 0 && i < 10000000 && atomic_load(&r->ranges) < 2; i++) sched_yield();
}

static void check_pool(void) {
  begin_case("backprop_parallel", "other threads");
  record r = {0};
  backprop_parallel(MOST_ITEMS, 1, backprop_threads() > 1 ? note_range_with_others : note_range, &r);
  int64_t others = 0;
  for (int64_t i = 0; i < r.ranges && i < MOST_RANGES; i++) others += !pthread_equal(r.threads[i], pthread_self());
  if (backprop_threads() > 1) expect_integer(0, others > 0, 1);
}

typedef struct {
  record records[20];
  pthread_t caller;
  int64_t wrong_thread;
} region;

static void fork_many(void *context) {
  region *r = context;
  if (!pthread_equal(pthread_self(), r->caller)) r->wrong_thread++;
  for (int i = 0; i < 20; i++) backprop_parallel(MOST_ITEMS - i, 1 + 7 * i, note_range, &r->records[i]);
}

typedef struct {
  _Atomic int ranks[MOST_RANGES];
  _Atomic int arrived;
  _Atomic int denormals;
} meeting;

// Each waits for all others.
static void meet(void *context, int32_t rank, int32_t size) {
  meeting *m = context;
  if (rank < MOST_RANGES) atomic_fetch_add(&m->ranks[rank], 1);
  if (least_normal / 2 != 0 && rank > 0) atomic_fetch_add(&m->denormals, 1);
  atomic_fetch_add(&m->arrived, 1);
  while (atomic_load(&m->arrived) < size) {}
}

static void check_team(int32_t size) {
  begin_case("backprop_team", "%d threads", size);
  meeting m = {0};
  backprop_team(size, meet, &m);
  for (int i = 0; i < MOST_RANGES; i++) expect_integer(i, m.ranks[i], i < size);
  expect_integer(-1, m.denormals, 0);
}

// Several threads fork at the same time, some for teams.
static void *fork_in_turns(void *context) {
  int64_t *wrong = context;
  for (int i = 0; i < 200; i++) {
    record r = {0};
    backprop_parallel(100 + i, 1 + i % 7, note_range, &r);
    for (int64_t item = 0; item < MOST_ITEMS; item++) *wrong += r.times[item] != (item < 100 + i);
    meeting m = {0};
    backprop_team(1 + i % 3, meet, &m);
    for (int rank = 0; rank < MOST_RANGES; rank++) *wrong += m.ranks[rank] != (rank < 1 + i % 3);
  }
  return NULL;
}

static void check_many_callers(void) {
  enum { CALLERS = 4 };
  begin_case("backprop_parallel", "%d threads fork at the same time", CALLERS);
  pthread_t threads[CALLERS];
  int64_t wrong[CALLERS] = {0};
  for (int i = 0; i < CALLERS; i++) pthread_create(&threads[i], NULL, fork_in_turns, &wrong[i]);
  for (int i = 0; i < CALLERS; i++) {
    pthread_join(threads[i], NULL);
    expect_integer(i, wrong[i], 0);
  }
}

static void check_limit(void) {
  begin_case("backprop_limit_threads", "1, then none");
  int32_t threads = backprop_threads();
  expect_integer(0, backprop_limit_threads(1), 0);
  expect_integer(1, backprop_threads(), 1);
  expect_integer(2, backprop_limit_threads(0), 1);
  expect_integer(3, backprop_threads(), threads);
}

static void check_overlapped(int64_t first, int64_t count) {
  begin_case("backprop_overlapped", "pieces %lld to %lld", (long long)first, (long long)count);
  region *r = calloc(1, sizeof *r);
  record *pieces = calloc(1, sizeof *pieces);
  int64_t done = first;
  r->caller = pthread_self();
  backprop_overlapped(count, &done, note_range, pieces, fork_many, r);
  expect_integer(0, done >= first && done <= count, 1);
  expect_each_item_once(pieces, first, done);
  for (int i = 0; i < 20; i++) expect_each_item_once(&r->records[i], 0, MOST_ITEMS - i);
  expect_integer(1, r->wrong_thread, 0);
  free(pieces), free(r);
}

static void check_arithmetic(void) {
  begin_case("backprop_enter_kernel_arithmetic", "denormal numbers");
  volatile float half = 0.5f;
  expect_integer(0, least_normal * half != 0, 1);
  uint64_t outer = backprop_enter_kernel_arithmetic();
  expect_integer(1, least_normal * half == 0, 1);
  volatile float denormal = 1e-40f;
  expect_integer(2, denormal * 1e10f == 0, 1);
  uint64_t inner = backprop_enter_kernel_arithmetic();
  backprop_leave_kernel_arithmetic(inner);
  expect_integer(3, least_normal * half == 0, 1);
  backprop_leave_kernel_arithmetic(outer);
  expect_integer(4, least_normal * half != 0, 1);
  expect_integer(5, denormal * 1e10f != 0, 1);
}

// The same call gives the same bits with and without overlapped work.
typedef struct {
  const float *a, *b;
  float *c;
} product;

static void multiply(void *context) {
  const product *p = context;
  backprop_matmul(150, 150, 120, p->a, 120, 1, p->b, 150, 1, p->c);
}

static void check_same_bits(void) {
  begin_case("backprop_matmul", "alone and overlapped");
  product p = {random_floats(150 * 120, -1, 1), random_floats(120 * 150, -1, 1), NULL};
  float *results[2];
  int64_t done = 0;
  record pieces = {0};
  for (int i = 0; i < 2; i++) {
    p.c = results[i] = floats(150 * 150);
    if (i == 0) multiply(&p);
    if (i == 1) backprop_overlapped(100, &done, note_range, &pieces, multiply, &p);
  }
  for (int64_t i = 0; i < 150 * 150; i++)
    expect_bits(i, results[1][i], results[0][i]);
}

static void check_prefault(int64_t size) {
  begin_case("backprop_prefault", "%lld bytes", (long long)size);
  uint8_t *memory = bytes(size);
  backprop_prefault(memory, size);  // may write zeros; nothing outside
  backprop_prefault(memory, 0);
}

void test_threading(void) {
  begin_case("backprop_threads", "and processors");
  int32_t threads = backprop_threads();
  expect_integer(0, threads >= 1, 1);
  expect_integer(1, backprop_processors() >= 1, 1);
  backprop_set_threads(0);
  expect_integer(2, backprop_threads(), 1);
  backprop_set_threads(threads);
  expect_integer(3, backprop_threads(), threads);

  check_arithmetic();
  check_pool();
  for (int64_t i = repeated(40); i > 0; i--) check_parallel(pick(0, MOST_ITEMS), pick(1, one_in(2) ? 9 : 2000));
  for (int32_t size = 1; size < 6; size++) check_team(size);
  for (int64_t i = repeated(3); i > 0; i--) check_many_callers();
  check_limit();
  for (int64_t i = repeated(3); i > 0; i--) check_overlapped(pick(0, 20), pick(20, MOST_ITEMS));
  check_overlapped(5, 5);
  check_overlapped(0, 3);  // done before the work is
  check_same_bits();
  check_prefault(1), check_prefault(4096), check_prefault(5 << 20);
}
