// Connectionist temporal classification: the forward-backward algorithm over the targets with blanks around each, in
// logarithms and doubles. Each example is one thread's.
//
// Source: Graves et al., "Connectionist Temporal Classification: Labelling Unsegmented Sequence Data with Recurrent Neural
// Networks", ICML 2006, section 4.
#include <math.h>
#include <stddef.h>
#include <string.h>

#include "CKernels.h"
#include "threading/grain.h"

typedef struct {
  const backprop_ctc_shape *shape;
  const float *x;
  const int32_t *targets, *input_lengths, *target_lengths;
  const float *upstream;
  float *losses, *gradient;
  int is_out_of_memory;
} ctc;

// An example: state 2 i is a blank, state 2 i + 1 the target i.
typedef struct {
  const ctc *all;
  int64_t example, times, states;
  const int32_t *targets;
} sequence;

static int32_t label_of(const sequence *q, int64_t state) {
  return state % 2 ? q->targets[state / 2] : q->all->shape->blank;
}

static double log_probability(const sequence *q, int64_t t, int64_t state) {
  const backprop_ctc_shape *shape = q->all->shape;
  return (double)q->all->x[(t * shape->batch + q->example) * shape->classes + label_of(q, state)];
}

// Whether a state follows the one two before it: another label follows a label without a blank between.
static int can_skip(const sequence *q, int64_t state) {
  return state % 2 && state >= 3 && q->targets[state / 2] != q->targets[state / 2 - 1];
}

static double log_sum(double a, double b) {
  double greater = a > b ? a : b, less = a > b ? b : a;
  if (greater == -INFINITY) return less;  // the same, or NaN
  return less - greater < -60 ? greater : greater + log1p(exp(less - greater));
}

// At a time, the states that can be reached from the beginning and from which the end is reached.
static int64_t first_state(const sequence *q, int64_t t) {
  int64_t first = q->states - 2 * (q->times - t);
  return first > 0 ? first : 0;
}
static int64_t end_state(const sequence *q, int64_t t) {
  int64_t end = 2 * (t + 1);
  return end < q->states ? end : q->states;
}

// alpha[states] of time t, from that of the time before; states outside of the reachable ones are minus infinity.
static void forward(const sequence *q, int64_t t, const double *before, double *alpha) {
  for (int64_t s = 0; s < q->states; s++) alpha[s] = -INFINITY;
  for (int64_t s = first_state(q, t); s < end_state(q, t); s++) {
    double sum = t == 0 ? 0 : before[s];
    if (t > 0 && s > 0) sum = log_sum(sum, before[s - 1]);
    if (t > 0 && can_skip(q, s)) sum = log_sum(sum, before[s - 2]);
    alpha[s] = sum == -INFINITY ? sum : sum + log_probability(q, t, s);
  }
}

// beta[states] of time t, without the probabilities of that time, from that of the time after.
static void backward(const sequence *q, int64_t t, const double *after, double *beta) {
  for (int64_t s = 0; s < q->states; s++) {
    double sum = -INFINITY;
    if (t == q->times - 1) {
      sum = s >= q->states - 2 ? 0 : sum;
    } else {
      for (int64_t next = s; next <= s + 2 && next < q->states; next++)
        if (after[next] != -INFINITY && (next < s + 2 || can_skip(q, next)))
          sum = log_sum(sum, after[next] + log_probability(q, t + 1, next));
    }
    beta[s] = sum;
  }
}

static double likelihood(const sequence *q, const double *last) {
  return q->states == 1 ? last[0] : log_sum(last[q->states - 1], last[q->states - 2]);
}

static int is_valid(const ctc *all, int64_t example) {
  const backprop_ctc_shape *shape = all->shape;
  int32_t times = all->input_lengths[example], length = all->target_lengths[example];
  if (times < 0 || times > shape->time || length < 0 || length > shape->length) return 0;
  for (int32_t i = 0; i < length; i++) {
    int32_t label = all->targets[example * shape->length + i];
    if (label < 0 || label >= shape->classes) return 0;
  }
  return 1;
}

static sequence sequence_of(const ctc *all, int64_t example) {
  return (sequence){all, example, all->input_lengths[example], 2 * (int64_t)all->target_lengths[example] + 1,
                    all->targets + example * all->shape->length};
}

static void run_losses(void *context, int64_t begin, int64_t end) {
  ctc *all = context;
  int64_t states = 2 * all->shape->length + 1;
  double *alpha = backprop_scratch(0, 2 * states * (int64_t)sizeof *alpha);
  if (!alpha) all->is_out_of_memory = 1, end = begin;
  for (int64_t example = begin; example < end; example++) {
    all->losses[example] = NAN;
    if (!is_valid(all, example)) continue;
    sequence q = sequence_of(all, example);
    for (int64_t t = 0; t < q.times; t++) forward(&q, t, alpha + (t + 1) % 2 * states, alpha + t % 2 * states);
    double log_likelihood = q.times ? likelihood(&q, alpha + (q.times - 1) % 2 * states) : q.states == 1 ? 0 : -INFINITY;
    all->losses[example] = (float)-log_likelihood;
  }
}

static void run_gradients(void *context, int64_t begin, int64_t end) {
  ctc *all = context;
  const backprop_ctc_shape *shape = all->shape;
  int64_t states = 2 * shape->length + 1, classes = shape->classes;
  double *alpha = backprop_scratch(0, (shape->time + 2) * states * (int64_t)sizeof *alpha);
  double *sums = backprop_scratch(1, classes * (int64_t)sizeof *sums);
  if (!alpha || !sums) all->is_out_of_memory = 1, end = begin;
  for (int64_t example = begin; example < end; example++) {
    for (int64_t t = 0; t < shape->time; t++)
      memset(all->gradient + (t * shape->batch + example) * classes, 0, (size_t)classes * sizeof(float));
    if (!is_valid(all, example)) continue;
    sequence q = sequence_of(all, example);
    for (int64_t t = 0; t < q.times; t++) forward(&q, t, alpha + (t ? t - 1 : 0) * states, alpha + t * states);
    double whole = q.times ? likelihood(&q, alpha + (q.times - 1) * states) : -INFINITY;
    if (whole == -INFINITY) continue;
    double *beta = alpha + shape->time * states;
    memset(sums, 0, (size_t)classes * sizeof *sums);
    for (int64_t t = q.times - 1; t >= 0; t--) {
      double *now = beta + t % 2 * states;
      float *gradient = all->gradient + (t * shape->batch + example) * classes;
      backward(&q, t, beta + (t + 1) % 2 * states, now);
      // The probability of each label at this time, given the targets.
      for (int64_t s = 0; s < q.states; s++) sums[label_of(&q, s)] += exp(alpha[t * states + s] + now[s] - whole);
      for (int64_t s = 0; s < q.states; s++) {
        int32_t label = label_of(&q, s);
        if (sums[label] != 0) gradient[label] = (float)(-(double)all->upstream[example] * sums[label]);
      }
      for (int64_t s = 0; s < q.states; s++) sums[label_of(&q, s)] = 0;
    }
  }
}

static int run(ctc all, backprop_task task) {
  double cost = 100 * (double)(all.shape->time * (2 * all.shape->length + 1));
  backprop_parallel(all.shape->batch, backprop_grain(all.shape->batch, cost), task, &all);
  return all.is_out_of_memory;
}

int backprop_ctc(
    const backprop_ctc_shape *shape, const float *log_probabilities, const int32_t *targets, const int32_t *input_lengths,
    const int32_t *target_lengths, float *losses) {
  ctc all = {shape, log_probabilities, targets, input_lengths, target_lengths, NULL, losses, NULL, 0};
  return run(all, run_losses);
}

int backprop_ctc_gradient(
    const backprop_ctc_shape *shape, const float *log_probabilities, const int32_t *targets, const int32_t *input_lengths,
    const int32_t *target_lengths, const float *upstream, float *gradient) {
  ctc all = {shape, log_probabilities, targets, input_lengths, target_lengths, upstream, NULL, gradient, 0};
  return run(all, run_gradients);
}
