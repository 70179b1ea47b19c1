/// log Σ eˣ over the elements up to each one along an axis.
struct LogCumulativeSumExp: CompositeOperation {
  let axis: Int

  func types(of operands: [TensorType]) throws(TensorError) -> [TensorType] {
    guard operands[0].dtype.isDifferentiable else { throw needsArithmetic(operands) }
    guard operands[0].shape.indices.contains(axis) else { throw operands[0].shape.noAxis(axis, for: name) }
    return operands
  }

  /// m + log s for the greatest element m so far, and s[t] = e^(m[t − 1] − m[t]) s[t − 1] + e^(x[t] − m[t]). No power is
  /// above 1, and one of those that were added up is 1.
  func definition(_ operands: [Tensor]) -> [Tensor] {
    let (x, greatest) = (operands[0], operands[0].cumulativeMax(axis: axis))
    let sums = Tensor.record(
      LinearScan(axis: axis), [ratio(greatest.delayed(along: axis), greatest), ratio(x, greatest)])
    return [greatest + sums.log()]
  }

  /// e^(x − y) h, where h[t] = u[t] + e^(y[t] − y[t + 1]) h[t + 1]
  func gradients(_ step: BackwardStep) -> [Tensor?] {
    let (x, y) = (step.operands[0], step.results[0])
    let factors = ratio(y.delayed(along: axis), y)
    return [ratio(x, y) * Tensor.record(LinearScan(axis: axis, isReversed: true), [factors, step.upstream])]
  }

  /// e^(a − b), and 1 where both are the same infinity.
  private func ratio(_ a: Tensor, _ b: Tensor) -> Tensor {
    Tensor.where(a.equal(to: b), .fill(0, [], a.dtype), a - b).exp()
  }
}
