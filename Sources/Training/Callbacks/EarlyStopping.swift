/// Ends training when a metric has not improved for some evaluations.
///
/// The model keeps its last weights; with ``BestWeights`` beside it, those of the best evaluation are restored.
///
/// Source: Prechelt, "Early Stopping — But When?", in Neural Networks: Tricks of the Trade, 1998.
public final class EarlyStopping: TrainingCallback {
  private let patience: Int
  private let metric: WatchedMetric
  private var best: Double?
  private(set) var evaluationsWithoutGain = 0

  /// Ends training after `patience` evaluations without an improvement of `metric`: at least 1, or training is an error.
  public init(patience: Int, watching metric: WatchedMetric = .loss) {
    self.patience = patience
    self.metric = metric
  }

  public func trainingWillStart(_ training: RunningTraining) throws {
    guard patience > 0 else { throw TrainingError("the patience must be at least 1 evaluation, not \(patience)") }
    try metric.check()
    if evaluationsWithoutGain >= patience { training.stop() }
  }

  public func evaluationDidEnd(_ report: EvaluationReport, of training: RunningTraining) throws {
    let value = try metric.value(in: report)
    if metric.isImproved(value, on: best) {
      (best, evaluationsWithoutGain) = (value, 0)
    } else {
      evaluationsWithoutGain += 1
    }
    if evaluationsWithoutGain >= patience { training.stop() }
  }

  public func state() -> CallbackState {
    var state = CallbackState(values: ["evaluationsWithoutGain": Double(evaluationsWithoutGain)])
    state.values["best"] = best
    return state
  }

  public func restore(_ state: CallbackState, in training: RunningTraining) throws {
    best = state.values["best"]
    evaluationsWithoutGain = Int(exactly: state.values["evaluationsWithoutGain"] ?? 0) ?? 0
  }
}
