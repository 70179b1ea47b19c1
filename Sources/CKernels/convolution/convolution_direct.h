// Direct sums of 3 x 3 convolutions in float, for what faster kernels cannot give: Winograd's differences, and the
// parts that numbers are split into on AMX, make NaN of infinity, also in results that it is no part of. Such results
// are NaN, always; here each result that is NaN is computed once more.
#pragma once
#include <stdint.h>

#include "CKernels.h"

// Which y is meant, and for which operands, says backprop_convolution_amx.
void backprop_recompute_convolution(
    const backprop_winograd *shape, const float *x, const float *weights, int32_t rotated, float *y);

void backprop_recompute_weights_gradient(
    const backprop_winograd *shape, const float *x, const float *y_gradient, float *weights_gradient);
