/// Of the examples predicted as a class, the share that is of that class, averaged over classes; from 0 to 1.
///
/// 0 for a class that was never predicted. A class that was neither a label nor a prediction does not count. Memory: four
/// numbers a class.
public struct Precision: Metric, Hashable {
  public var name: String { "precision" + average.suffix }
  public var direction: MetricDirection { .higherIsBetter }
  private let average: ClassAverage
  private var counts = ClassCounts()

  /// A precision over no examples yet.
  public init(_ average: ClassAverage = .macro) { self.average = average }

  public mutating func update(_ batch: ClassificationBatch) throws(TrainingError) { counts.update(batch) }

  public var value: Double {
    get throws(TrainingError) { try counts.average(average, name, \.precision) }
  }
}

/// Of the examples of a class, the share that is predicted as that class, averaged over classes; from 0 to 1.
///
/// 0 for a class that was predicted and has no examples. A class that was neither a label nor a prediction does not
/// count. Memory: four numbers a class.
public struct Recall: Metric, Hashable {
  public var name: String { "recall" + average.suffix }
  public var direction: MetricDirection { .higherIsBetter }
  private let average: ClassAverage
  private var counts = ClassCounts()

  /// A recall over no examples yet.
  public init(_ average: ClassAverage = .macro) { self.average = average }

  public mutating func update(_ batch: ClassificationBatch) throws(TrainingError) { counts.update(batch) }

  public var value: Double {
    get throws(TrainingError) { try counts.average(average, name, \.recall) }
  }
}

/// The harmonic mean of a class's precision and recall, averaged over classes; from 0 to 1.
///
/// 0 where both are 0. A class that was neither a label nor a prediction does not count. Memory: four numbers a class.
///
/// Source: van Rijsbergen, "Information Retrieval", 1979, chapter 7.
public struct F1: Metric, Hashable {
  public var name: String { "F1" + average.suffix }
  public var direction: MetricDirection { .higherIsBetter }
  private let average: ClassAverage
  private var counts = ClassCounts()

  /// An F1 over no examples yet.
  public init(_ average: ClassAverage = .macro) { self.average = average }

  public mutating func update(_ batch: ClassificationBatch) throws(TrainingError) { counts.update(batch) }

  public var value: Double {
    get throws(TrainingError) { try counts.average(average, name, \.f1) }
  }
}

/// The mean of a class's precision and recall in which recall counts β times as much, averaged over classes; from 0 to 1.
/// `F1` is that of β 1.
///
/// 0 where both are 0. A class that was neither a label nor a prediction does not count. Memory: four numbers a class.
///
/// Source: van Rijsbergen, "Information Retrieval", 1979, chapter 7.
public struct FBeta: Metric, Hashable {
  public var name: String { "F\(beta)" + average.suffix }
  public var direction: MetricDirection { .higherIsBetter }
  private let beta: Double
  private let average: ClassAverage
  private var counts = ClassCounts()

  /// An F-measure over no examples yet. Throws a `TrainingError` where `beta` is not above 0.
  public init(_ beta: Double, _ average: ClassAverage = .macro) throws(TrainingError) {
    guard beta > 0, beta.isFinite else { throw TrainingError("beta must be a number above 0, not \(beta)") }
    (self.beta, self.average) = (beta, average)
  }

  public mutating func update(_ batch: ClassificationBatch) throws(TrainingError) { counts.update(batch) }

  public var value: Double {
    get throws(TrainingError) { try counts.average(average, name) { $0.fBeta(beta) } }
  }
}
