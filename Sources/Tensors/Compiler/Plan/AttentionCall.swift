/// A call of the attention kernels: the sizes and the operands' strides.
struct AttentionCall {
  var causal: Bool
  var scale: Double
  var batch: Int, heads: Int, kvHeads: Int, queries: Int, keys: Int, size: Int, valueSize: Int
  /// As the operation takes them: queries, keys, values, lengths; for the gradient y, logsumexp and upstream too. With
  /// four axes, the last is contiguous.
  var inputs: [View]
  /// y and logsumexp, or the gradients of queries, keys and values.
  var outputs: [View]

  /// Whether this is the backward pass.
  var isGradient: Bool { outputs.count == 3 }
}

extension Lowering {
  /// Attention or its gradient. Operands are read in place where the last axis is contiguous, as in the parts of one
  /// projection. In results the heads of a position are adjacent, so that merging them is another view.
  mutating func lowerAttention(_ instruction: IR.Instruction, causal: Bool, scale: Double) throws(TensorError) {
    let inputs = instruction.inputs
    let (q, k, v) = (ir.types[inputs[0]].shape, ir.types[inputs[1]].shape, ir.types[inputs[2]].shape)
    var operands: [View] = []
    for input in inputs {
      var source = try view(input)
      if source.shape.rank == 4, source.shape[3] != 1, source.strides[3] != 1 { source = rowMajor(source) }
      if source.shape.rank == 3 { source = rowMajor(source) }  // logsumexp
      operands.append(source)
    }
    let results = (0..<instruction.outputCount).map { index in
      let shape = ir.types[instruction.firstOutput + index].shape
      let view = allocate(shape, order: shape.rank == 4 ? [0, 2, 1, 3] : nil)
      views[instruction.firstOutput + index] = view
      return view
    }
    steps.append(
      .attention(
        AttentionCall(
          causal: causal, scale: scale, batch: q[0], heads: q[1], kvHeads: k[1], queries: q[2], keys: k[2], size: q[3],
          valueSize: v[3], inputs: operands, outputs: results)))
  }
}
