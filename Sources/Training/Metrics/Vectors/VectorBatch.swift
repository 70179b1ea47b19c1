import Tensors

/// A vector of predictions for each example of a batch, with what would be right: embeddings, or distributions.
public struct VectorBatch: Sendable {
  /// How many numbers a vector has.
  public let size: Int
  /// The predictions, row by row: [examples, size].
  public let predictions: [Double]
  /// The true values in the same order.
  public let targets: [Double]
  let weights: ExampleWeights

  /// Vectors of `size` numbers row by row; `weights` says how much each example counts, 1 where it is `nil`.
  ///
  /// Throws a `TrainingError` where counts differ or a number is not finite.
  public init(predictions: [Double], targets: [Double], size: Int, weights: [Double]? = nil) throws(TrainingError) {
    guard size > 0, predictions.count == targets.count, predictions.count % size == 0 else {
      throw TrainingError(
        "predictions and targets must be as many, and vectors of at least one number each, not \(predictions.count) and "
          + "\(targets.count) in vectors of \(size)")
    }
    for (name, values) in [("prediction", predictions), ("target", targets)] {
      if let index = values.firstIndex(where: { !$0.isFinite }) {
        throw TrainingError("the \(name) of example \(index / size) must be of finite numbers, not \(values[index])")
      }
    }
    (self.size, self.predictions, self.targets) = (size, predictions, targets)
    self.weights = try ExampleWeights(weights, count: predictions.count / size)
  }

  /// Predictions and targets, tensors of one shape, whose last axis is that of the vectors.
  ///
  /// Throws a `TrainingError` where shapes differ or an element is not finite, and what computing them throws.
  public init(predictions: Tensor, targets: Tensor) throws {
    let values = try [predictions, targets].map { try $0.cast(to: .float64).values(as: Double.self) }
    guard predictions.shape == targets.shape, predictions.shape.rank > 0 else {
      throw TrainingError(
        "predictions and targets must be of one shape […, size], not \(predictions.shape) and \(targets.shape)")
    }
    try self.init(predictions: values[0], targets: values[1], size: predictions.shape[-1])
  }

  /// The examples.
  var indices: Range<Int> { 0..<predictions.count / size }

  /// The pairs of numbers of an example.
  func pairs(_ index: Int) -> some Sequence<(prediction: Double, target: Double)> {
    let row = index * size..<(index + 1) * size
    return row.lazy.map { (predictions[$0], targets[$0]) }
  }
}
