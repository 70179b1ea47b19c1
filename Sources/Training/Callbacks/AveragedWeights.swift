import Models
import NeuralNetworks
import Tensors

/// Keeps an average of the weights over the steps, and gives it to the model when training ends: it is often better than
/// the last weights, which have the noise of the last batches.
///
/// After step n of those that are averaged, a ← a + max(1 − decay, 1/n) · (θ − a): the mean of all of them until there are
/// 1 / (1 − decay), then one that forgets the older ones. Running statistics of batch normalization are averaged, too.
/// Costs one pass over the weights a step, and their memory.
///
/// Source: Polyak & Juditsky, "Acceleration of Stochastic Approximation by Averaging", 1992; with a decay of 1 from late
/// in the training on, Izmailov et al., "Averaging Weights Leads to Wider Optima and Better Generalization", UAI 2018
/// (SWA).
public final class AveragedWeights: TrainingCallback {
  private let decay: Double
  private let start: Double
  private let evaluate: (() throws -> Evaluation?)?
  private var averages: [(name: String, average: Variable, variable: Variable)] = []
  /// How many steps the averages are of.
  private var count = 0
  /// Those of a checkpoint, until training begins.
  private var restored: StoredWeights?

  /// An average that forgets with `decay`, 0 to 1, where 1 is the mean of all steps, beginning after the share `start` of
  /// the training. With `evaluate`, the result has the evaluation of the averaged weights.
  public init(decay: Double = 0.999, startingAfter start: Double = 0, evaluate: (() throws -> Evaluation?)? = nil) {
    (self.decay, self.start, self.evaluate) = (decay, start, evaluate)
  }

  public func trainingWillStart(_ training: RunningTraining) throws {
    guard 0...1 ~= decay, 0..<1 ~= start else {
      throw TrainingError(
        "averaged weights need a decay from 0 to 1 and a start from 0 to below 1, not \(decay) and \(start)")
    }
    averages = try namedVariables(of: training.model).map {
      ($0.name, try Variable(copying: $0.variable), $0.variable)
    }
    for (entry, pair) in zip(restored?.entries ?? [], averages) { try entry.write(to: pair.average) }
    restored = nil
  }

  public func stepDidEnd(_ report: StepReport, of training: RunningTraining) throws {
    guard Double(report.step) > start * Double(report.totalSteps) else { return }
    count += 1
    // Data and no constant, so that the plan stays the same.
    let rate = Tensor(max(1 - decay, 1 / Double(count)))
    try Tensors.evaluate(
      [],
      assigning: averages.map { _, average, variable in
        let old = average.tensor
        return (average, old + (variable.tensor - old) * rate.cast(to: average.dtype))
      })
  }

  public func trainingDidEnd(_ result: inout TrainingResult, of training: RunningTraining) throws {
    guard count > 0 else { return }
    for (_, average, variable) in averages { try variable.set(converting: average.tensor) }
    if let evaluate { result.evaluation = try evaluate() }
  }

  public func state() throws -> CallbackState {
    let arrays = try averages.map { try SafeTensors.Entry(name: $0.name, $0.average) }
    return CallbackState(values: ["count": Double(count)], arrays: count > 0 ? arrays : [])
  }

  public func restore(_ state: CallbackState, in training: RunningTraining) throws {
    count = Int(exactly: state.values["count"] ?? 0) ?? 0
    restored = count > 0 ? try StoredWeights(state.arrays, of: training.model, called: "averaged") : nil
  }
}
