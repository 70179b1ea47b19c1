/// A measure of predictions that is accumulated over batches.
///
/// A metric is a value: a copy of one that has seen nothing begins anew. All metrics of one kind of batch can be updated
/// in one loop:
///
/// ```swift
/// var metrics: [any Metric<ClassificationBatch>] = [Accuracy(), F1(.macro), Recall(.micro)]
/// let batch = try ClassificationBatch(probabilities: [0.9, 0.1, 0.4, 0.6], classes: 2, labels: [0, 0])
/// for index in metrics.indices { try metrics[index].update(batch) }
/// for metric in metrics { print(metric.name, try metric.value) }
/// ```
public protocol Metric<Batch>: Sendable {
  /// What is added in one update: predictions with what would be right.
  associatedtype Batch
  /// The name in tables and files, such as `accuracy`.
  var name: String { get }
  /// Which values are better.
  var direction: MetricDirection { get }
  /// The value over all batches so far.
  ///
  /// Throws a `TrainingError` where it is not defined: before the first example, where all weights are 0, and where a
  /// metric says so.
  var value: Double { get throws(TrainingError) }
  /// Adds a batch. Throws a `TrainingError` where it does not fit the earlier ones, or lacks what the metric needs; the
  /// metric is as before then.
  mutating func update(_ batch: Batch) throws(TrainingError)
}

/// How the values of the classes become one.
public enum ClassAverage: Hashable, Sendable, Codable {
  /// The mean over the classes, each of which counts the same.
  case macro
  /// The value of all examples' decisions together, each of which counts the same.
  case micro
  /// The mean over the classes, each weighted by its share of the examples.
  case weighted
  /// The value of one class, from 0, against all others.
  case label(Int)

  /// Its part of a metric's name.
  var suffix: String {
    switch self {
    case .macro: " (macro)"
    case .micro: " (micro)"
    case .weighted: " (weighted)"
    case .label(let label): " (class \(label))"
    }
  }
}

extension TrainingError {
  /// The error for a metric's value before there is an example that counts.
  static func noExamples(_ name: String) -> TrainingError {
    TrainingError("\(name) is not defined without an example whose weight is above 0")
  }
}

/// The weights of a batch, or 1 for each example where there are none.
struct ExampleWeights: Sendable {
  private let weights: [Double]?

  /// Throws where there are not `count` weights, or one is negative or not finite.
  init(_ weights: [Double]?, count: Int) throws(TrainingError) {
    guard let weights else {
      self.weights = nil
      return
    }
    guard weights.count == count else {
      throw TrainingError("\(count) examples need as many weights, not \(weights.count)")
    }
    if let index = weights.firstIndex(where: { !($0 >= 0 && $0.isFinite) }) {
      throw TrainingError("weights must be finite and at least 0, but that of example \(index) is \(weights[index])")
    }
    self.weights = weights
  }

  /// Whether none were given.
  var areEqual: Bool { weights == nil }

  subscript(index: Int) -> Double { weights?[index] ?? 1 }
}
