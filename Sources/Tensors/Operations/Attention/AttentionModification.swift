/// What attention may have beyond what its kernel computes: other keys hidden, a bias, weights dropped.
struct AttentionModification {
  /// bool, true where a query attends to a key; broadcasts to the table [batch, heads, tq, tk].
  var mask: Tensor?
  /// What is added to the scaled scores; broadcasts to the table.
  var bias: Tensor?
  /// Keys at this distance from a query and beyond are hidden.
  var window: Int?
  /// The probability with which a weight becomes 0.
  var dropout = 0.0

  /// Whether there is nothing that the kernel does not compute.
  var isEmpty: Bool { mask == nil && bias == nil && window == nil && dropout == 0 }
  /// Whether a query may attend to no key because of it; a bias may be −∞.
  var hides: Bool { mask != nil || bias != nil || window != nil }

  /// Throws what does not fit a table of scores of this type.
  func check(_ table: TensorType) throws(TensorError) {
    for (name, tensor, dtype) in [("mask", mask, DType.bool), ("bias", bias, table.dtype)] {
      guard let tensor else { continue }
      if let failure = tensor.failure { throw failure }
      guard tensor.dtype == dtype, tensor.shape.broadcast(with: table.shape) == table.shape else {
        throw TensorError(
          "attention: the \(name) must be \(dtype) and broadcast to \(table.shape) [batch, heads, queries, keys], not "
            + "\(tensor.type)")
      }
    }
    if let window, window < 1 { throw TensorError("attention: the window must be at least 1 key, not \(window)") }
    guard 0..<1 ~= dropout else {
      throw TensorError("attention: the rate of dropout must be at least 0 and below 1, not \(dropout)")
    }
  }

  /// Which keys mask and window let queries at these positions attend to, int32 [batch or 1, 1, tq, 1] or [tq, 1]; `nil`
  /// where they hide none.
  func visibleKeys(_ count: Int, from positions: Tensor) -> Tensor? {
    guard let window else { return mask }
    let distance = positions - Tensor.iota([count], axis: 0)
    let limit = Double(Int32(clamping: window))
    let near =
      distance.less(than: .fill(limit, [], .int32)) .& Tensor.fill(-limit, [], .int32).less(than: distance)
    return mask.map { $0 .& near } ?? near
  }

  /// Weights after dropout, which draws from `Random.current`.
  func dropped(_ weights: Tensor) -> Tensor {
    guard dropout > 0 else { return weights }
    let kept = Tensor.fill(dropout, [], .float32).lessOrEqual(to: .randomUniform(weights.shape))
    return Tensor.where(kept, weights * Tensor.fill(1 / (1 - dropout)), Tensor.fill(0))
  }
}
