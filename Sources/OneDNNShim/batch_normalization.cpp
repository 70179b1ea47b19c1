// The gradient of batch normalization, in the layout that the images have. Forward is the library's own.
#include "common.h"

#if BACKPROP_ONEDNN

#include <memory>

namespace backprop {
namespace {

const auto flags = dnnl::normalization_flags::use_scale | dnnl::normalization_flags::use_shift;

dnnl::batch_normalization_forward::primitive_desc forward(const dnnl::memory::desc &data, float epsilon) {
  const auto kind = dnnl::prop_kind::forward_training;
#if DNNL_VERSION_MAJOR >= 3
  return {engine(), kind, data, data, epsilon, flags, attributes()};
#else
  return {{kind, data, epsilon, flags}, attributes(), engine()};
#endif
}

dnnl::batch_normalization_backward::primitive_desc backward(const dnnl::memory::desc &data, float epsilon) {
  const auto kind = dnnl::prop_kind::backward;
  const auto hint = forward(data, epsilon);
#if DNNL_VERSION_MAJOR >= 3
  return {engine(), kind, data, data, data, epsilon, flags, hint, attributes()};
#else
  return {{kind, data, data, epsilon, flags}, attributes(), engine(), hint};
#endif
}

}  // namespace
}  // namespace backprop

extern "C" int32_t backprop_dnn_batch_normalization_gradient(const backprop_dnn_tensor *source,
                                                             const backprop_dnn_tensor *destination, float epsilon,
                                                             backprop_dnn_operation **operation) {
  using namespace backprop;
  return guarded([&] {
    const auto data = dense_like(*source, *source);
    const auto channels = vector_desc(source->shape[1]);
    auto made = std::make_unique<backprop_dnn_operation>();
    const auto description = backward(data, epsilon);
    const auto x = made->operand(image(*source));
    const auto mean = made->operand(channels);
    const auto variance = made->operand(channels);
    const auto scale = made->operand(channels);
    const auto dy = made->operand(image(*destination));
    const auto dx = made->operand(image(*source));
    const auto scale_gradient = made->operand(channels);
    const auto shift_gradient = made->operand(channels);
    const auto x_in = made->input(x, data);
    const auto dy_in = made->input(dy, data);
    const auto dx_out = made->output(dx, data);
    made->add(dnnl::batch_normalization_backward(description), description,
              {{DNNL_ARG_SRC, x_in},
               {DNNL_ARG_MEAN, mean},
               {DNNL_ARG_VARIANCE, variance},
               {DNNL_ARG_SCALE, scale},
               {DNNL_ARG_SHIFT, scale},  // version 2.6 wants one, though no gradient depends on it
               {DNNL_ARG_DIFF_DST, dy_in},
               {DNNL_ARG_DIFF_SRC, dx_out},
               {DNNL_ARG_DIFF_SCALE, scale_gradient},
               {DNNL_ARG_DIFF_SHIFT, shift_gradient}});
    made->finish(dx_out, dx);
    *operation = made.release();
  });
}

#endif
