import Tensors

/// (prediction − target)² of each element: two tensors of one shape, and their mean by default.
///
/// The shapes must be equal; broadcasting here would hide a forgotten axis. `.none` gives the operands' shape.
public func meanSquaredError(
  _ predictions: Tensor, _ targets: Tensor, reduction: LossReduction = .mean, file: StaticString = #fileID,
  line: UInt = #line
) -> Tensor {
  Loss("meanSquaredError", reduction, file, line).ofDifferences(predictions, targets) { $0.square() }
}

/// |prediction − target| of each element, the L1 loss: two tensors of one shape, and their mean by default.
///
/// `.none` gives the operands' shape. The gradient is 0 where both are equal.
public func meanAbsoluteError(
  _ predictions: Tensor, _ targets: Tensor, reduction: LossReduction = .mean, file: StaticString = #fileID,
  line: UInt = #line
) -> Tensor {
  Loss("meanAbsoluteError", reduction, file, line).ofDifferences(predictions, targets) { $0.abs() }
}

/// d² / 2 for differences d within ±delta and delta · (|d| − delta / 2) beyond, so that outliers pull with a bounded
/// gradient: two tensors of one shape.
///
/// Source: Huber, "Robust Estimation of a Location Parameter", Annals of Mathematical Statistics 35 (1964).
public func huberLoss(
  _ predictions: Tensor, _ targets: Tensor, delta: Double = 1, reduction: LossReduction = .mean,
  file: StaticString = #fileID, line: UInt = #line
) -> Tensor {
  let loss = Loss("huberLoss", reduction, file, line)
  guard delta > 0, delta.isFinite else {
    return .failed(TensorError("huberLoss: delta must be above 0, not \(delta)", callSite: loss.site))
  }
  return loss.ofDifferences(predictions, targets) { $0.huber(delta) }
}

/// d² / (2 · beta) for differences d within ±beta and |d| − beta / 2 beyond, Huber's loss over beta; `beta` 0 is the mean
/// absolute error. Two tensors of one shape.
///
/// Source: Girshick, "Fast R-CNN", ICCV 2015, equation 3.
public func smoothL1Loss(
  _ predictions: Tensor, _ targets: Tensor, beta: Double = 1, reduction: LossReduction = .mean,
  file: StaticString = #fileID, line: UInt = #line
) -> Tensor {
  let loss = Loss("smoothL1Loss", reduction, file, line)
  guard beta >= 0, beta.isFinite else {
    return .failed(TensorError("smoothL1Loss: beta must be at least 0, not \(beta)", callSite: loss.site))
  }
  return loss.ofDifferences(predictions, targets) { beta == 0 ? $0.abs() : $0.huber(beta) / .constant(beta) }
}

extension Loss {
  fileprivate func ofDifferences(_ a: Tensor, _ b: Tensor, _ losses: (Tensor) -> Tensor) -> Tensor {
    self([a, b]) { () throws(TensorError) in
      try checkSameShape(a, b)
      return losses(a - b)
    }
  }
}

extension Tensor {
  /// m · (|d| − m / 2) for m = min(|d|, δ): nothing is squared that is beyond δ.
  fileprivate func huber(_ delta: Double) -> Tensor {
    let size = abs()
    let bounded = minimum(size, .constant(delta))
    return bounded * (size - 0.5 * bounded)
  }
}
