// Processes and the calls that wait.
#define _GNU_SOURCE
#include "internal.h"

#if BACKPROP_MPI

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static _Thread_local char message[MPI_MAX_ERROR_STRING + 1];
static MPI_Comm communicator;
static MPI_Op bfloat16_sum;
static int32_t sharing = 1;

int32_t backprop_mpi_failed(int32_t code) {
  int length = 0;
  if (code != MPI_SUCCESS && MPI_Error_string(code, message, &length) != MPI_SUCCESS) length = 0;
  message[length] = 0;
  return code;
}

int32_t backprop_mpi_available(void) { return 1; }
const char *backprop_mpi_message(void) { return message; }

const char *backprop_mpi_version(void) {
  static char version[MPI_MAX_LIBRARY_VERSION_STRING + 1];
  int length = 0;
  if (!version[0] && MPI_Get_library_version(version, &length) == MPI_SUCCESS) {
    version[strcspn(version, ",\n")] = 0;
  }
  return version;
}

// Sums numbers of 16 bits in float32, rounded to nearest even.
static void add_bfloat16(void *in, void *in_out, int *count, MPI_Datatype *type) {
  (void)type;
  const uint16_t *a = in;
  uint16_t *b = in_out;
  for (int index = 0; index < *count; index++) {
    uint32_t bits[2] = {(uint32_t)a[index] << 16, (uint32_t)b[index] << 16};
    float numbers[2];
    memcpy(numbers, bits, sizeof bits);
    float sum = numbers[0] + numbers[1];
    uint32_t result;
    memcpy(&result, &sum, sizeof sum);
    b[index] = sum == sum ? (result + 0x7fff + (result >> 16 & 1)) >> 16 : 0x7fc0;
  }
}

MPI_Datatype backprop_mpi_datatype(backprop_mpi_type type) {
  switch (type) {
    case BACKPROP_MPI_FLOAT32: return MPI_FLOAT;
    case BACKPROP_MPI_FLOAT64: return MPI_DOUBLE;
    case BACKPROP_MPI_BFLOAT16: return MPI_UINT16_T;
  }
  return MPI_DATATYPE_NULL;
}

MPI_Op backprop_mpi_operation(backprop_mpi_type type) {
  return type == BACKPROP_MPI_BFLOAT16 ? bfloat16_sum : MPI_SUM;
}

void backprop_mpi_pause(int32_t attempt) {
  if (attempt < 200) return;
  if (attempt < 400) {
    sched_yield();
    return;
  }
  struct timespec time = {0, attempt < 2000 ? 20000 : 200000};
  nanosleep(&time, NULL);
}

int32_t backprop_mpi_wait(MPI_Request *request) {
  for (int32_t attempt = 0;; attempt++) {
    int done = 0;
    int32_t code = MPI_Test(request, &done, MPI_STATUS_IGNORE);
    if (code != MPI_SUCCESS || done) return code;
    backprop_mpi_pause(attempt);
  }
}

#ifdef __linux__
static int32_t count_sharing(void) {
  MPI_Comm local;
  int32_t code = MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &local);
  if (code != MPI_SUCCESS) return code;
  enum { MOST = 1024 };
  static cpu_set_t masks[MOST];
  cpu_set_t own;
  int count = 1;
  code = MPI_Comm_size(local, &count);
  if (code == MPI_SUCCESS && count <= MOST && sched_getaffinity(0, sizeof own, &own) == 0) {
    code = MPI_Allgather(&own, sizeof own, MPI_BYTE, masks, sizeof own, MPI_BYTE, local);
    sharing = 0;
    for (int index = 0; index < count; index++) {
      cpu_set_t both;
      CPU_AND(&both, &own, &masks[index]);
      if (CPU_COUNT(&both) > 0) sharing++;
    }
  }
  MPI_Comm_free(&local);
  return code;
}
#else
static int32_t count_sharing(void) { return MPI_SUCCESS; }
#endif

int32_t backprop_mpi_sharing(void) { return sharing < 1 ? 1 : sharing; }

// Sums in place go up and down a tree in Open MPI, whole each time; halving sends each number twice (Rabenseifner, 2004) in as
// few messages. Users' settings count.
static void choose_algorithm(void) { setenv("OMPI_MCA_coll_libnbc_iallreduce_algorithm", "rabenseifner", 0); }

int32_t backprop_mpi_begin(int32_t *rank, int32_t *size) {
  choose_algorithm();
  int provided = 0;
  int32_t code = MPI_Init_thread(NULL, NULL, MPI_THREAD_MULTIPLE, &provided);
  if (code != MPI_SUCCESS) return backprop_mpi_failed(code);
  if (provided < MPI_THREAD_MULTIPLE) {
    snprintf(message, sizeof message, "this MPI cannot be called by several threads (MPI_THREAD_MULTIPLE)");
    return 1;
  }
  MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
  int world_rank = 0, world_size = 1;
  MPI_Comm_rank(MPI_COMM_WORLD, &world_rank);
  MPI_Comm_size(MPI_COMM_WORLD, &world_size);
  (*rank) = world_rank, (*size) = world_size;
  code = MPI_Comm_dup(MPI_COMM_WORLD, &communicator);
  if (code == MPI_SUCCESS) code = MPI_Op_create(add_bfloat16, 1, &bfloat16_sum);
  if (code == MPI_SUCCESS) code = count_sharing();
  if (code == MPI_SUCCESS && world_size > 1) code = backprop_mpi_begin_background();
  // One process alone has nobody to leave together with, but mpirun wants it to leave.
  if (code == MPI_SUCCESS && world_size == 1) atexit(backprop_mpi_end);
  return backprop_mpi_failed(code);
}

void backprop_mpi_end(void) {
  int is_begun = 0, is_ended = 0;
  MPI_Initialized(&is_begun);
  MPI_Finalized(&is_ended);
  if (!is_begun || is_ended) return;
  backprop_mpi_end_background();
  MPI_Finalize();
}

void backprop_mpi_abort(int32_t status) { MPI_Abort(MPI_COMM_WORLD, status); }

// MPI counts in `int`.
enum { MOST = 1 << 30 };

static int64_t part(int64_t left) { return left < MOST ? left : MOST; }

int32_t backprop_mpi_sum(void *data, int64_t count, backprop_mpi_type type) {
  static const int sizes[] = {4, 8, 2};
  char *next = data;
  for (int64_t left = count; left > 0; left -= part(left), next += (int64_t)MOST * sizes[type]) {
    MPI_Request request;
    int32_t code = MPI_Iallreduce(
        MPI_IN_PLACE, next, (int)part(left), backprop_mpi_datatype(type), backprop_mpi_operation(type), communicator,
        &request);
    if (code == MPI_SUCCESS) code = backprop_mpi_wait(&request);
    if (code != MPI_SUCCESS) return backprop_mpi_failed(code);
  }
  return 0;
}

int32_t backprop_mpi_broadcast(void *data, int64_t bytes, int32_t root) {
  char *next = data;
  for (int64_t left = bytes; left > 0; left -= part(left), next += MOST) {
    MPI_Request request;
    int32_t code = MPI_Ibcast(next, (int)part(left), MPI_BYTE, root, communicator, &request);
    if (code == MPI_SUCCESS) code = backprop_mpi_wait(&request);
    if (code != MPI_SUCCESS) return backprop_mpi_failed(code);
  }
  return 0;
}

int32_t backprop_mpi_broadcast_each(
    void *const *data, const int64_t *bytes, const int32_t *roots, int32_t count) {
  int64_t parts = 0;
  for (int32_t index = 0; index < count; index++) parts += (bytes[index] + MOST - 1) / MOST;
  MPI_Request *requests = malloc((size_t)(parts > 0 ? parts : 1) * sizeof(MPI_Request));
  if (!requests) return backprop_mpi_failed(MPI_ERR_NO_MEM);
  int32_t code = MPI_SUCCESS;
  int64_t begun = 0;
  for (int32_t index = 0; index < count; index++) {
    char *next = data[index];
    for (int64_t left = bytes[index]; left > 0 && code == MPI_SUCCESS; left -= part(left), next += MOST) {
      code = MPI_Ibcast(next, (int)part(left), MPI_BYTE, roots[index], communicator, &requests[begun]);
      if (code == MPI_SUCCESS) begun++;
    }
  }
  for (int64_t index = 0; index < begun && code == MPI_SUCCESS; index++) code = backprop_mpi_wait(&requests[index]);
  free(requests);
  return backprop_mpi_failed(code);
}

int32_t backprop_mpi_move(void *data, int64_t bytes, int32_t source, int32_t target) {
  int rank = 0;
  MPI_Comm_rank(communicator, &rank);
  char *next = data;
  for (int64_t left = bytes; left > 0; left -= part(left), next += MOST) {
    MPI_Request request;
    int32_t code = rank == source ? MPI_Isend(next, (int)part(left), MPI_BYTE, target, 0, communicator, &request)
                                  : MPI_Irecv(next, (int)part(left), MPI_BYTE, source, 0, communicator, &request);
    if (code == MPI_SUCCESS) code = backprop_mpi_wait(&request);
    if (code != MPI_SUCCESS) return backprop_mpi_failed(code);
  }
  return 0;
}

int32_t backprop_mpi_gather(const void *own, int64_t bytes, void *all) {
  if (bytes > MOST) {
    snprintf(message, sizeof message, "%lld bytes are too many to gather", (long long)bytes);
    return 1;
  }
  MPI_Request request;
  int32_t code = MPI_Iallgather(own, (int)bytes, MPI_BYTE, all, (int)bytes, MPI_BYTE, communicator, &request);
  if (code == MPI_SUCCESS) code = backprop_mpi_wait(&request);
  return backprop_mpi_failed(code);
}

int32_t backprop_mpi_barrier(void) {
  MPI_Request request;
  int32_t code = MPI_Ibarrier(communicator, &request);
  if (code == MPI_SUCCESS) code = backprop_mpi_wait(&request);
  return backprop_mpi_failed(code);
}

#endif
