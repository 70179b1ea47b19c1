import NeuralNetworks
import Tensors

/// Predictions of a classifier for a batch, with the true classes.
public struct ClassificationBatch: Sendable {
  /// How many classes there are.
  public let classes: Int
  /// The true class of each example, from 0.
  public let labels: [Int]
  /// The predicted class of each example: the most probable one, the first of several.
  public let predictions: [Int]
  /// The probability of each class for each example, row by row: [examples, classes]; `nil` where only predicted classes
  /// are known.
  public let probabilities: [Double]?
  let weights: ExampleWeights

  /// Probabilities row by row, [examples, classes], with the true classes; `weights` says how much each example counts,
  /// 1 where it is `nil`.
  ///
  /// Throws a `TrainingError` where counts differ, a label is not one of the classes, or a probability is not a number
  /// from 0 to 1 (by more than rounding, 1e-5).
  public init(
    probabilities: [Double], classes: Int, labels: [Int], weights: [Double]? = nil
  ) throws(TrainingError) {
    try Self.check(labels, classes, "label")
    let (count, overflow) = labels.count.multipliedReportingOverflow(by: classes)
    guard !overflow, probabilities.count == count else {
      throw TrainingError(
        "\(labels.count) examples of \(classes) classes need as many probabilities as their product, not "
          + "\(probabilities.count)")
    }
    if let index = probabilities.firstIndex(where: { !(-1e-5...1.00001).contains($0) }) {
      throw TrainingError(
        "a probability must be from 0 to 1, but that of class \(index % classes) for example \(index / classes) is "
          + "\(probabilities[index]); logits become probabilities by softmax()")
    }
    self.classes = classes
    self.labels = labels
    self.probabilities = probabilities
    self.weights = try ExampleWeights(weights, count: labels.count)
    predictions = labels.indices.map { row in
      var best = row * classes
      for index in best..<best + classes where probabilities[index] > probabilities[best] { best = index }
      return best - row * classes
    }
  }

  /// Predicted classes with the true ones, both from 0 to below `classes`, for metrics that need no probabilities.
  ///
  /// Throws a `TrainingError` where counts differ or a class is out of range.
  public init(
    predictions: [Int], labels: [Int], classes: Int, weights: [Double]? = nil
  ) throws(TrainingError) {
    guard predictions.count == labels.count else {
      throw TrainingError("\(labels.count) labels need as many predictions, not \(predictions.count)")
    }
    try Self.check(labels, classes, "label")
    try Self.check(predictions, classes, "prediction")
    self.classes = classes
    self.labels = labels
    self.predictions = predictions
    probabilities = nil
    self.weights = try ExampleWeights(weights, count: labels.count)
  }

  /// Logits [examples, classes] with labels int32 [examples]; computes their softmax.
  ///
  /// Throws a `TrainingError` where shapes do not fit or a logit is not finite, and what computing the logits throws.
  public init(logits: Tensor, labels: Tensor, weights: [Double]? = nil) throws {
    let values = try labels.cast(to: .int32).values(as: Int32.self)
    guard logits.shape.rank == 2, labels.shape.dimensions == [logits.shape[0]] else {
      throw TrainingError(
        "logits must be [examples, classes] and labels [examples], not \(logits.shape) and \(labels.shape)")
    }
    let probabilities = try logits.cast(to: .float32).softmax().values()
    guard probabilities.allSatisfy(\.isFinite) else {
      throw TrainingError("a logit is not finite, so the predictions cannot be measured")
    }
    try self.init(
      probabilities: probabilities.map(Double.init), classes: logits.shape[1], labels: values.map(Int.init),
      weights: weights)
  }

  private static func check(_ labels: [Int], _ classes: Int, _ what: String) throws(TrainingError) {
    // Metrics count each class, also those without an example.
    guard 1...1 << 24 ~= classes else { throw TrainingError("there must be 1 to 2²⁴ classes, not \(classes)") }
    if let index = labels.firstIndex(where: { !(0..<classes).contains($0) }) {
      throw TrainingError(
        "the \(what) of example \(index) is \(labels[index]), but there are \(classes) classes, from 0 to \(classes - 1)"
      )
    }
  }

  /// The probabilities, which the metric of this name needs.
  func probabilities(for name: String) throws(TrainingError) -> [Double] {
    guard let probabilities else {
      throw TrainingError("\(name) needs the probabilities of the classes, and the batch only has predicted classes")
    }
    return probabilities
  }
}
