// Sums that go on while the caller computes.
//
// Most implementations of MPI move data only while a call of theirs runs, so a thread calls them from time to time; it
// sleeps in between, as it may share a processor with a computing thread. Who waits for a sum moves it on himself.
#include "internal.h"

#if BACKPROP_MPI

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { MOST_SUMS = 4096 };
enum state { EMPTY, BEGUN, POSTED, DONE };

static struct sum {
  void *data;
  int64_t count;
  backprop_mpi_type type;
  enum state state;
  int32_t code;
  MPI_Request request;
} sums[MOST_SUMS];

static MPI_Comm communicator;
static pthread_t thread;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t wake = PTHREAD_COND_INITIALIZER;
// The next number to be posted, how many numbers there are, and how many sums are posted and not done.
static int32_t next, total, posted;
static int32_t is_ending;
// When the first began, and what `backprop_mpi_take_times` gives.
static double began, whole, waited;

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static void end(struct sum *sum, int32_t code) {
  sum->code = code;
  sum->state = DONE;
}

// Posts what is next, and looks at what is posted. The lock is held.
static void advance(void) {
  while (total > 0 && sums[next].state == BEGUN) {
    struct sum *sum = &sums[next];
    int32_t code = MPI_Iallreduce(
        MPI_IN_PLACE, sum->data, (int)sum->count, backprop_mpi_datatype(sum->type), backprop_mpi_operation(sum->type),
        communicator, &sum->request);
    if (code == MPI_SUCCESS) {
      sum->state = POSTED;
      posted++;
    } else {
      end(sum, code);
    }
    next = (next + 1) % total;
  }
  for (int32_t index = 0; index < total && posted > 0; index++) {
    struct sum *sum = &sums[index];
    if (sum->state != POSTED) continue;
    int done = 0;
    int32_t code = MPI_Test(&sum->request, &done, MPI_STATUS_IGNORE);
    if (code == MPI_SUCCESS && !done) continue;
    posted--;
    end(sum, code);
    if (posted == 0) whole += now() - began, began = now();
  }
}

static void *run(void *context) {
  (void)context;
  pthread_mutex_lock(&lock);
  while (!is_ending) {
    advance();
    if (posted == 0) {
      pthread_cond_wait(&wake, &lock);
      continue;
    }
    pthread_mutex_unlock(&lock);
    struct timespec time = {0, 100000};
    nanosleep(&time, NULL);
    pthread_mutex_lock(&lock);
  }
  pthread_mutex_unlock(&lock);
  return NULL;
}

int32_t backprop_mpi_begin_background(void) {
  int32_t code = MPI_Comm_dup(MPI_COMM_WORLD, &communicator);
  if (code != MPI_SUCCESS) return code;
  // Signals are for the threads of the program.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, &before);
  int status = pthread_create(&thread, NULL, run, NULL);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  return status == 0 ? MPI_SUCCESS : MPI_ERR_NO_MEM;
}

void backprop_mpi_end_background(void) {
  if (!thread) return;
  pthread_mutex_lock(&lock);
  is_ending = 1;
  pthread_cond_signal(&wake);
  pthread_mutex_unlock(&lock);
  pthread_join(thread, NULL);
}

int32_t backprop_mpi_start_sum(void *data, int64_t count, backprop_mpi_type type, int32_t number, int32_t of) {
  if (number < 0 || of > MOST_SUMS || number >= of || count > INT32_MAX) return backprop_mpi_failed(MPI_ERR_COUNT);
  pthread_mutex_lock(&lock);
  int32_t code = MPI_SUCCESS;
  if (of != total && next == 0 && posted == 0) total = of;
  struct sum *sum = &sums[number];
  if (of != total || sum->state != EMPTY) {
    code = MPI_ERR_REQUEST;
  } else {
    (*sum) = (struct sum){.data = data, .count = count, .type = type, .state = BEGUN};
    if (posted == 0) began = now();
    advance();
    pthread_cond_signal(&wake);
  }
  pthread_mutex_unlock(&lock);
  return backprop_mpi_failed(code);
}

int32_t backprop_mpi_finish_sum(int32_t number) {
  if (number < 0 || number >= MOST_SUMS) return backprop_mpi_failed(MPI_ERR_COUNT);
  double start = now();
  pthread_mutex_lock(&lock);
  struct sum *sum = &sums[number];
  for (int32_t attempt = 0; sum->state != DONE && sum->state != EMPTY; attempt++) {
    advance();
    if (sum->state == DONE) break;
    pthread_mutex_unlock(&lock);
    backprop_mpi_pause(attempt);
    pthread_mutex_lock(&lock);
  }
  int32_t code = sum->state == DONE ? sum->code : MPI_ERR_REQUEST;
  sum->state = EMPTY;
  waited += now() - start;
  pthread_mutex_unlock(&lock);
  return backprop_mpi_failed(code);
}

void backprop_mpi_take_times(double *of_all, double *of_waiting) {
  pthread_mutex_lock(&lock);
  (*of_all) = whole, (*of_waiting) = waited;
  whole = waited = 0;
  pthread_mutex_unlock(&lock);
}

#endif
