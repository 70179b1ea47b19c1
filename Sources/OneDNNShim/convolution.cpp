// Convolutions. Channels-last images stay so; others are reordered to the layout oneDNN prefers. Weights are small
// and always reordered.
#include "common.h"

#if BACKPROP_ONEDNN

#include <cstring>
#include <memory>

#include "openmp.h"

namespace backprop {
namespace {

using tag = dnnl::memory::format_tag;

struct problem {
  dnnl::memory::desc source, weights, destination;
  dims strides, dilations, begin, end;
  dnnl::primitive_attr attributes;
};

dnnl::memory::desc any_layout(const dnnl::memory::desc &desc) {
#if DNNL_VERSION_MAJOR >= 3
  return {desc.get_dims(), dnnl::memory::data_type::f32, tag::any};
#else
  return {desc.dims(), dnnl::memory::data_type::f32, tag::any};
#endif
}

dnnl::memory::desc preferred(const backprop_dnn_tensor &tensor) {
  if (is_channels_last(tensor)) return image(tensor);
  return {dims(tensor.shape, tensor.shape + 4), dnnl::memory::data_type::f32, tag::any};
}

dims weight_dims(const backprop_dnn_tensor &weights, int64_t groups) {
  dims shape(weights.shape, weights.shape + 4);
  if (groups == 1) return shape;
  shape[0] /= groups;
  shape.insert(shape.begin(), groups);
  return shape;
}

dnnl::convolution_forward::primitive_desc forward(const problem &p) {
  const auto kind = dnnl::prop_kind::forward_training;
  const auto algorithm = dnnl::algorithm::convolution_direct;
#if DNNL_VERSION_MAJOR >= 3
  return {engine(), kind, algorithm, p.source, p.weights, p.destination, p.strides, p.dilations, p.begin, p.end,
          p.attributes};
#else
  return {{kind, algorithm, p.source, p.weights, p.destination, p.strides, p.dilations, p.begin, p.end},
          p.attributes,
          engine()};
#endif
}

dnnl::convolution_backward_data::primitive_desc backward_data(const problem &p) {
  const auto algorithm = dnnl::algorithm::convolution_direct;
  const auto hint = forward(p);
#if DNNL_VERSION_MAJOR >= 3
  return {engine(), algorithm, p.source, p.weights, p.destination, p.strides, p.dilations, p.begin, p.end, hint,
          p.attributes};
#else
  return {{algorithm, p.source, p.weights, p.destination, p.strides, p.dilations, p.begin, p.end},
          p.attributes,
          engine(),
          hint};
#endif
}

dnnl::convolution_backward_weights::primitive_desc backward_weights(const problem &p) {
  const auto algorithm = dnnl::algorithm::convolution_direct;
  const auto hint = forward(p);
#if DNNL_VERSION_MAJOR >= 3
  return {engine(), algorithm, p.source, p.weights, p.destination, p.strides, p.dilations, p.begin, p.end, hint,
          p.attributes};
#else
  return {{algorithm, p.source, p.weights, p.destination, p.strides, p.dilations, p.begin, p.end},
          p.attributes,
          engine(),
          hint};
#endif
}

// The primitive that `describe` creates for the given layouts; where that is the slow reference code (images of few
// channels), the one for layouts that oneDNN chooses.
template <typename Describe>
auto fastest(Describe describe, const problem &p) {
  auto as_it_lies = describe(p);
  if (std::strncmp(as_it_lies.impl_info_str(), "ref", 3) != 0) return as_it_lies;
  problem open = p;
  open.source = any_layout(p.source);
  open.destination = any_layout(p.destination);
  return describe(open);
}

// An operand: its name in the primitive, its layout and the layout that the primitive needs.
struct link {
  int argument;
  dnnl::memory::desc given, wanted;
};

// A primitive on two inputs and a result, the caller's operands in this order.
template <typename Primitive, typename Description>
void connect(backprop_dnn_operation &made, const Description &description, const link &first, const link &second,
             const link &result) {
  const auto a = made.operand(first.given);
  const auto b = made.operand(second.given);
  const auto y = made.operand(result.given);
  const auto a_in = made.input(a, first.wanted);
  const auto b_in = made.input(b, second.wanted);
  const auto y_out = made.output(y, result.wanted);
  made.add(Primitive(description), description,
           {{first.argument, a_in}, {second.argument, b_in}, {result.argument, y_out}});
  made.finish(y_out, y);
}

}  // namespace
}  // namespace backprop

extern "C" int32_t backprop_dnn_convolution(backprop_dnn_direction direction, const backprop_dnn_tensor *source,
                                            const backprop_dnn_tensor *weights,
                                            const backprop_dnn_tensor *destination,
                                            const backprop_dnn_convolution_geometry *geometry,
                                            backprop_dnn_operation **operation) {
  using namespace backprop;
  const library_call call;
  return guarded([&] {
    const auto f32 = dnnl::memory::data_type::f32;
    const dims weight_shape = weight_dims(*weights, geometry->groups);
    const dnnl::memory::desc plain_weights(weight_shape, f32, geometry->groups == 1 ? tag::oihw : tag::goihw);
    const problem p{preferred(*source),
                    {weight_shape, f32, tag::any},
                    preferred(*destination),
                    pair(geometry->stride),
                    {geometry->dilation[0] - 1, geometry->dilation[1] - 1},
                    pair(geometry->padding_begin),
                    pair(geometry->padding_end),
                    attributes()};
    auto made = std::make_unique<backprop_dnn_operation>();
    const auto images = image(*source);
    const auto results = image(*destination);
    switch (direction) {
      case BACKPROP_DNN_FORWARD: {
        const auto description = fastest(forward, p);
        connect<dnnl::convolution_forward>(*made, description, {DNNL_ARG_SRC, images, description.src_desc()},
                                           {DNNL_ARG_WEIGHTS, plain_weights, description.weights_desc()},
                                           {DNNL_ARG_DST, results, description.dst_desc()});
        break;
      }
      case BACKPROP_DNN_BACKWARD_DATA: {
        const auto description = fastest(backward_data, p);
        connect<dnnl::convolution_backward_data>(
            *made, description, {DNNL_ARG_DIFF_DST, results, description.diff_dst_desc()},
            {DNNL_ARG_WEIGHTS, plain_weights, description.weights_desc()},
            {DNNL_ARG_DIFF_SRC, images, description.diff_src_desc()});
        break;
      }
      case BACKPROP_DNN_BACKWARD_WEIGHTS: {
        const auto description = fastest(backward_weights, p);
        connect<dnnl::convolution_backward_weights>(
            *made, description, {DNNL_ARG_SRC, images, description.src_desc()},
            {DNNL_ARG_DIFF_DST, results, description.diff_dst_desc()},
            {DNNL_ARG_DIFF_WEIGHTS, plain_weights, description.diff_weights_desc()});
        break;
      }
    }
    *operation = made.release();
  });
}

#endif
