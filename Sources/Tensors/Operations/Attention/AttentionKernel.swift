import CKernels

/// The attention kernels' sizes and the operands' layouts, in the order of the operation.
struct AttentionKernel: Kernel {
  var causal: Bool
  var scale: Double
  var batch: Int, heads: Int, kvHeads: Int, queries: Int, keys: Int, size: Int, valueSize: Int
  /// With four axes, the last is contiguous.
  var inputs: [Layout]
  /// y and logsumexp, or the gradients of queries, keys and values.
  var outputs: [Layout]

  /// Whether this is the backward pass.
  var isGradient: Bool { outputs.count == 3 }

  /// Only pairs of a query and a key it attends to: two products forward, five backward. The lengths of examples are
  /// not known before a plan runs, so all count as full.
  var cost: Cost {
    let hidden = causal ? queries * (queries - 1) / 2 : 0
    let pairs = batch * heads * max(queries * keys - hidden, 0)
    let operands = inputs.filter { $0.shape.rank == 4 } + outputs
    return Cost(
      flops: pairs * (isGradient ? 6 * size + 4 * valueSize : 2 * (size + valueSize)),
      elements: operands.reduce(0) { $0 + $1.shape.elementCount })
  }

  var title: String {
    "attention\(isGradient ? " gradient" : "") \([batch, heads, queries, size]) to \(keys)\(causal ? ", causal" : "")"
  }

  func writing(_ output: Int, as view: View) -> (any Kernel)? {
    guard view.shape.rank == 4, view.shape[3] == 1 || view.strides[3] == 1 else { return nil }
    var copy = self
    copy.outputs[output] = view.layout
    return copy
  }

  func layout(ofOutput output: Int) -> Layout? { outputs[output] }

  func load(_ step: Step, into loader: inout KernelLoader) -> any LoadedKernel {
    let shape = backprop_attention_shape(
      batch: Int64(batch), heads: Int64(heads), kv_heads: Int64(kvHeads), queries: Int64(queries), keys: Int64(keys),
      size: Int64(size), value_size: Int64(valueSize), causal: causal ? 1 : 0, scale: Float(scale), lengths: nil,
      length_stride: Int64(inputs[3].strides[0]))
    let layouts = (inputs + outputs).map { layout in
      guard layout.strides.count == 4 else { return backprop_heads() }
      return backprop_heads(
        data: nil, example: Int64(layout.strides[0]), head: Int64(layout.strides[1]), position: Int64(layout.strides[2])
      )
    }
    return LoadedAttention(shape: shape, layouts: loader.tables.copy(layouts), isGradient: isGradient)
  }
}

private struct LoadedAttention: LoadedKernel {
  let shape: backprop_attention_shape
  let layouts: UnsafePointer<backprop_heads>
  let isGradient: Bool

  func run(_ operands: KernelOperands) throws(TensorError) {
    func heads(_ index: Int) -> backprop_heads {
      var heads = layouts[index]
      heads.data = operands[index]
      return heads
    }
    var shape = shape
    shape.lengths = UnsafePointer(operands.ints(3))
    var (q, k, v) = (heads(0), heads(1), heads(2))
    let status: Int32
    if isGradient {
      var (y, upstream, dq, dk, dv) = (heads(4), heads(6), heads(7), heads(8), heads(9))
      status = backprop_attention_gradient(&shape, &q, &k, &v, &y, operands[5], &upstream, &dq, &dk, &dv)
    } else {
      var y = heads(4)
      status = backprop_attention(&shape, &q, &k, &v, &y, operands[5])
    }
    guard status == 0 else { throw TensorError("attention: no memory is left for its tiles") }
  }
}
