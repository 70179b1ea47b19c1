/// Means, variances and the covariance of predictions and targets, updated stably.
///
/// Source: West, "Updating Mean and Variance Estimates: An Improved Method", CACM 22 (1979).
struct JointMoments: Hashable, Sendable {
  private(set) var total = 0.0
  /// Of predictions and of targets.
  private(set) var means = SIMD2(0.0, 0.0)
  /// Σ w (x − x̄)² of both.
  private(set) var spreads = SIMD2(0.0, 0.0)
  /// Σ w (ŷ − mean of ŷ) (y − mean of y)
  private(set) var joint = 0.0

  mutating func update(_ batch: RegressionBatch) {
    for index in batch.targets.indices where batch.weights[index] > 0 {
      let (weight, pair) = (batch.weights[index], SIMD2(batch.predictions[index], batch.targets[index]))
      total += weight
      let step = pair - means
      means += step * (weight / total)
      let rest = pair - means
      spreads += weight * step * rest
      joint += weight * step.x * rest.y
    }
  }
}

/// The correlation of predictions and targets, Pearson's: 1 where one is a rising straight line of the other, 0 where they
/// have nothing to do with each other, −1 for a falling line.
///
/// Not defined where all predictions or all targets are equal. Memory: six numbers.
///
/// Source: Pearson, "Note on Regression and Inheritance in the Case of Two Parents", Proceedings of the Royal Society 58
/// (1895).
public struct PearsonCorrelation: Metric, Hashable {
  public var name: String { "correlation" }
  public var direction: MetricDirection { .higherIsBetter }
  private var moments = JointMoments()

  /// A correlation over no examples yet.
  public init() {}

  public mutating func update(_ batch: RegressionBatch) throws(TrainingError) { moments.update(batch) }

  public var value: Double {
    get throws(TrainingError) {
      let size = moments.spreads.x.squareRoot() * moments.spreads.y.squareRoot()
      guard size > 0 else { throw TrainingError("\(name) needs predictions that differ and targets that differ") }
      return min(max(moments.joint / size, -1), 1)
    }
  }
}

/// The agreement of predictions and targets, Lin's concordance: the correlation, less the further the line lies from
/// prediction = target. 1 for perfect predictions.
///
/// 2 · covariance / (variance of ŷ + variance of y + (mean of ŷ − mean of y)²). Not defined where all numbers are equal.
/// Memory: six numbers.
///
/// Source: Lin, "A Concordance Correlation Coefficient to Evaluate Reproducibility", Biometrics 45 (1989).
public struct ConcordanceCorrelation: Metric, Hashable {
  public var name: String { "concordance" }
  public var direction: MetricDirection { .higherIsBetter }
  private var moments = JointMoments()

  /// A concordance over no examples yet.
  public init() {}

  public mutating func update(_ batch: RegressionBatch) throws(TrainingError) { moments.update(batch) }

  public var value: Double {
    get throws(TrainingError) {
      let shift = moments.means.x - moments.means.y
      let size = moments.spreads.x + moments.spreads.y + moments.total * shift * shift
      guard size > 0 else { throw TrainingError("\(name) needs numbers that differ") }
      return 2 * moments.joint / size
    }
  }
}
