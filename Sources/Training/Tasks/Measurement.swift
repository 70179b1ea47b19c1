import Tensors

/// Accumulates the metrics of an evaluation over its batches.
protocol Measurement {
  mutating func add(_ outputs: Tensor, _ targets: Tensor) throws
  /// The metrics by name; those that are not defined for these examples are left out.
  var metrics: [String: Double] { get }
}

/// The means of scalars, weighted by the examples of a batch.
struct MeanMeasurement: Measurement {
  let measure: @Sendable (Tensor, Tensor) -> [String: Tensor]
  private var sums: [String: Double] = [:]
  private var count = 0.0

  init(measure: @escaping @Sendable (Tensor, Tensor) -> [String: Tensor]) { self.measure = measure }

  mutating func add(_ outputs: Tensor, _ targets: Tensor) throws {
    let examples = Double(targets.shape.first ?? 1)
    for (name, value) in measure(outputs, targets) { sums[name, default: 0] += try value.number() * examples }
    count += examples
  }

  var metrics: [String: Double] { count > 0 ? sums.mapValues { $0 / count } : [:] }
}

/// Metrics of one kind of batch.
private func values<Batch>(_ metrics: [any Metric<Batch>]) -> [String: Double] {
  Dictionary(metrics.compactMap { metric in (try? metric.value).map { (metric.name, $0) } }) { first, _ in first }
}

struct ClassificationMeasurement: Measurement {
  private var all: [any Metric<ClassificationBatch>] = [Accuracy(), F1(.macro)]

  mutating func add(_ logits: Tensor, _ labels: Tensor) throws {
    let batch = try ClassificationBatch(logits: logits, labels: labels)
    for index in all.indices { try all[index].update(batch) }
  }

  var metrics: [String: Double] { values(all) }
}

struct RegressionMeasurement: Measurement {
  private var all: [any Metric<RegressionBatch>] = [MeanAbsoluteError(), RootMeanSquaredError(), R2()]

  mutating func add(_ predictions: Tensor, _ targets: Tensor) throws {
    let batch = try RegressionBatch(predictions: predictions, targets: targets)
    for index in all.indices { try all[index].update(batch) }
  }

  var metrics: [String: Double] { values(all) }
}

/// All labels of all examples as decisions between no and yes.
struct MultiLabelMeasurement: Measurement {
  private var all: [any Metric<ClassificationBatch>] = [
    Accuracy(), Precision(.label(1)), Recall(.label(1)), F1(.label(1)),
  ]
  private static let names = ["accuracy", "precision", "recall", "F1"]

  mutating func add(_ logits: Tensor, _ targets: Tensor) throws {
    func decisions(_ values: Tensor) throws -> [Int] {
      try values.cast(to: .int32).values(as: Int32.self).map(Int.init)
    }
    let batch = try ClassificationBatch(
      predictions: decisions(logits.greater(than: 0.0)), labels: decisions(targets.greater(than: 0.5)), classes: 2)
    for index in all.indices { try all[index].update(batch) }
  }

  var metrics: [String: Double] {
    Dictionary(zip(Self.names, all).compactMap { name, metric in (try? metric.value).map { (name, $0) } }) { $1 }
  }
}

/// The positions whose label counts.
struct SequenceMeasurement: Measurement {
  private var all: [any Metric<ClassificationBatch>] = [Accuracy(), F1(.macro)]

  mutating func add(_ logits: Tensor, _ labels: Tensor) throws {
    let predictions = try logits.argmax(axis: -1).values(as: Int32.self)
    let truth = try labels.cast(to: .int32).values(as: Int32.self)
    let counted = zip(predictions, truth).filter { $0.1 >= 0 }
    guard !counted.isEmpty else { return }
    let batch = try ClassificationBatch(
      predictions: counted.map { Int($0.0) }, labels: counted.map { Int($0.1) }, classes: logits.shape[-1])
    for index in all.indices { try all[index].update(batch) }
  }

  var metrics: [String: Double] { values(all) }
}
