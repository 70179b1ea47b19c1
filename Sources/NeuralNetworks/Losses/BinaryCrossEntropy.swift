import Tensors

/// −(t log σ(x) + (1 − t) log(1 − σ(x))) of each element, for targets t from 0 to 1: logits and targets of one shape, in
/// nats.
///
/// - Parameters:
///   - weights: multiply the losses, to which they broadcast; the mean is over the elements all the same.
///   - positiveWeights: multiply the losses of positive targets, such as [labels] for targets [batch, labels]; above 1
///     they raise the recall.
///
/// Logits of any size give a finite loss, which a sigmoid and a logarithm would not.
public func binaryCrossEntropy(
  logits: Tensor, targets: Tensor, weights: Tensor? = nil, positiveWeights: Tensor? = nil,
  reduction: LossReduction = .mean, file: StaticString = #fileID, line: UInt = #line
) -> Tensor {
  let loss = Loss("binaryCrossEntropy", reduction, file, line)
  return loss([logits, targets, weights, positiveWeights]) { () throws(TensorError) in
    try loss.checkSameShape(logits, targets, "logits")
    return try loss.weighted(try loss.binary(logits, targets, positiveWeights), weights)
  }
}

/// −(t log p + (1 − t) log(1 − p)) of each element, for probabilities p and targets t from 0 to 1, of one shape, in nats.
///
/// `weights` multiply the losses, to which they broadcast. Logarithms count as −100 at least, as in PyTorch, so that the
/// loss is finite; where there are logits, `binaryCrossEntropy(logits:targets:)` is exact.
public func binaryCrossEntropy(
  probabilities: Tensor, targets: Tensor, weights: Tensor? = nil, reduction: LossReduction = .mean,
  file: StaticString = #fileID, line: UInt = #line
) -> Tensor {
  let loss = Loss("binaryCrossEntropy", reduction, file, line)
  return loss([probabilities, targets, weights]) { () throws(TensorError) in
    try loss.checkSameShape(probabilities, targets, "probabilities")
    @Sendable func logarithm(_ x: Tensor) -> Tensor { x.log().clamped(min: -100) }
    // A rule of its own: the logarithm's derivative is infinite where the loss is bounded.
    let losses = Tensor.customGradient(of: [probabilities, targets]) { inputs in
      let (p, t) = (inputs[0], inputs[1])
      return -(t * logarithm(p) + (1 - t) * logarithm(1 - p))
    } gradient: { inputs, _, upstream in
      let (p, t) = (inputs[0], inputs[1])
      let quotient = (p - t) / (p * (1 - p)).clamped(min: 1e-12)
      return [upstream * quotient, upstream * (logarithm(1 - p) - logarithm(p))]
    }
    return try loss.weighted(losses, weights)
  }
}

extension Loss {
  /// t · softplus(−x) + (1 − t) · softplus(x): no term is the difference of large numbers.
  func binary(_ logits: Tensor, _ targets: Tensor, _ positiveWeights: Tensor?) throws(TensorError) -> Tensor {
    let positive = try weighted(targets * (-logits).softplus(), positiveWeights)
    return positive + (1 - targets) * logits.softplus()
  }
}
