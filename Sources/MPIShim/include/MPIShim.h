// A small C interface to MPI: the processes that `mpirun` started, sums over them, and sums that go on in the background.
//
// Functions return 0, or another value when MPI failed (`backprop_mpi_message` then says why, for the calling thread).
// Calls that all processes take part in must come in the same order in all of them; background sums are ordered by their
// numbers instead, and may go on beside the others.
#pragma once
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum { BACKPROP_MPI_FLOAT32, BACKPROP_MPI_FLOAT64, BACKPROP_MPI_BFLOAT16 } backprop_mpi_type;

// 1 when the package was built with MPI, otherwise 0 and there is one process.
int32_t backprop_mpi_available(void);
// Such as "Open MPI v4.1.4"; empty without MPI.
const char *backprop_mpi_version(void);
const char *backprop_mpi_message(void);
// 1 where the environment says that `mpirun` or the like started this process as one of several.
int32_t backprop_mpi_is_launched(void);

// Joins the others. Once in a process, before all that follows.
int32_t backprop_mpi_begin(int32_t *rank, int32_t *size);
// How many processes on this host, with this one, may run on the processors that this one may run on.
int32_t backprop_mpi_sharing(void);
// Leaves, after what goes on has ended; all processes must.
void backprop_mpi_end(void);
// Ends all processes at once, with this exit status.
void backprop_mpi_abort(int32_t status);

// data[count] = the sum of all processes' data.
int32_t backprop_mpi_sum(void *data, int64_t count, backprop_mpi_type type);
// data[bytes] = those of the process `root`.
int32_t backprop_mpi_broadcast(void *data, int64_t bytes, int32_t root);
// data[i][bytes[i]] = those of the process roots[i], for each i of the count. They travel at the same time.
int32_t backprop_mpi_broadcast_each(
    void *const *data, const int64_t *bytes, const int32_t *roots, int32_t count);
// data[bytes] of the process `target` = those of the process `source`. Of these two alone.
int32_t backprop_mpi_move(void *data, int64_t bytes, int32_t source, int32_t target);
// all[size][bytes] = each process' part.
int32_t backprop_mpi_gather(const void *part, int64_t bytes, void *all);
int32_t backprop_mpi_barrier(void);

// Begins data[count] = the sum of all processes' data, which goes on in the background until `finish_sum`. Of the sums
// 0 ..< total, each begins once, in any order, and each is finished before the first of them begins again.
int32_t backprop_mpi_start_sum(void *data, int64_t count, backprop_mpi_type type, int32_t number, int32_t total);
// Waits for a sum, after all have begun.
int32_t backprop_mpi_finish_sum(int32_t number);

// What background sums took since the last call, in seconds: from the first begin to the last end, and the part of it that
// `finish_sum` waited.
void backprop_mpi_take_times(double *whole, double *waited);

#ifdef __cplusplus
}
#endif
