/// The highest value that one measure of a class's decisions reaches at a threshold where another is at least a given one:
/// precision at a recall, sensitivity at a specificity.
///
/// An example counts as of the class where its probability is at least the threshold. All thresholds that make a difference
/// are tried, none of a grid. 0 where none reaches the bound. Not defined where no class has examples of its own and of
/// others. Averages and memory as of `ROCAUC`.
///
/// Source: Davis & Goadrich, "The Relationship Between Precision-Recall and ROC Curves", ICML 2006.
public struct OperatingPoint: Metric {
  /// What is measured of decisions for a class.
  public enum Measure: String, Hashable, Sendable {
    /// The share of what is taken for the class that is of it; 0 where nothing is.
    case precision
    /// The share of the class that is taken for it.
    case recall
    /// The same, beside `specificity`.
    case sensitivity
    /// The share of the others that is not taken for it.
    case specificity
  }

  public var name: String { "\(measure.rawValue) at \(bounded.rawValue) \(bound)" + average.suffix }
  public var direction: MetricDirection { .higherIsBetter }
  private let measure: Measure
  private let bounded: Measure
  private let bound: Double
  private let average: ClassAverage
  private var examples = ScoredExamples()

  /// The highest `measure` where `bounded` is at least `bound`, from 0 to 1, over no examples yet. Throws a `TrainingError`
  /// for another bound, and for `.micro`, which is not defined here.
  public init(
    _ measure: Measure, at bounded: Measure, ofAtLeast bound: Double, _ average: ClassAverage = .macro
  ) throws(TrainingError) {
    guard 0...1 ~= bound else {
      throw TrainingError("the least \(bounded.rawValue) must be from 0 to 1, not \(bound)")
    }
    (self.measure, self.bounded, self.bound) = (measure, bounded, bound)
    self.average = try average.notMicro("\(measure.rawValue) at \(bounded.rawValue)")
  }

  public mutating func update(_ batch: ClassificationBatch) throws(TrainingError) { try examples.update(batch, name) }

  public var value: Double {
    get throws(TrainingError) {
      try examples.average(average, name) { thresholds in
        let positives = thresholds.reduce(0) { $0 + $1.positive }
        let negatives = thresholds.reduce(0) { $0 + $1.negative }
        guard positives > 0, negatives > 0 else { return nil }
        // Above all scores nothing is taken for the class.
        var (best, taken) = (0.0, ScoredExamples.Threshold())
        for threshold in [ScoredExamples.Threshold()] + thresholds {
          taken.positive += threshold.positive
          taken.negative += threshold.negative
          func value(_ measure: Measure) -> Double {
            switch measure {
            case .precision: taken.positive > 0 ? taken.positive / (taken.positive + taken.negative) : 0
            case .recall, .sensitivity: taken.positive / positives
            case .specificity: 1 - taken.negative / negatives
            }
          }
          if value(bounded) >= bound { best = max(best, value(measure)) }
        }
        return best
      }
    }
  }
}
