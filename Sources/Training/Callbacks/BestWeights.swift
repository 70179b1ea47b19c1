import Models
import NeuralNetworks
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
    var weights: [SafeTensors.Entry]
  }

  /// Keeps the weights for which `metric` was best.
  public init(watching metric: WatchedMetric = .loss) { self.metric = metric }

  public func trainingWillStart(_ training: RunningTraining) throws { try metric.check() }

  public func evaluationDidEnd(_ report: EvaluationReport, of training: RunningTraining) throws {
    let value = try metric.value(in: report)
    guard metric.isImproved(value, on: best?.value) else { return }
    let weights = try namedVariables(of: training.model).map { try SafeTensors.Entry(name: $0.name, $0.variable) }
    best = Best(value: value, evaluation: report.evaluation, weights: weights)
  }

  public func trainingDidEnd(_ result: inout TrainingResult, of training: RunningTraining) throws {
    guard let best else { return }
    for (variable, entry) in zip(try namedVariables(of: training.model).map(\.variable), best.weights) {
      try entry.write(to: variable)
    }
    result.evaluation = best.evaluation
  }

  public func state() -> CallbackState {
    guard let best else { return CallbackState() }
    return CallbackState(values: ["best": best.value], evaluation: best.evaluation, arrays: best.weights)
  }

  public func restore(_ state: CallbackState, in training: RunningTraining) throws {
    guard let value = state.values["best"] else {
      best = nil
      return
    }
    var left = Dictionary(state.arrays.map { ($0.name, $0) }) { first, _ in first }
    let weights = try namedVariables(of: training.model).map { name, variable in
      guard let entry = left.removeValue(forKey: name) else {
        throw TrainingError("the checkpoint's best weights lack '\(name)', which this model has")
      }
      guard entry.dtype == variable.dtype, Shape(entry.shape) == variable.shape else {
        throw TrainingError(
          "'\(name)' of the checkpoint's best weights is \(entry.dtype) \(entry.shape), but this model needs "
            + "\(variable.dtype) \(variable.shape)")
      }
      return entry
    }
    best = Best(value: value, evaluation: state.evaluation, weights: weights)
  }
}
