/// The area under the receiver operating characteristic: the probability that an example of a class has a higher score
/// for it than one of another class, ties counting half. From 0 to 1, and 0.5 for random scores.
///
/// `.label(1)` is the usual one for two classes; `.macro` and `.weighted` average over the classes, each against all
/// others, that have examples of their own and of others. Its value is not defined where no class has.
///
/// Memory: all probabilities, 8 bytes an example and class; the value takes a sort for each class.
///
/// Source: Hanley & McNeil, "The Meaning and Use of the Area under a Receiver Operating Characteristic (ROC) Curve",
/// Radiology 143 (1982).
public struct ROCAUC: Metric {
  public var name: String { "ROC AUC" + average.suffix }
  public var direction: MetricDirection { .higherIsBetter }
  private let average: ClassAverage
  private var examples = ScoredExamples()

  /// An area over no examples yet. Throws a `TrainingError` for `.micro`, which is not defined here.
  public init(_ average: ClassAverage = .macro) throws(TrainingError) {
    self.average = try average.notMicro("ROC AUC")
  }

  public mutating func update(_ batch: ClassificationBatch) throws(TrainingError) { try examples.update(batch, name) }

  public var value: Double {
    get throws(TrainingError) {
      try examples.average(average, name) { thresholds in
        var (above, area, negatives) = (0.0, 0.0, 0.0)
        for threshold in thresholds {
          area += threshold.negative * (above + threshold.positive / 2)
          above += threshold.positive
          negatives += threshold.negative
        }
        return above > 0 && negatives > 0 ? area / (above * negatives) : nil
      }
    }
  }
}

/// The area under the precision–recall curve as average precision: the mean of the precision at each score, weighted by
/// the gain in recall there. From 0 to 1; random scores give the share of the class.
///
/// Averages and memory as of `ROCAUC`.
///
/// Source: Davis & Goadrich, "The Relationship Between Precision-Recall and ROC Curves", ICML 2006, who show why the
/// curve must not be interpolated linearly.
public struct AveragePrecision: Metric {
  public var name: String { "PR AUC" + average.suffix }
  public var direction: MetricDirection { .higherIsBetter }
  private let average: ClassAverage
  private var examples = ScoredExamples()

  /// An average precision over no examples yet. Throws a `TrainingError` for `.micro`, which is not defined here.
  public init(_ average: ClassAverage = .macro) throws(TrainingError) {
    self.average = try average.notMicro("PR AUC")
  }

  public mutating func update(_ batch: ClassificationBatch) throws(TrainingError) { try examples.update(batch, name) }

  public var value: Double {
    get throws(TrainingError) {
      try examples.average(average, name) { thresholds in
        var (positives, total, sum) = (0.0, 0.0, 0.0)
        for threshold in thresholds {
          positives += threshold.positive
          total += threshold.positive + threshold.negative
          sum += threshold.positive * (positives / total)
        }
        return positives > 0 && total > positives ? sum / positives : nil
      }
    }
  }
}

extension ClassAverage {
  func notMicro(_ name: String) throws(TrainingError) -> ClassAverage {
    guard self != .micro else {
      throw TrainingError("\(name) has no micro average here; take .macro, .weighted or .label")
    }
    return self
  }
}
