import Tensors

/// How often each class was predicted as each other one: a row for the true class, a column for the predicted one.
public struct ConfusionMatrix: Hashable, Sendable, Codable {
  /// How many examples of class `truth` were taken for class `prediction`: `counts[truth][prediction]`.
  public private(set) var counts: [[Int]]

  /// A matrix without an entry, for classes 0 ..< `classes`; none where that is negative. Throws a `TensorError` where
  /// there is no memory for it.
  public init(classes: Int) throws {
    counts = []
    try grow(to: classes)
  }

  /// Reads one; throws where it is not square, or its counts are negative or too many to add up.
  public init(from decoder: any Decoder) throws {
    counts = try decoder.container(keyedBy: CodingKeys.self).decode([[Int]].self, forKey: .counts)
    var left = 1 << 62
    let canBe = counts.allSatisfy { row in
      row.count == counts.count
        && row.allSatisfy { count in
          guard (0...left).contains(count) else { return false }
          left -= count
          return true
        }
    }
    guard canBe else {
      throw DecodingError.dataCorrupted(
        DecodingError.Context(
          codingPath: decoder.codingPath, debugDescription: "a confusion matrix should be square, of counts from 0 on"))
    }
  }

  private enum CodingKeys: CodingKey { case counts }

  /// How many classes there are: the number of rows and columns.
  public var classes: Int { counts.count }

  /// Counts one example. The matrix grows for a class beyond it; a negative class is not counted. Throws a
  /// `TensorError` where there is no memory for so many classes.
  public mutating func record(truth: Int, prediction: Int) throws {
    guard truth >= 0, prediction >= 0 else { return }
    try grow(to: max(truth, prediction).plus(1))
    counts[truth][prediction] += 1
  }

  /// How many examples were recorded.
  public var total: Int { counts.reduce(0) { $0 + $1.reduce(0, +) } }

  /// How many of them were right: the diagonal's sum.
  public var correct: Int { counts.indices.reduce(0) { $0 + counts[$1][$1] } }

  /// The share that was right, 0 for an empty matrix.
  public var accuracy: Double { total == 0 ? 0 : Double(correct) / Double(total) }

  /// Grows the matrix to classes 0 ..< `classes`, if it is smaller. Throws a `TensorError` where there is no memory
  /// for it.
  public mutating func grow(to classes: Int) throws(TensorError) {
    guard classes > counts.count else { return }
    try Memory.check(
      classes.times(classes).times(MemoryLayout<Int>.stride), for: "a confusion matrix of \(classes) classes")
    for row in counts.indices { counts[row] += Array(repeating: 0, count: classes - counts[row].count) }
    counts += Array(repeating: Array(repeating: 0, count: classes), count: classes - counts.count)
  }
}

extension ConfusionMatrix {
  /// Of the examples predicted as each class, the share that is of that class; 0 where there are none.
  public var precision: [Double] { (0..<classes).map(ClassCounts(of: self).measure(\.precision)) }
  /// Of the examples of each class, the share that was predicted as it; 0 where there are none.
  public var recall: [Double] { (0..<classes).map(ClassCounts(of: self).measure(\.recall)) }
  /// The harmonic mean of each class's precision and recall; 0 where both are.
  public var f1: [Double] { (0..<classes).map(ClassCounts(of: self).measure(\.f1)) }

  /// The precision over all classes that were a label or a prediction, as the metric `Precision`; 0 for an empty matrix.
  public func precision(_ average: ClassAverage) -> Double { averaged(average, \.precision) }
  /// The recall over the same classes, as the metric `Recall`; 0 for an empty matrix.
  public func recall(_ average: ClassAverage) -> Double { averaged(average, \.recall) }
  /// The F1 over the same classes, as the metric `F1`; 0 for an empty matrix.
  public func f1(_ average: ClassAverage) -> Double { averaged(average, \.f1) }

  private func averaged(_ average: ClassAverage, _ measure: (ClassCounts.Sums) -> Double) -> Double {
    (try? ClassCounts(of: self).average(average, "", measure)) ?? 0
  }
}

/// As a metric it has the accuracy as its value. Memory: a number for each pair of classes.
extension ConfusionMatrix: Metric {
  public var name: String { "confusion matrix" }
  public var direction: MetricDirection { .higherIsBetter }

  /// Counts the examples of a batch. Throws a `TrainingError` where they have weights, which a count cannot have, or
  /// there is no memory for so many classes.
  public mutating func update(_ batch: ClassificationBatch) throws(TrainingError) {
    guard batch.weights.areEqual else {
      throw TrainingError("a confusion matrix counts examples, so they cannot have weights")
    }
    do throws(TensorError) { try grow(to: batch.classes) } catch { throw TrainingError(error.message) }
    for (truth, prediction) in zip(batch.labels, batch.predictions) { counts[truth][prediction] += 1 }
  }

  public var value: Double {
    get throws(TrainingError) {
      guard total > 0 else { throw .noExamples(name) }
      return accuracy
    }
  }
}
