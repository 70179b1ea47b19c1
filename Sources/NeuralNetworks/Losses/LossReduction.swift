import Tensors

/// How the losses of the elements, or of the examples, become the result of a loss function.
public enum LossReduction: String, Hashable, Sendable, Codable, CaseIterable {
  /// Their mean: []. The mean of no losses is an error.
  case mean
  /// Their sum: [].
  case sum
  /// One loss an element, or an example: as the function says.
  case none
}

/// What all loss functions have in common: the name in errors, the reduction, and where they were called.
struct Loss {
  let name: String
  let reduction: LossReduction
  let site: CallSite

  init(_ name: String, _ reduction: LossReduction, _ file: StaticString, _ line: UInt) {
    (self.name, self.reduction, site) = (name, reduction, CallSite(file, line))
  }

  /// The reduced losses, or a failed tensor: that of an operand, or what `losses` throws.
  func callAsFunction(_ operands: [Tensor?], _ losses: () throws(TensorError) -> Tensor) -> Tensor {
    computed(operands) { () throws(TensorError) in try reduced(try losses()) }
  }

  /// The same for a body that reduces the losses itself.
  func computed(_ operands: [Tensor?], _ result: () throws(TensorError) -> Tensor) -> Tensor {
    for case let operand? in operands where operand.failure != nil { return operand }
    do throws(TensorError) {
      return try result().called(at: site)
    } catch {
      return Tensor.failed(error).called(at: site)
    }
  }

  /// The mean is that over `weights`, where there are any.
  func reduced(_ losses: Tensor, over weights: Tensor? = nil) throws(TensorError) -> Tensor {
    switch reduction {
    case .none: return losses
    case .sum: return losses.sum()
    case .mean:
      try check(
        losses.failure != nil || losses.shape.elementCount > 0, "there is no mean of no losses; give an example")
      return weights.map { losses.sum() / $0.sum() } ?? losses.mean()
    }
  }

  func check(_ isValid: Bool, _ flaw: @autoclosure () -> String) throws(TensorError) {
    if !isValid { throw TensorError("\(name): \(flaw())") }
  }

  /// Two operands must have one shape; broadcasting would hide a forgotten axis.
  func checkSameShape(_ a: Tensor, _ b: Tensor, _ first: String = "predictions", _ second: String = "targets")
    throws(TensorError)
  {
    try check(a.shape == b.shape, "\(first) \(a.shape) and \(second) \(b.shape) differ; they must be of one shape")
  }

  func checkNumber(_ value: Double, _ what: String, _ range: PartialRangeFrom<Double> = 0...) throws(TensorError) {
    try check(range.contains(value) && value.isFinite, "\(what) must be at least \(range.lowerBound), not \(value)")
  }

  /// Weights of classes as the logits' type: [classes].
  func checked(classWeights: Tensor?, for logits: Tensor) throws(TensorError) -> Tensor? {
    guard let classWeights else { return nil }
    let classes = logits.shape[1]
    try check(classWeights.shape == [classes], "\(classes) classes need as many weights, not \(classWeights.shape)")
    return classWeights.cast(to: logits.dtype)
  }

  /// `losses` · `weights`, which broadcast to the losses.
  func weighted(_ losses: Tensor, _ weights: Tensor?) throws(TensorError) -> Tensor {
    guard let weights else { return losses }
    let product = losses * weights.cast(to: losses.dtype)
    try check(
      product.failure == nil && product.shape == losses.shape,
      "weights \(weights.shape) do not broadcast to the losses \(losses.shape)")
    return product
  }
}
