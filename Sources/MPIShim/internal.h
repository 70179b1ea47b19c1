// What the files of this module share, where the package is built with MPI.
#pragma once

#if BACKPROP_MPI

// Debian has it in a folder of its own.
#if __has_include(<mpi/mpi.h>)
#include <mpi/mpi.h>
#else
#include <mpi.h>
#endif
#include <stdint.h>

#include "MPIShim.h"

// Keeps the reason of a failure; returns `code`.
int32_t backprop_mpi_failed(int32_t code);
// Waits for a request without keeping the processor from others for long.
int32_t backprop_mpi_wait(MPI_Request *request);
// Lets others run: longer, the more often it was called for the same wait.
void backprop_mpi_pause(int32_t attempt);

MPI_Datatype backprop_mpi_datatype(backprop_mpi_type type);
MPI_Op backprop_mpi_operation(backprop_mpi_type type);

// The thread of background sums, which uses a communicator of its own.
int32_t backprop_mpi_begin_background(void);
void backprop_mpi_end_background(void);

#endif
