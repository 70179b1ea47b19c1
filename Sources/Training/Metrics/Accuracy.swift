/// The share of examples whose predicted class is right, from 0 to 1.
///
/// Memory: two numbers.
public struct Accuracy: Metric, Hashable {
  public var name: String { "accuracy" }
  public var direction: MetricDirection { .higherIsBetter }
  private var correct = 0.0
  private var total = 0.0

  /// An accuracy over no examples yet.
  public init() {}

  public mutating func update(_ batch: ClassificationBatch) throws(TrainingError) {
    for index in batch.labels.indices {
      total += batch.weights[index]
      if batch.labels[index] == batch.predictions[index] { correct += batch.weights[index] }
    }
  }

  public var value: Double {
    get throws(TrainingError) {
      guard total > 0 else { throw .noExamples(name) }
      return correct / total
    }
  }
}

/// The share of examples whose class is among the `k` most probable ones, from 0 to 1.
///
/// Of classes with equal probabilities, the first comes first. Memory: two numbers.
public struct TopKAccuracy: Metric, Hashable {
  public var name: String { "top-\(k) accuracy" }
  public var direction: MetricDirection { .higherIsBetter }
  private let k: Int
  private var correct = 0.0
  private var total = 0.0

  /// A top-k accuracy over no examples yet. Throws a `TrainingError` where `k` is below 1.
  public init(_ k: Int = 5) throws(TrainingError) {
    guard k > 0 else { throw TrainingError("k must be at least 1, not \(k)") }
    self.k = k
  }

  public mutating func update(_ batch: ClassificationBatch) throws(TrainingError) {
    let probabilities = try batch.probabilities(for: name)
    for (index, label) in batch.labels.enumerated() {
      total += batch.weights[index]
      let start = index * batch.classes
      let own = probabilities[start + label]
      var rank = 0
      for other in 0..<batch.classes {
        let probability = probabilities[start + other]
        if probability > own || probability == own && other < label { rank += 1 }
      }
      if rank < k { correct += batch.weights[index] }
    }
  }

  public var value: Double {
    get throws(TrainingError) {
      guard total > 0 else { throw .noExamples(name) }
      return correct / total
    }
  }
}
