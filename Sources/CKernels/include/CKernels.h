// The library's own kernels, in C so that one source serves every instruction set.
//
// All arrays hold 4-byte elements (float or int32_t). Unless a comment says otherwise they are dense,
// in row-major order, and outputs do not overlap inputs. Work is split over threads by shape and thread count alone,
// so that the same call gives the same bits.
#pragma once
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// MARK: Threads

// How many threads kernels may use; at least 1.
void backprop_set_threads(int32_t count);
int32_t backprop_threads(void);
int32_t backprop_processors(void);  // that this process may use

typedef void (*backprop_task)(void *context, int64_t begin, int64_t end);

// Splits 0..<count into one contiguous range a thread (multiples of `grain`, at least one grain each) and runs
// task(context, begin, end) on each. One range, on the caller, when count <= grain.
// Goes through OpenMP's runtime when the process has it (so that oneDNN and these kernels share one pool), otherwise Dispatch.
void backprop_parallel(int64_t count, int64_t grain, backprop_task task, void *context);

// Runs work(context) on the caller while the pool's other threads do the pieces *done, *done + 1, ... below `count` of
// another task, one after the other; after `work` nobody begins one. *done then says how many are done. What `work` forks
// runs on the caller alone, cut as ever, so its results do not change. Without OpenMP only `work` is done.
typedef void (*backprop_work)(void *context);
void backprop_beside(
    int64_t count, int64_t *done, backprop_task task, void *task_context, backprop_work work, void *context);

// Runs work(context) on the caller while the pool's other threads wait, awake, for what it forks: a fork then costs less
// than half. What else the process runs on all threads (oneDNN) would find them taken, and is not for `work`.
void backprop_hold(backprop_work work, void *context);

// Gives the calling thread the kernels' arithmetic (to nearest, no traps, denormal numbers are zero), and back the one it had.
// The other threads of OpenMP's pool keep it, as they compute for oneDNN too.
uint64_t backprop_enter_kernel_arithmetic(void);
void backprop_leave_kernel_arithmetic(uint64_t before);
void backprop_prepare_threads(void);  // starts the pool's threads, with the kernels' arithmetic for oneDNN

// Asks the system for the pages of memory without contents, on all threads at once. Only worth it where all of it will be used.
void backprop_populate(void *memory, int64_t bytes);

// MARK: Elementwise programs

enum { BACKPROP_MAX_RANK = 8, BACKPROP_MAX_REGISTERS = 64 };

// What an instruction does with 4-byte lanes. `F` floats, `I` int32. Comparisons give the float 1 or 0.
typedef enum {
  // float -> float
  BACKPROP_COPY,  // also int32 -> int32: moves the bits
  BACKPROP_NEGATE_F, BACKPROP_ABS_F,
  BACKPROP_SIGN_F,  // -1, 0, 1; 0, which denormal numbers are, keeps its sign, NaN stays NaN
  BACKPROP_EXP_F, BACKPROP_LOG_F, BACKPROP_SQRT_F,
  BACKPROP_RSQRT_F,  // 1 / sqrt(a), exact to rounding, not the approximate instruction
  BACKPROP_RECIPROCAL_F, BACKPROP_SQUARE_F, BACKPROP_TANH_F, BACKPROP_SIGMOID_F, BACKPROP_RELU_F,
  BACKPROP_SIN_F, BACKPROP_COS_F, BACKPROP_ERF_F, BACKPROP_GELU_F,
  BACKPROP_GELU_SLOPE_F,  // tanh's approximation of GELU and its derivative
  BACKPROP_FLOOR_F,
  // float, float -> float
  BACKPROP_ADD_F, BACKPROP_SUBTRACT_F, BACKPROP_MULTIPLY_F, BACKPROP_DIVIDE_F, BACKPROP_POWER_F,
  BACKPROP_MAXIMUM_F, BACKPROP_MINIMUM_F,  // NaN if either is NaN
  BACKPROP_LESS_F, BACKPROP_LESS_EQUAL_F, BACKPROP_EQUAL_F,
  // int32, int32 -> int32 (wrapping); comparisons int32, int32 -> float
  BACKPROP_NEGATE_I, BACKPROP_ADD_I, BACKPROP_SUBTRACT_I, BACKPROP_MULTIPLY_I, BACKPROP_MAXIMUM_I, BACKPROP_MINIMUM_I,
  BACKPROP_LESS_I, BACKPROP_LESS_EQUAL_I, BACKPROP_EQUAL_I,
  // a != 0 ? b : c, bits moved; a is float
  BACKPROP_SELECT,
  BACKPROP_INT_TO_FLOAT,
  BACKPROP_FLOAT_TO_INT,  // toward zero, saturating, NaN -> 0
} backprop_opcode;

typedef struct {
  uint8_t opcode;       // backprop_opcode
  uint8_t destination;  // a register
  uint8_t a, b, c;      // registers
} backprop_instruction;

// Where an operand lies: pointers[buffer] + offset elements, then strides[d] elements per step of iteration dimension d
// (0 where it is broadcast; may be in any order).
typedef struct {
  int32_t buffer;
  int64_t offset;
  int64_t strides[BACKPROP_MAX_RANK];
} backprop_operand;

// One pass over an iteration space: load each input, run the instructions on blocks that stay in L1, store the outputs.
// Registers 0..<input_count are the inputs, and are never a destination. Several outputs may be written.
// A product that only the next instruction reads, as a term of a sum or difference, may be fused with it (one rounding).
// An output may be the very same memory as an input with the very same strides (in place), and overlaps nothing else.
typedef struct {
  int32_t rank;                      // 0...BACKPROP_MAX_RANK; the last dimension varies fastest
  int64_t shape[BACKPROP_MAX_RANK];  // iteration space; any may be 0
  int32_t input_count;
  int32_t output_count;  // at most BACKPROP_MAX_REGISTERS - 1
  int32_t instruction_count;
  int32_t register_count;  // inputs included, at most BACKPROP_MAX_REGISTERS
  const backprop_operand *inputs;
  const backprop_operand *outputs;
  const uint8_t *output_registers;  // which register each output stores
  uint64_t shared_outputs;  // bit o: other threads read what lies there now, so taking its cache lines from them is slow
  const backprop_instruction *instructions;
} backprop_program;

// A program laid out, once, to be run again and again; the program must stay as it is. NULL where memory is exhausted.
// One run of a pass at a time.
typedef struct backprop_pass backprop_pass;
backprop_pass *backprop_make_pass(const backprop_program *program);
void backprop_run_pass(backprop_pass *pass, void *const *pointers);
void backprop_free_pass(backprop_pass *pass);

// Machine code for those of the passes that it can be made for; the others, and all of them where this gives NULL (on
// another processor, or where memory may not be made executable), are interpreted, which gives the same bits.
// To be freed after the last run of the passes.
typedef struct backprop_code backprop_code;
backprop_code *backprop_assemble(backprop_pass *const *passes, int32_t count);
void backprop_free_code(backprop_code *code);

// Whether there is machine code for a pass.
int backprop_is_assembled(const backprop_pass *pass);

// MARK: Reductions. x[outer, count, inner] -> y[outer, inner]

// The mean and the Euclidean norm are right even where sums or squares are none of a float.
typedef enum { BACKPROP_SUM, BACKPROP_MAXIMUM, BACKPROP_MINIMUM, BACKPROP_MEAN, BACKPROP_NORM } backprop_reduction;

// count 0 gives 0, -inf, +inf, NaN, 0.  Sums keep partial sums apart, so that their error does not grow with count.
// x has `row` elements from one of `count` to the next: inner, or more where inner is at least 64.
void backprop_reduce(
    backprop_reduction kind, int64_t outer, int64_t count, int64_t inner, int64_t row, const float *x, float *y);

// The index of the first greatest (NaN counts as greatest).
void backprop_argmax(int64_t outer, int64_t count, int64_t inner, const float *x, int32_t *y);

// The mean and the biased variance of each channel: x[outer, channels, inner] -> mean[channels], variance[channels].
void backprop_moments(
    int64_t outer, int64_t channels, int64_t inner, const float *x, float *mean, float *variance);

// The gradients of scale and shift [channels] of batch normalization: of each channel of x and upstream
// [outer, channels, inner], the sums of upstream * (x - mean) / sqrt(variance + epsilon) and of upstream. With factor and
// shift [channels], which may be NULL, of the upstream that ReLU lets through: where (x - mean) * factor + shift > 0.
void backprop_batch_norm_sums(
    int64_t outer, int64_t channels, int64_t inner, float epsilon, const float *x, const float *mean,
    const float *variance, const float *upstream, const float *factor, const float *shift, float *scale_gradient,
    float *shift_gradient);

// MARK: Rows.  x[rows, width]

// y may be x.
void backprop_softmax(int64_t rows, int64_t width, const float *x, float *y);
void backprop_log_softmax(int64_t rows, int64_t width, const float *x, float *y);

// losses[rows] = log(sum(exp(logits[r, :]))) - logits[r, labels[r]].  A label outside 0..<classes gives NaN.
void backprop_cross_entropy(
    int64_t rows, int64_t classes, const float *logits, const int32_t *labels, float *losses);

// gradient[rows, classes] = (softmax(logits) - one_hot(labels)) * upstream[row].  gradient may be logits.
// A label outside 0..<classes gives a row of NaN; an upstream of 0 a row of zeros, whatever else there is.
void backprop_cross_entropy_gradient(
    int64_t rows, int64_t classes, const float *logits, const int32_t *labels, const float *upstream,
    float *gradient);

// y[count, width] = x[numbers[i], :] of x[rows, width]; a row of NaN for a number outside 0..<rows.
void backprop_gather(
    int64_t rows, int64_t width, int64_t count, const float *x, const int32_t *numbers, float *y);

// y[rows, width] = for each row the sum of x[count, width], rows x_row apart, whose number it is; others count for nothing.
// Returns -1 where memory is exhausted, otherwise 0.
int backprop_scatter_add(
    int64_t rows, int64_t width, int64_t count, const int32_t *numbers, const float *x, int64_t x_row, float *y);

// Writes x[outer, count, inner] over y[outer, size, inner] from *position on; the position is moved so that x fits.
void backprop_replace_slice(
    int64_t outer, int64_t size, int64_t count, int64_t inner, const float *x, const int32_t *position, float *y);

// y = (x - mean) * inverse * scale + shift for each row, mean[rows] and inverse[rows] = 1 / sqrt(variance + epsilon).
void backprop_layer_norm(
    int64_t rows, int64_t width, float epsilon, const float *x, const float *scale, const float *shift, float *y,
    float *mean, float *inverse);

// The gradients y of x, and of scale and shift [width].
void backprop_layer_norm_gradient(
    int64_t rows, int64_t width, const float *x, const float *mean, const float *inverse, const float *scale,
    const float *upstream, float *y, float *scale_gradient, float *shift_gradient);

// MARK: Recurrent layers. Equations in Tensors/Graph/Definitions+Recurrence.swift.

typedef enum {
  BACKPROP_TANH_CELL, BACKPROP_RELU_CELL, BACKPROP_LSTM_CELL, BACKPROP_GRU_CELL,
} backprop_cell;

// All time steps, one after the other (the last first if reversed). g blocks of `size` columns a row: 1, or 4 for LSTM,
// 3 for GRU. An example whose length is t or less keeps its state at step t.
typedef struct {
  backprop_cell kind;
  int32_t reversed;
  int64_t time, batch, size;
  const int32_t *lengths;     // [batch]
  const float *projected;     // [time, batch, g * size]: the inputs times their weights
  const float *weights;       // [size, g * size]
  const float *bias;          // [g * size], 4 * size for GRU
  const float *initial, *initial_cell;  // [batch, size]; NULL: zeros
  float *states, *cells;      // [time + 1, batch, size], the initial ones first (last if reversed); cells for LSTM only
  float *kept;                // [time, batch, 4 * size]: i, f, g, o of LSTM or r, z, n, q of GRU; else NULL
  float *packed;              // backprop_recurrence_packed(size, g * size)
  int64_t gate_row;           // at least g * size
  float *product;             // [batch, g * size], rows gate_row apart
} backprop_recurrence;

void backprop_recurrence_forward(const backprop_recurrence *recurrence);

typedef struct {
  backprop_cell kind;
  int32_t reversed;
  int64_t time, batch, size;
  const int32_t *lengths;
  const float *weights, *states, *cells, *kept;
  const float *upstream_states, *upstream_cells;  // [time + 1, batch, size]; NULL: zeros
  int64_t gate_row;           // at least g * size
  float *projected_gradient;  // [time, batch, g * size], rows gate_row apart
  float *product_gradient;    // the same, for GRU; for the others it is projected_gradient
  float *initial_gradient, *initial_cell_gradient;  // [batch, size]
  float *packed;              // backprop_recurrence_packed(g * size, size)
  float *product, *direct, *cell_gradient;  // [batch, size]
} backprop_recurrence_gradient;

void backprop_recurrence_backward(const backprop_recurrence_gradient *recurrence);

// How many floats the packed weights [rows, columns] of a recurrence take.
int64_t backprop_recurrence_packed(int64_t rows, int64_t columns);

// The same two with their products in tiles (backprop_has_tiles), for LSTM and GRU and at least one time step. `packed` and
// `product` are other memory, of so many floats each.
void backprop_recurrence_forward_tiles(const backprop_recurrence *recurrence);
void backprop_recurrence_backward_tiles(const backprop_recurrence_gradient *recurrence);
int64_t backprop_recurrence_tiles_packed(backprop_cell kind, int64_t size);
int64_t backprop_recurrence_tiles_room(int64_t batch, int64_t size);
int64_t backprop_recurrence_gradient_tiles_room(backprop_cell kind, int64_t batch, int64_t size);

// MARK: Attention

// Where x[batch, heads, positions, size] lies: elements between neighbors along the first three axes. Along the last
// they lie together.
typedef struct {
  float *data;
  int64_t example, head, position;
} backprop_heads;

// `size` of queries and keys, `value_size` of values and results. `heads` is a multiple of kv_heads; head h takes keys
// and values of head h / (heads / kv_heads). Example b has the first lengths[b * length_stride] keys (0...keys); query i
// of it sees all of them or, where causal, as many as lengths - queries + i + 1.
typedef struct {
  int64_t batch, heads, kv_heads, queries, keys, size, value_size;
  int32_t causal;
  float scale;
  const int32_t *lengths;
  int64_t length_stride;
} backprop_attention_shape;

// y[batch, heads, queries, value_size] = softmax(scale q k') v and logsumexp[batch, heads, queries] of the scaled scores,
// dense. A query that sees nothing gives 0 and minus infinity. Returns -1 where memory is exhausted, otherwise 0.
int backprop_attention(
    const backprop_attention_shape *shape, const backprop_heads *q, const backprop_heads *k, const backprop_heads *v,
    const backprop_heads *y, float *logsumexp);

// The gradients of q, k and v from what backprop_attention gave and the gradient of y.
int backprop_attention_gradient(
    const backprop_attention_shape *shape, const backprop_heads *q, const backprop_heads *k, const backprop_heads *v,
    const backprop_heads *y, const float *logsumexp, const backprop_heads *upstream, const backprop_heads *dq,
    const backprop_heads *dk, const backprop_heads *dv);

// MARK: Matrix products

// c[m, n] = a[m, k] · b[k, n] for few rows m, as fast as b can be read; · b[n, k]ᵀ where it `turns`. Rows are a_row and b_row
// apart, c is dense. A row of c has the same bits whatever the other rows are.
void backprop_vector_matrix(
    int64_t m, int64_t n, int64_t k, const float *a, int64_t a_row, const float *b, int64_t b_row, int turns, float *c);

// A matrix [k, n] of at most 65,536 rows in eight bits: multiples of a scale for each column, the greatest 127 of them. A
// column that holds infinity becomes zeros, as NaN does. `memory` has room for backprop_rounded_bytes and is aligned to 64 bytes.
int64_t backprop_rounded_bytes(int64_t n, int64_t k);
void backprop_round_matrix(int64_t n, int64_t k, const float *matrix, int64_t row, void *memory);

// c[n] = a[k] · such a matrix, `a` rounded likewise: roughly the product, with the same bits everywhere. -1: no memory.
int backprop_rounded_vector_matrix(int64_t n, int64_t k, const float *a, const void *memory, float *c);

// Whether the processor multiplies tiles of bfloat16 (AMX), the system lets this process have them, and the environment
// does not say BACKPROP_TILES=0.
int backprop_has_tiles(void);

// The same as backprop_matmul in tiles, where there are any: 2.5 times as fast as its multiply-adds, and as exact.
// Infinity and NaN give NaN in all sums they are part of.
void backprop_matmul_tiles(
    int64_t m, int64_t n, int64_t k, const float *a, int64_t a_row, int64_t a_column, const float *b,
    int64_t b_row, int64_t b_column, float *c);

// Where there are neither tiles nor oneDNN:

// c[m, n] = a · b, with a[i, p] at a[i * a_row + p * a_column], b[p, j] at b[p * b_row + j * b_column], c dense.
void backprop_matmul(
    int64_t m, int64_t n, int64_t k, const float *a, int64_t a_row, int64_t a_column, const float *b,
    int64_t b_row, int64_t b_column, float *c);

// MARK: Winograd's convolution

// y[batch, out_height, out_width, outputs] = x[batch, height, width, inputs] ∗ weights, 3 x 3, channels last, of stride 1; in
// tiles (below) also 2. Channels are multiples of 16. `padding` rows and columns of zeros lie before the images (0...2), as many as are needed after
// them.
typedef struct {
  int64_t batch, height, width, inputs, out_height, out_width, outputs, padding[2], stride;
} backprop_winograd;

// Whether the processor has the registers that the kernels were made for. Elsewhere they are right, but slow.
int32_t backprop_winograd_is_fast(void);

// Workers are ranges of the results that may be computed at the same time: as many as threads, if there is work for them.
int64_t backprop_winograd_workers(const backprop_winograd *shape, int64_t threads);

// How many floats of room, aligned to 64 bytes, a call takes.
int64_t backprop_winograd_floats(const backprop_winograd *shape, int64_t workers);

// weights[outputs, inputs, 3, 3]; turned by 180 degrees: weights[inputs, outputs, 3, 3], for the images' gradient.
void backprop_winograd_convolution(
    const backprop_winograd *shape, const float *x, const float *weights, int32_t turned, float *y, int64_t workers,
    float *room);

// The gradient of the weights[outputs, inputs, 3, 3] from that of y. Each worker has a sum of its own, so its bits depend
// on their number.
int64_t backprop_winograd_gradient_floats(const backprop_winograd *shape, int64_t workers);
void backprop_winograd_weights_gradient(
    const backprop_winograd *shape, const float *x, const float *y_gradient, float *weights_gradient, int64_t workers,
    float *room);

// The same two as direct sums in tiles (backprop_has_tiles). 0 where memory is exhausted and the result is not whole. With
// weights that are turned, a stride of 2 is that of the convolution whose images' gradient y is: x has zeros between its pixels.
int backprop_convolution_tiles(
    const backprop_winograd *shape, const float *x, const float *weights, int32_t turned, float *y, int64_t workers);
int backprop_convolution_gradient_tiles(
    const backprop_winograd *shape, const float *x, const float *y_gradient, float *weights_gradient, int64_t workers);

// MARK: Windows of images

// x[batch, channels, height, width] dense; window positions out_height x out_width, where
// row = oh * stride[0] - padding[0] + kh * dilation[0] (columns likewise).
typedef struct {
  int64_t batch, channels, height, width, out_height, out_width;
  int64_t kernel[2], stride[2], padding[2], dilation[2];
} backprop_window;

// x[n, c, h, w] -> y[n, c, oh, ow, kh, kw]; `outside` where the window leaves the image.
void backprop_windows(const backprop_window *window, float outside, const float *x, float *y);

// The transpose of backprop_windows: adds y[n, c, oh, ow, kh, kw] up into x[n, c, h, w]. Deterministic.
void backprop_fold(const backprop_window *window, const float *y, float *x);

// MARK: Pooling, of images whose channels lie together: x[n, h, w, c], y[n, oh, ow, c]

// The greatest of each window; NaN counts as greatest, and what is outside of the image as minus infinity.
void backprop_max_pool(const backprop_window *window, const float *x, float *y);

// The first greatest of each window takes the upstream[n, oh, ow, c]; y[n, h, w, c].
void backprop_max_pool_gradient(const backprop_window *window, const float *x, const float *upstream, float *y);

// The mean of each window; what is outside of the image counts as zero.
void backprop_average_pool(const backprop_window *window, const float *x, float *y);

// Every pixel of a window takes a like share of the upstream[n, oh, ow, c]; y[n, h, w, c].
void backprop_average_pool_gradient(const backprop_window *window, const float *upstream, float *y);

// MARK: Random numbers

// Philox4x32-10 (Salmon et al., SC 2011). Element i takes word i % 4 of the block whose counter is
// (i / 4 low 32 bits, i / 4 high 32 bits, key[2], key[3]) under the key (key[0], key[1]).

// Uniform in [0, 1): the word's upper 24 bits / 2^24.
void backprop_random_uniform(int64_t count, const uint32_t key[4], float *y);

// Standard normal by Box–Muller: of words (w0, w1) of a block, u = ((w0 >> 8) + 1) / 2^24, v = (w1 >> 8) / 2^24,
// elements are sqrt(-2 ln u) cos(2πv), then sqrt(-2 ln u) sin(2πv); words (w2, w3) give the next two.
void backprop_random_normal(int64_t count, const uint32_t key[4], float *y);

// MARK: Pixels

// y[count, channels, plane] = x[numbers[i], channel, :] / greatest * scales[channel] + offsets[channel]: images chosen by
// number, which must be there.
void backprop_convert_images(
    int64_t count, int64_t channels, int64_t plane, const int32_t *numbers, const uint8_t *x, float greatest,
    const float *scales, const float *offsets, float *y);

// The same from image *done on, as far as other threads come while the caller does `work`; see backprop_beside.
void backprop_convert_images_beside(
    int64_t count, int64_t channels, int64_t plane, const int32_t *numbers, const uint8_t *x, float greatest,
    const float *scales, const float *offsets, float *y, int64_t *done, backprop_work work, void *context);

#ifdef __cplusplus
}
#endif
