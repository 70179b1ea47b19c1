// A small C interface to oneDNN that hides the difference between its versions 2.x and 3.x.
//
// An operation is made once, when a plan is compiled, and executed many times. Operands are float32 with explicit
// strides in elements. Where oneDNN is faster in a layout of its own, the operation reorders on the way in and out, in
// the caller's scratch memory. Functions return 0, or another value when oneDNN failed (`backprop_dnn_message` then
// says why, for the calling thread).
#pragma once
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// 1 when the package was built with oneDNN and the system grants the executable memory that it needs, otherwise 0 and
// every other function fails.
int32_t backprop_dnn_available(void);
// Such as "2.6.0"; empty without oneDNN.
const char *backprop_dnn_version(void);
const char *backprop_dnn_message(void);
// Who runs oneDNN's threads from now on: team(size, task, context) runs task(context, rank, size) for each rank at the
// same time, and threads() says how many a call may use. Where the system's oneDNN has other threads than OpenMP's, they
// stay its own.
typedef void backprop_dnn_team(int32_t size, void (*task)(void *context, int32_t rank, int32_t size), void *context);
void backprop_dnn_use_pool(backprop_dnn_team *team, int32_t (*threads)(void));

// Has oneDNN generate its code for matrix products on a separate thread: the first product generates that of all of
// them, which takes as long as several steps of a small network. A product meanwhile waits for it. NULL from the second
// call on, and where no thread can be created; any other result is to be released before the process ends, which waits
// for the thread.
typedef struct backprop_dnn_products backprop_dnn_products;
backprop_dnn_products *backprop_dnn_begin_products(void);
void backprop_dnn_end_products(backprop_dnn_products *products);

// c[m, n] = op(a) · op(b), row-major, leading dimensions in elements; op transposes when the flag is 1.
int32_t backprop_dnn_sgemm(
    int32_t transpose_a, int32_t transpose_b, int64_t m, int64_t n, int64_t k, const float *a, int64_t lda,
    const float *b, int64_t ldb, float beta, float *c, int64_t ldc);

typedef struct backprop_dnn_operation backprop_dnn_operation;

// A four-dimensional operand [n, c, h, w] (for weights [out, in / groups, kh, kw], dense).
typedef struct {
  int64_t shape[4];
  int64_t strides[4];  // elements
} backprop_dnn_tensor;

typedef enum {
  BACKPROP_DNN_FORWARD,           // execute: source, weights, destination
  BACKPROP_DNN_BACKWARD_DATA,     // execute: destination gradient, weights, source gradient
  BACKPROP_DNN_BACKWARD_WEIGHTS,  // execute: source, destination gradient, weights gradient
} backprop_dnn_direction;

typedef struct {
  int64_t stride[2], padding_begin[2], padding_end[2];
  int64_t dilation[2];  // 1 is dense
  int64_t groups;
} backprop_dnn_convolution_geometry;

int32_t backprop_dnn_convolution(
    backprop_dnn_direction direction, const backprop_dnn_tensor *source, const backprop_dnn_tensor *weights,
    const backprop_dnn_tensor *destination, const backprop_dnn_convolution_geometry *geometry,
    backprop_dnn_operation **operation);

// Bytes of scratch memory, aligned to 64, that an execution needs.
int64_t backprop_dnn_scratch_bytes(const backprop_dnn_operation *operation);
// `pointers` in the order documented at the operation's constructor. Several threads may execute the same operation.
int32_t backprop_dnn_execute(backprop_dnn_operation *operation, void *const *pointers, void *scratch);
void backprop_dnn_release(backprop_dnn_operation *operation);

#ifdef __cplusplus
}
#endif
