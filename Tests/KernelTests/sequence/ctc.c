// Connectionist temporal classification, against the sum over all paths.
#include "check.h"

#include <stdlib.h>
#include <string.h>

// The probability of the targets of an example, and of that together with each class at each time: sums over all
// sequences of classes that become the targets without repetitions and blanks.
static double sum_of_paths(
    const backprop_ctc_shape *shape, const float *x, int64_t example, int64_t times, const int32_t *targets, int64_t length,
    double *parts) {
  int64_t paths = 1;
  for (int64_t t = 0; t < times; t++) paths *= shape->classes;
  double whole = 0;
  for (int64_t path = 0; path < paths; path++) {
    int32_t classes[8], last = shape->blank;
    int64_t rest = path, found = 0, fits = 1;
    double logarithm = 0;
    for (int64_t t = 0; t < times; t++, rest /= shape->classes) {
      classes[t] = (int32_t)(rest % shape->classes);
      logarithm += (double)x[(t * shape->batch + example) * shape->classes + classes[t]];
      if (classes[t] != last && classes[t] != shape->blank) {
        fits &= found < length && targets[found < length ? found : 0] == classes[t];
        found++;
      }
      last = classes[t];
    }
    if (!fits || found != length) continue;
    whole += exp(logarithm);
    for (int64_t t = 0; t < times; t++) parts[t * shape->classes + classes[t]] += exp(logarithm);
  }
  return whole;
}

static void check_ctc(int64_t time, int64_t batch, int64_t classes, int64_t length) {
  begin_case("backprop_ctc", "[%lld, %lld, %lld], targets of %lld", (long long)time, (long long)batch, (long long)classes,
             (long long)length);
  backprop_ctc_shape shape = {time, batch, classes, length, (int32_t)pick(0, classes - 1)};
  float *x = random_floats(time * batch * classes, -3, 0), *upstream = random_floats(batch, -1, 1);
  int32_t *targets = integers(batch * length, 0, classes - 1);
  for (int64_t i = 0; i < batch * length; i++)  // a blank is no target
    if (targets[i] == shape.blank) targets[i] = (int32_t)((targets[i] + 1) % classes);
  int32_t *times = integers(batch, 0, time), *lengths = integers(batch, 0, length);
  if (one_in(4)) times[0] = (int32_t)time + 1;
  float *losses = floats(batch), *gradient = floats(time * batch * classes);
  expect_integer(-1, backprop_ctc(&shape, x, targets, times, lengths, losses), 0);
  expect_integer(-1, backprop_ctc_gradient(&shape, x, targets, times, lengths, upstream, gradient), 0);
  double *parts = malloc((size_t)(time * classes) * sizeof *parts);
  for (int64_t example = 0; example < batch; example++) {
    memset(parts, 0, (size_t)(time * classes) * sizeof *parts);
    int is_valid = times[example] <= time;
    double whole = is_valid ? sum_of_paths(&shape, x, example, times[example], targets + example * length,
                                           lengths[example], parts) : NAN;
    expect(example, losses[example], -log(whole), 4 * ROUNDING * (1 + fabs(log(whole))));
    for (int64_t t = 0; t < time; t++)
      for (int64_t c = 0; c < classes; c++) {
        double share = whole > 0 && t < times[example] ? parts[t * classes + c] / whole : 0;
        int64_t at = (t * batch + example) * classes + c;
        expect(at, gradient[at], -share * (double)upstream[example], 4 * ROUNDING);
      }
  }
  free(parts);
}

void test_ctc(void) {
  check_ctc(1, 1, 2, 1);
  check_ctc(6, 3, 3, 3);
  for (int64_t i = 0; i < repeated(30); i++) check_ctc(pick(1, 6), pick(1, 3), pick(2, 4), pick(1, 4));
}
