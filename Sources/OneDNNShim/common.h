// What the operations of the shim have in common. oneDNN's versions 2 and 3 differ in how a primitive is described;
// each difference is hidden where it comes up.
#pragma once

#if BACKPROP_ONEDNN

#include <dnnl.hpp>

#include <exception>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "OneDNNShim.h"

namespace backprop {

inline dnnl::engine &engine() {
  static dnnl::engine shared(dnnl::engine::kind::cpu, 0);
  return shared;
}

inline dnnl::stream &stream() {
  static dnnl::stream shared(engine());
  return shared;
}

inline std::string &message() {
  thread_local std::string text;
  return text;
}

// Runs `body`; an exception becomes a message and a status other than 0.
template <typename Body>
int32_t guarded(Body body) {
  try {
    body();
    return 0;
  } catch (const std::exception &error) {
    message() = error.what();
    return 1;
  } catch (...) {
    message() = "an exception of unknown kind";
    return 1;
  }
}

using dims = dnnl::memory::dims;

inline dims pair(const int64_t values[2]) { return {values[0], values[1]}; }

// Whether an image is dense and channels last. The stride of an axis of size 1 is arbitrary, so it is ignored.
inline bool is_channels_last(const backprop_dnn_tensor &tensor) {
  const auto &shape = tensor.shape;
  const int64_t wanted[4] = {shape[1] * shape[2] * shape[3], 1, shape[1] * shape[3], shape[1]};
  for (int axis = 0; axis < 4; ++axis) {
    if (shape[axis] != 1 && tensor.strides[axis] != wanted[axis]) return false;
  }
  return true;
}

// An image in its own layout. Channels last is given by its tag: with one channel strides alone are ambiguous, and
// oneDNN takes a slow path.
inline dnnl::memory::desc image(const backprop_dnn_tensor &tensor) {
  const dims shape(tensor.shape, tensor.shape + 4);
  if (is_channels_last(tensor)) return {shape, dnnl::memory::data_type::f32, dnnl::memory::format_tag::nhwc};
  return {shape, dnnl::memory::data_type::f32, dims(tensor.strides, tensor.strides + 4)};
}

}  // namespace backprop

namespace backprop {

// Primitives to run one after the other over operands of the caller and pieces of the caller's scratch memory. oneDNN's
// memory objects hold addresses, so each execution at a time needs its own.
struct arguments {
  // A primitive and its arguments as oneDNN's C interface takes them: its C++ one makes such a list on each call.
  struct stage {
    dnnl::primitive primitive;
    std::vector<std::pair<int, dnnl::memory>> memories;
    std::vector<dnnl_exec_arg_t> list;

    stage(const dnnl::primitive &primitive, std::vector<std::pair<int, dnnl::memory>> given)
        : primitive(primitive), memories(std::move(given)) {
      for (auto &[name, memory] : memories) list.push_back({name, memory.get()});
    }
  };

  std::vector<dnnl::memory> operands;
  std::vector<std::pair<dnnl::memory, int64_t>> scratch;
  std::vector<stage> stages;

  void run(void *const *pointers, void *scratch_memory) {
    for (size_t index = 0; index < operands.size(); ++index) operands[index].set_data_handle(pointers[index]);
    for (auto &[memory, offset] : scratch) memory.set_data_handle(static_cast<char *>(scratch_memory) + offset);
    for (auto &stage : stages) {
      dnnl::error::wrap_c_api(dnnl_primitive_execute(stage.primitive.get(), stream().get(),
                                                     static_cast<int>(stage.list.size()), stage.list.data()),
                              "a step was refused");
    }
  }

  // The same primitives with memory objects of their own.
  std::unique_ptr<arguments> copy() const {
    std::unordered_map<dnnl_memory_t, dnnl::memory> copies;
    auto made = std::make_unique<arguments>();
    const auto copied = [&](const dnnl::memory &memory) {
      auto found = copies.find(memory.get());
      if (found == copies.end()) {
        found = copies.emplace(memory.get(), dnnl::memory(memory.get_desc(), engine(), nullptr)).first;
      }
      return found->second;
    };
    for (auto &memory : operands) made->operands.push_back(copied(memory));
    for (auto &[memory, offset] : scratch) made->scratch.emplace_back(copied(memory), offset);
    for (auto &stage : stages) {
      std::vector<std::pair<int, dnnl::memory>> memories;
      for (auto &[name, memory] : stage.memories) memories.emplace_back(name, copied(memory));
      made->stages.emplace_back(stage.primitive, std::move(memories));
    }
    return made;
  }
};

}  // namespace backprop

// What is made once and may be executed by several threads at the same time.
struct backprop_dnn_operation : private backprop::arguments {
  int64_t scratch_bytes = 0;

  void execute(void *const *pointers, void *scratch_memory) {
    std::unique_ptr<backprop::arguments> mine;
    {
      const std::lock_guard<std::mutex> guard(mutex);
      if (!idle.empty()) {
        mine = std::move(idle.back());
        idle.pop_back();
      }
    }
    if (!mine) mine = copy();
    mine->run(pointers, scratch_memory);
    const std::lock_guard<std::mutex> guard(mutex);
    idle.push_back(std::move(mine));
  }

  // The next operand in the caller's order.
  dnnl::memory operand(const dnnl::memory::desc &desc) {
    operands.emplace_back(desc, backprop::engine(), nullptr);
    return operands.back();
  }

  dnnl::memory temporary(const dnnl::memory::desc &desc) {
    dnnl::memory memory(desc, backprop::engine(), nullptr);
    scratch.emplace_back(memory, scratch_bytes);
    scratch_bytes += (static_cast<int64_t>(desc.get_size()) + 63) / 64 * 64;
    return memory;
  }

  // The operand in this layout: itself, or a copy that a reorder makes first.
  dnnl::memory input(const dnnl::memory &given, const dnnl::memory::desc &wanted) {
    if (given.get_desc() == wanted) return given;
    dnnl::memory copy = temporary(wanted);
    reorder(given, copy);
    return copy;
  }

  // The destination of a result in this layout; `finish` then copies it to the operand.
  dnnl::memory output(const dnnl::memory &given, const dnnl::memory::desc &made) {
    return given.get_desc() == made ? given : temporary(made);
  }

  void finish(const dnnl::memory &made, const dnnl::memory &given) {
    if (made.get() != given.get()) reorder(made, given);
  }

  void reorder(const dnnl::memory &from, const dnnl::memory &to) {
    stages.emplace_back(
        dnnl::reorder(from, to), std::vector<std::pair<int, dnnl::memory>>{{DNNL_ARG_FROM, from}, {DNNL_ARG_TO, to}});
  }

  template <typename Description>
  void add(const dnnl::primitive &primitive, const Description &description,
           std::vector<std::pair<int, dnnl::memory>> memories) {
    if (description.scratchpad_desc().get_size() > 0) {
      memories.emplace_back(DNNL_ARG_SCRATCHPAD, temporary(description.scratchpad_desc()));
    }
    stages.emplace_back(primitive, std::move(memories));
  }

 private:
  std::mutex mutex;
  std::vector<std::unique_ptr<backprop::arguments>> idle;
};

namespace backprop {

// Scratch memory comes from the caller, so that a step allocates nothing.
inline dnnl::primitive_attr attributes() {
  dnnl::primitive_attr attributes;
  attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  return attributes;
}

}  // namespace backprop

#endif
