import Tensors

/// Keeps the weights of the best evaluation, and restores them in the model when training ends.
///
/// Costs a copy of the weights at each evaluation that is the best so far.
public final class BestWeights: TrainingCallback {
  private let metric: WatchedMetric
  private var best: Best?

  private struct Best {
    var value: Double
    var evaluation: Evaluation?
    var weights: StoredWeights
  }

  /// Keeps the weights for which `metric` was best.
  public init(watching metric: WatchedMetric = .loss) { self.metric = metric }

  public func trainingWillStart(_ training: RunningTraining) throws { try metric.check() }

  public func evaluationDidEnd(_ report: EvaluationReport, of training: RunningTraining) throws {
    let value = try metric.value(in: report)
    guard metric.isImproved(value, on: best?.value) else { return }
    best = Best(value: value, evaluation: report.evaluation, weights: try StoredWeights(of: training.model))
  }

  public func trainingDidEnd(_ result: inout TrainingResult, of training: RunningTraining) throws {
    guard let best else { return }
    try best.weights.write(to: training.model)
    result.evaluation = best.evaluation
  }

  public func state() -> CallbackState {
    guard let best else { return CallbackState() }
    return CallbackState(values: ["best": best.value], evaluation: best.evaluation, arrays: best.weights.entries)
  }

  public func restore(_ state: CallbackState, in training: RunningTraining) throws {
    best = try state.values["best"].map { value in
      Best(
        value: value, evaluation: state.evaluation,
        weights: try StoredWeights(state.arrays, of: training.model, called: "best"))
    }
  }
}
