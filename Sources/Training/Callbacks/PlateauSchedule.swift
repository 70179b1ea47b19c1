/// Lowers the learning rate when a metric has stopped improving.
///
/// After more than `patience` evaluations without an improvement the rate is multiplied with `factor`, and then
/// `cooldown` evaluations do not count. Multiplies with the trainer's schedule, which is mostly constant then.
///
/// The rule is that of PyTorch's `ReduceLROnPlateau` with an absolute threshold, `WatchedMetric.leastGain`.
public final class PlateauSchedule: TrainingCallback {
  private let factor: Double
  private let patience: Int
  private let cooldown: Int
  private let leastFactor: Double
  private let metric: WatchedMetric
  private var best: Double?
  private var evaluationsWithoutGain = 0
  private var cooldownLeft = 0
  /// What the rate is multiplied with now.
  public private(set) var currentFactor = 1.0

  /// `factor` is above 0 and below 1; the rate does not fall below `leastFactor` of itself.
  public init(
    factor: Double = 0.1, patience: Int = 10, cooldown: Int = 0, leastFactor: Double = 0,
    watching metric: WatchedMetric = .loss
  ) {
    self.factor = factor
    self.patience = patience
    self.cooldown = cooldown
    self.leastFactor = leastFactor
    self.metric = metric
  }

  public func trainingWillStart(_ training: RunningTraining) throws {
    guard factor > 0, factor < 1, patience >= 0, cooldown >= 0, (0...1).contains(leastFactor) else {
      throw TrainingError(
        "a plateau schedule needs a factor above 0 and below 1, patience and cooldown of at least 0 and a least factor "
          + "from 0 to 1, not \(factor), \(patience), \(cooldown) and \(leastFactor)")
    }
    try metric.check()
    training.learningRateFactor *= Float(currentFactor)
  }

  public func evaluationDidEnd(_ report: EvaluationReport, of training: RunningTraining) throws {
    let value = try metric.value(in: report)
    if metric.isImproved(value, on: best) {
      (best, evaluationsWithoutGain) = (value, 0)
    } else {
      evaluationsWithoutGain += 1
    }
    if cooldownLeft > 0 {
      cooldownLeft -= 1
      evaluationsWithoutGain = 0
    }
    guard evaluationsWithoutGain > patience else { return }
    let lowered = max(currentFactor * factor, leastFactor)
    training.learningRateFactor *= Float(lowered / currentFactor)
    (currentFactor, cooldownLeft, evaluationsWithoutGain) = (lowered, cooldown, 0)
  }

  public func state() -> CallbackState {
    var state = CallbackState(values: [
      "evaluationsWithoutGain": Double(evaluationsWithoutGain), "cooldownLeft": Double(cooldownLeft),
      "factor": currentFactor,
    ])
    state.values["best"] = best
    return state
  }

  public func restore(_ state: CallbackState, in training: RunningTraining) throws {
    best = state.values["best"]
    evaluationsWithoutGain = Int(exactly: state.values["evaluationsWithoutGain"] ?? 0) ?? 0
    cooldownLeft = Int(exactly: state.values["cooldownLeft"] ?? 0) ?? 0
    currentFactor = state.values["factor"] ?? 1
  }
}
