// Pooling, in the layout that the images have.
#include "common.h"

#if BACKPROP_ONEDNN

#include <memory>

namespace backprop {
namespace {

struct pool_problem {
  dnnl::algorithm algorithm;
  dnnl::memory::desc source, destination;
  dims strides, kernel, begin, end;
  dnnl::primitive_attr attributes;
};

dnnl::pooling_forward::primitive_desc forward(const pool_problem &p, dnnl::prop_kind kind) {
#if DNNL_VERSION_MAJOR >= 3
  return {engine(), kind, p.algorithm, p.source, p.destination, p.strides, p.kernel, {0, 0}, p.begin, p.end,
          p.attributes};
#else
  return {{kind, p.algorithm, p.source, p.destination, p.strides, p.kernel, p.begin, p.end}, p.attributes, engine()};
#endif
}

dnnl::pooling_backward::primitive_desc backward(const pool_problem &p,
                                                const dnnl::pooling_forward::primitive_desc &hint) {
#if DNNL_VERSION_MAJOR >= 3
  return {engine(), p.algorithm, p.source, p.destination, p.strides, p.kernel, {0, 0}, p.begin, p.end, hint,
          p.attributes};
#else
  return {{p.algorithm, p.source, p.destination, p.strides, p.kernel, p.begin, p.end}, p.attributes, engine(), hint};
#endif
}

}  // namespace
}  // namespace backprop

extern "C" int32_t backprop_dnn_pool(backprop_dnn_pooling kind, backprop_dnn_direction direction,
                                     const backprop_dnn_tensor *source, const backprop_dnn_tensor *destination,
                                     const int64_t kernel[2], const int64_t stride[2], const int64_t padding_begin[2],
                                     const int64_t padding_end[2], backprop_dnn_operation **operation) {
  using namespace backprop;
  return guarded([&] {
    const bool maximum = kind == BACKPROP_DNN_MAX;
    const pool_problem p{
        maximum ? dnnl::algorithm::pooling_max : dnnl::algorithm::pooling_avg_include_padding,
        dense_like(*source, *source),
        dense_like(*destination, *source),
        pair(stride),
        pair(kernel),
        pair(padding_begin),
        pair(padding_end),
        attributes()};
    auto made = std::make_unique<backprop_dnn_operation>();
    // Only training writes the positions of the greatest, and a forward pass on its own does not need them.
    const bool forwards = direction == BACKPROP_DNN_FORWARD;
    const auto forward_description =
        forward(p, forwards ? dnnl::prop_kind::forward_inference : dnnl::prop_kind::forward_training);
    if (forwards) {
      const auto x = made->operand(image(*source));
      const auto y = made->operand(image(*destination));
      const auto x_in = made->input(x, p.source);
      const auto y_out = made->output(y, p.destination);
      made->add(dnnl::pooling_forward(forward_description), forward_description,
                {{DNNL_ARG_SRC, x_in}, {DNNL_ARG_DST, y_out}});
      made->finish(y_out, y);
    } else {
      const auto x = made->operand(image(*source));
      const auto dy = made->operand(image(*destination));
      const auto dx = made->operand(image(*source));
      const auto dy_in = made->input(dy, p.destination);
      const auto dx_out = made->output(dx, p.source);
      const auto description = backward(p, forward_description);
      std::unordered_map<int, dnnl::memory> arguments{{DNNL_ARG_DIFF_DST, dy_in}, {DNNL_ARG_DIFF_SRC, dx_out}};
      if (maximum) {
        // The positions of the greatest are in a workspace of the forward pass, which is run again.
        const auto workspace = made->temporary(forward_description.workspace_desc());
        made->add(dnnl::pooling_forward(forward_description), forward_description,
                  {{DNNL_ARG_SRC, made->input(x, p.source)},
                   {DNNL_ARG_DST, made->temporary(p.destination)},
                   {DNNL_ARG_WORKSPACE, workspace}});
        arguments.emplace(DNNL_ARG_WORKSPACE, workspace);
      }
      made->add(dnnl::pooling_backward(description), description, arguments);
      made->finish(dx_out, dx);
    }
    *operation = made.release();
  });
}

#endif
