extension Op {
  /// The types of attention's results, y and logsumexp, or what is wrong with queries, keys, values and lengths.
  func inferAttention(_ inputs: [TensorType], scale: Double) throws(TensorError) -> [TensorType] {
    let (q, k, v, lengths) = (inputs[0], inputs[1], inputs[2], inputs[3])
    for (operand, type) in [("queries", q), ("keys", k), ("values", v)] {
      guard type.shape.rank == 4, type.dtype == .float32 else {
        throw TensorError("attention: \(operand) must be float32 [batch, heads, positions, size], not \(type)")
      }
    }
    let operands = "attention: queries \(q.shape), keys \(k.shape), values \(v.shape)"
    guard q.shape[0] == k.shape[0], k.shape[0] == v.shape[0] else {
      throw TensorError("\(operands) — the batch sizes (axis 0) must be equal")
    }
    guard k.shape[1] == v.shape[1], k.shape[2] == v.shape[2] else {
      throw TensorError("\(operands) — keys and values must have as many heads (axis 1) and positions (axis 2)")
    }
    guard k.shape[1] > 0, q.shape[1] % k.shape[1] == 0 else {
      throw TensorError("\(operands) — the queries' heads (axis 1) must be a multiple of the keys'")
    }
    guard q.shape[3] == k.shape[3] else {
      throw TensorError("\(operands) — queries and keys must have the same size (axis 3)")
    }
    guard lengths == TensorType([q.shape[0]], .int32) else {
      throw TensorError("attention: a batch of \(q.shape[0]) needs lengths int32 [\(q.shape[0])], not \(lengths)")
    }
    guard scale.isFinite else { throw TensorError("attention: scale must be a finite number, not \(scale)") }
    let rows = Shape(q.shape.dropLast())
    return [TensorType(Shape(rows.dimensions + [v.shape[3]])), TensorType(rows)]
  }
}
