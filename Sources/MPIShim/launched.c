#include <stdlib.h>

#include "MPIShim.h"

// Asked before MPI is begun, which takes a while and, without `mpirun`, may fail; also where the package was built
// without MPI, so that N processes do not each train alone in silence.
int32_t backprop_mpi_is_launched(void) {
  // Open MPI, MPICH and Intel MPI, and Slurm's `srun --mpi=pmix`.
  static const char *const names[] = {"OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "PMIX_RANK"};
  for (unsigned index = 0; index < sizeof names / sizeof *names; index++) {
    if (getenv(names[index])) return 1;
  }
  return 0;
}
