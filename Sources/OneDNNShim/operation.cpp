// What does not depend on the kind of operation: versions, threads, execution, and the plain matrix product.
#include "common.h"

#if BACKPROP_ONEDNN

#include <atomic>
#include <cstring>
#include <thread>

#include "openmp.h"

#if defined(__linux__)
#include <sys/mman.h>
#endif

struct backprop_dnn_products {
  std::thread thread;
};

// oneDNN generates machine code at run time, in memory that can be written and executed. Hardened systems do not grant
// it.
static bool grants_executable_memory() {
#if defined(__linux__)
  constexpr size_t bytes = 4096;
  void *memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return false;
  const bool grants = mprotect(memory, bytes, PROT_READ | PROT_WRITE | PROT_EXEC) == 0;
  munmap(memory, bytes);
  return grants;
#else
  return true;
#endif
}

extern "C" {

int32_t backprop_dnn_available(void) {
  static const bool available = grants_executable_memory();
  return available;
}

const char *backprop_dnn_version(void) {
  static const std::string text = [] {
    const dnnl_version_t *version = dnnl_version();
    return std::to_string(version->major) + "." + std::to_string(version->minor) + "." +
           std::to_string(version->patch);
  }();
  return text.c_str();
}

const char *backprop_dnn_message(void) { return backprop::message().c_str(); }

void backprop_dnn_use_pool(backprop_dnn_team *team, int32_t (*threads)(void)) { backprop::use_pool({team, threads}); }

backprop_dnn_products *backprop_dnn_begin_products(void) {
  static std::atomic_flag begun = ATOMIC_FLAG_INIT;
  backprop_dnn_products *products = nullptr;
  if (begun.test_and_set()) return products;
  backprop::guarded([&] {
    products = new backprop_dnn_products{std::thread([] {
      const backprop::library_call call;
      constexpr int side = 8;
      float a[side * side] = {}, b[side * side] = {}, c[side * side];
      dnnl_sgemm('N', 'N', side, side, side, 1, a, side, b, side, 0, c, side);
    })};
  });
  return products;
}

// oneDNN destroys its globals when the process ends, and must not be running then.
void backprop_dnn_end_products(backprop_dnn_products *products) {
  if (!products) return;
  products->thread.join();
  delete products;
}

int32_t backprop_dnn_sgemm(int32_t transpose_a, int32_t transpose_b, int64_t m, int64_t n, int64_t k, const float *a,
                           int64_t lda, const float *b, int64_t ldb, float beta, float *c, int64_t ldc) {
  if (m == 0 || n == 0) return 0;
  if (k == 0) {
    for (int64_t i = 0; i < m; ++i) {
      for (int64_t j = 0; j < n; ++j) c[i * ldc + j] = beta == 0 ? 0 : c[i * ldc + j] * beta;
    }
    return 0;
  }
  const backprop::library_call call;
  dnnl_status_t status =
      dnnl_sgemm(transpose_a ? 'T' : 'N', transpose_b ? 'T' : 'N', m, n, k, 1, a, lda, b, ldb, beta, c, ldc);
  if (status != dnnl_success)
    backprop::message() = status == dnnl_out_of_memory ? "not enough memory for the matrix product's workspace"
                                                       : "the matrix product was refused";
  return status == dnnl_success ? 0 : 1;
}

int64_t backprop_dnn_scratch_bytes(const backprop_dnn_operation *operation) { return operation->scratch_bytes; }

int32_t backprop_dnn_execute(backprop_dnn_operation *operation, void *const *pointers, void *scratch) {
  const backprop::library_call call;
  return backprop::guarded([&] { operation->execute(pointers, scratch); });
}

void backprop_dnn_release(backprop_dnn_operation *operation) { delete operation; }
}

#endif
