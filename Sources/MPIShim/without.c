// The shim of a build without MPI: one process.
#include "MPIShim.h"

#if !BACKPROP_MPI

int32_t backprop_mpi_available(void) { return 0; }
const char *backprop_mpi_version(void) { return ""; }
const char *backprop_mpi_message(void) { return "the package was built without MPI"; }
int32_t backprop_mpi_begin(int32_t *rank, int32_t *size) {
  (*rank) = 0, (*size) = 1;
  return 1;
}
int32_t backprop_mpi_sharing(void) { return 1; }
void backprop_mpi_end(void) {}
void backprop_mpi_abort(int32_t status) { (void)status; }
int32_t backprop_mpi_sum(void *data, int64_t count, backprop_mpi_type type) {
  (void)data, (void)count, (void)type;
  return 1;
}
int32_t backprop_mpi_broadcast(void *data, int64_t bytes, int32_t root) {
  (void)data, (void)bytes, (void)root;
  return 1;
}
int32_t backprop_mpi_broadcast_each(
    void *const *data, const int64_t *bytes, const int32_t *roots, int32_t count) {
  (void)data, (void)bytes, (void)roots, (void)count;
  return 1;
}
int32_t backprop_mpi_move(void *data, int64_t bytes, int32_t source, int32_t target) {
  (void)data, (void)bytes, (void)source, (void)target;
  return 1;
}
int32_t backprop_mpi_gather(const void *part, int64_t bytes, void *all) {
  (void)part, (void)bytes, (void)all;
  return 1;
}
int32_t backprop_mpi_barrier(void) { return 1; }
int32_t backprop_mpi_start_sum(void *data, int64_t count, backprop_mpi_type type, int32_t number, int32_t total) {
  (void)data, (void)count, (void)type, (void)number, (void)total;
  return 1;
}
int32_t backprop_mpi_finish_sum(int32_t number) {
  (void)number;
  return 1;
}
void backprop_mpi_take_times(double *whole, double *waited) { *whole = *waited = 0; }

#endif
