/// What early stopping, the best weights and a schedule look at: a metric of an evaluation, and how it improves.
public struct WatchedMetric: Hashable, Sendable {
  /// Its name in `Evaluation.metrics`; `nil` for the loss.
  public var name: String?
  /// Which values are better.
  public var direction: MetricDirection
  /// Improvements up to this do not count.
  public var leastGain: Double

  /// The metric called `name`, of which values in `direction` are better by more than `leastGain`.
  public init(_ name: String, _ direction: MetricDirection, leastGain: Double = 0) {
    self.init(name: name, direction, leastGain)
  }

  private init(name: String?, _ direction: MetricDirection, _ leastGain: Double) {
    self.name = name
    self.direction = direction
    self.leastGain = leastGain
  }

  /// The loss on the validation set, or the training loss where there is none.
  public static let loss = WatchedMetric(name: nil, .lowerIsBetter, 0)
  /// The accuracy.
  public static let accuracy = WatchedMetric("accuracy", .higherIsBetter)

  /// The loss, of which decreases by up to `leastGain` do not count.
  public static func loss(leastGain: Double) -> WatchedMetric { WatchedMetric(name: nil, .lowerIsBetter, leastGain) }

  /// Its value in a report. Throws a `TrainingError` that names the metrics there are where it is not among them.
  func value(in report: EvaluationReport) throws(TrainingError) -> Double {
    guard let name else { return report.evaluation?.loss ?? report.loss }
    let metrics = report.evaluation?.metrics ?? [:]
    guard let value = metrics[name] else {
      let known = metrics.keys.sorted().map { "'\($0)'" }.joined(separator: ", ")
      throw TrainingError(
        report.evaluation == nil
          ? "the metric '\(name)' is watched, but there is no validation set to compute it on"
          : "the metric '\(name)' is watched, but an evaluation has \(known.isEmpty ? "only a loss" : known)")
    }
    return value
  }

  /// Whether `value` improves on `best`. NaN never does, and any number improves on NaN and on nothing.
  func isImproved(_ value: Double, on best: Double?) -> Bool {
    guard let best, !best.isNaN else { return !value.isNaN }
    return direction.isBetter(value, than: direction == .lowerIsBetter ? best - leastGain : best + leastGain)
  }

  /// Throws a `TrainingError` for a least gain that cannot be.
  func check() throws(TrainingError) {
    guard leastGain >= 0, leastGain.isFinite else {
      throw TrainingError("the least gain should be a finite number of at least 0, not \(leastGain)")
    }
  }
}
