// The shim of a build without oneDNN: every function fails.
#include "OneDNNShim.h"

#if !BACKPROP_ONEDNN

extern "C" {

int32_t backprop_dnn_available(void) { return 0; }
const char *backprop_dnn_version(void) { return ""; }
const char *backprop_dnn_message(void) { return "the package was built without oneDNN"; }
void backprop_dnn_use_pool(backprop_dnn_team *, int32_t (*)(void)) {}

backprop_dnn_products *backprop_dnn_begin_products(void) { return nullptr; }
void backprop_dnn_end_products(backprop_dnn_products *) {}

int32_t backprop_dnn_sgemm(int32_t, int32_t, int64_t, int64_t, int64_t, const float *, int64_t, const float *, int64_t,
                           float, float *, int64_t) {
  return 1;
}

int32_t backprop_dnn_convolution(backprop_dnn_direction, const backprop_dnn_tensor *, const backprop_dnn_tensor *,
                                 const backprop_dnn_tensor *, const backprop_dnn_convolution_geometry *,
                                 backprop_dnn_operation **) {
  return 1;
}

int64_t backprop_dnn_scratch_bytes(const backprop_dnn_operation *) { return 0; }
int32_t backprop_dnn_execute(backprop_dnn_operation *, void *const *, void *) { return 1; }
void backprop_dnn_release(backprop_dnn_operation *) {}
}

#endif
