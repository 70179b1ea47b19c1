import Tensors

/// The terms p · (log p − log q) of the Kullback–Leibler divergence of targets p from probabilities q, given as logarithms:
/// two tensors of one shape.
///
/// The mean is over the elements, as PyTorch's; the divergence of distributions [batch, classes] is the `.sum` over the
/// batch's size. A target of 0 has the term 0.
///
/// Source: Kullback & Leibler, "On Information and Sufficiency", Annals of Mathematical Statistics 22 (1951).
public func klDivergence(
  logProbabilities: Tensor, targets: Tensor, reduction: LossReduction = .mean, file: StaticString = #fileID,
  line: UInt = #line
) -> Tensor {
  let loss = Loss("klDivergence", reduction, file, line)
  return loss([logProbabilities, targets]) { () throws(TensorError) in
    try loss.checkSameShape(logProbabilities, targets, "logProbabilities")
    let logarithms = Tensor.where(targets.equal(to: 0), 1, targets).log()
    return targets * logarithms - targets * logProbabilities
  }
}

/// The same for targets that are given as logarithms, too: e^t · (t − log q).
public func klDivergence(
  logProbabilities: Tensor, logTargets: Tensor, reduction: LossReduction = .mean, file: StaticString = #fileID,
  line: UInt = #line
) -> Tensor {
  let loss = Loss("klDivergence", reduction, file, line)
  return loss([logProbabilities, logTargets]) { () throws(TensorError) in
    try loss.checkSameShape(logProbabilities, logTargets, "logProbabilities", "logTargets")
    return logTargets.exp() * (logTargets - logProbabilities)
  }
}

/// ½ (log v + (t − m)² / v) of each element, the negative log-likelihood of targets t under normal distributions with means
/// m and variances v: means and targets of one shape, variances of the same, or with a last axis of 1.
///
/// - Parameters:
///   - addsConstant: whether to add ½ log 2π.
///   - epsilon: what variances below it are taken as; their gradient is taken there, too.
///
/// Source: Nix & Weigend, "Estimating the mean and variance of the target probability distribution", ICNN 1994.
public func gaussianNegativeLogLikelihood(
  means: Tensor, targets: Tensor, variances: Tensor, addsConstant: Bool = false, epsilon: Double = 1e-6,
  reduction: LossReduction = .mean, file: StaticString = #fileID, line: UInt = #line
) -> Tensor {
  let loss = Loss("gaussianNegativeLogLikelihood", reduction, file, line)
  return loss([means, targets, variances]) { () throws(TensorError) in
    try loss.checkSameShape(means, targets, "means")
    try loss.check(
      variances.shape == means.shape || variances.shape == Shape(means.shape.dropLast() + [1]),
      "variances \(variances.shape) must have the shape of the means \(means.shape), or a last axis of 1")
    try loss.check(epsilon > 0 && epsilon.isFinite, "epsilon must be above 0, not \(epsilon)")
    let bounded = variances + (variances.clamped(min: epsilon) - variances).stoppingGradient()
    let losses = 0.5 * (bounded.log() + (means - targets).square() / bounded)
    return addsConstant ? losses + .constant(0.918_938_533_204_672_7) : losses
  }
}

/// e^r − t · r of each element, the negative log-likelihood of counts t under Poisson distributions with the logarithms r
/// of their rates: two tensors of one shape.
///
/// `addsFactorial` adds Stirling's approximation of log t! for counts above 1.
public func poissonNegativeLogLikelihood(
  logRates: Tensor, targets: Tensor, addsFactorial: Bool = false, reduction: LossReduction = .mean,
  file: StaticString = #fileID, line: UInt = #line
) -> Tensor {
  let loss = Loss("poissonNegativeLogLikelihood", reduction, file, line)
  return loss.ofCounts(logRates, targets, addsFactorial, "logRates") { logRates.exp() - targets * logRates }
}

/// r − t · log(r + epsilon) of each element, the same for the rates r themselves.
public func poissonNegativeLogLikelihood(
  rates: Tensor, targets: Tensor, addsFactorial: Bool = false, epsilon: Double = 1e-8, reduction: LossReduction = .mean,
  file: StaticString = #fileID, line: UInt = #line
) -> Tensor {
  let loss = Loss("poissonNegativeLogLikelihood", reduction, file, line)
  return loss.ofCounts(rates, targets, addsFactorial, "rates") { rates - targets * (rates + .constant(epsilon)).log() }
}

extension Loss {
  fileprivate func ofCounts(
    _ rates: Tensor, _ targets: Tensor, _ addsFactorial: Bool, _ name: String, _ losses: () -> Tensor
  ) -> Tensor {
    self([rates, targets]) { () throws(TensorError) in
      try checkSameShape(rates, targets, name)
      guard addsFactorial else { return losses() }
      // What is taken of smaller counts is discarded, and must be finite.
      let counts = maximum(targets, 1)
      let stirling = counts * counts.log() - counts + 0.5 * (counts * .constant(2 * Double.pi)).log()
      return losses() + .where(targets.greater(than: 1), stirling, 0)
    }
  }
}
