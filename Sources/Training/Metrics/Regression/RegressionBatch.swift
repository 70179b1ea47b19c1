import Tensors

/// Predicted numbers of a batch with the true ones.
public struct RegressionBatch: Sendable {
  /// The predictions.
  public let predictions: [Double]
  /// The true values, in the same order.
  public let targets: [Double]
  let weights: ExampleWeights

  /// Predictions with the true values; `weights` says how much each counts, 1 where it is `nil`.
  ///
  /// Throws a `TrainingError` where counts differ or a number is not finite.
  public init(predictions: [Double], targets: [Double], weights: [Double]? = nil) throws(TrainingError) {
    guard predictions.count == targets.count else {
      throw TrainingError("\(targets.count) targets need as many predictions, not \(predictions.count)")
    }
    for (name, values) in [("prediction", predictions), ("target", targets)] {
      if let index = values.firstIndex(where: { !$0.isFinite }) {
        throw TrainingError("the \(name) of example \(index) must be a finite number, not \(values[index])")
      }
    }
    self.predictions = predictions
    self.targets = targets
    self.weights = try ExampleWeights(weights, count: targets.count)
  }

  /// Predictions and targets, tensors of one shape; each element counts the same.
  ///
  /// Throws a `TrainingError` where shapes differ or an element is not finite, and what computing them throws.
  public init(predictions: Tensor, targets: Tensor) throws {
    let (found, wanted) = (predictions.cast(to: .float64), targets.cast(to: .float64))
    guard predictions.shape == targets.shape else {
      throw TrainingError(
        "predictions and targets must be of one shape, not \(predictions.shape) and \(targets.shape)")
    }
    try self.init(predictions: found.values(as: Double.self), targets: wanted.values(as: Double.self))
  }
}
