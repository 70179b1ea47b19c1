/// log(1 + eˣ), a smooth max(x, 0).
struct Softplus: CompositeOperation {
  func types(of operands: [TensorType]) throws(TensorError) -> [TensorType] {
    guard operands[0].dtype.isDifferentiable else { throw needsArithmetic(operands) }
    return operands
  }

  /// max(x, 0) + log(1 + e) with e = e^(−|x|), which does not overflow.
  ///
  /// 1 + e is rounded, which would leave nothing of a small e. What its logarithm is too large or small by is corrected:
  /// log(1 + e) ≈ log(u) · e / (u − 1) for the rounded u, and e where u is 1.
  ///
  /// Source: Higham, "Accuracy and Stability of Numerical Algorithms", 2002, section 1.14.1.
  func definition(_ operands: [Tensor]) -> [Tensor] {
    let (x, one) = (operands[0], Tensor.fill(1))
    let e = (-x.abs()).exp()
    let u = one + e
    let logarithm = Tensor.where(u.equal(to: one), e, u.log() * (e / (u - one)))
    return [maximum(x, .fill(0)) + logarithm]
  }

  /// u · sigmoid(x)
  func gradients(_ step: BackwardStep) -> [Tensor?] { [step.upstream * step.operands[0].sigmoid()] }
}

extension Tensor {
  /// log(1 + eˣ) of each element, a smooth max(x, 0); accurate also where it is near 0. The gradient is sigmoid(x).
  ///
  /// Source: Dugas et al., "Incorporating Second-Order Functional Knowledge for Better Option Pricing", NIPS 2000.
  public func softplus(file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    .record(Softplus(), [self], CallSite(file, line))
  }
}
