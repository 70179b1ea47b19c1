import Models
import NeuralNetworks
import Tensors

/// The state that a training needs to resume as if it had not been stopped.
public struct Checkpoint: Sendable {
  /// The values that are not arrays.
  struct Header: Codable, Hashable {
    var counts: Progress.Counts
    /// A fingerprint of the data, to detect other data.
    var stepsPerEpoch: Int
    /// The optimizer's.
    var updates: Int
    /// Of `Random.current`.
    var randomSeed: UInt64
    var randomCounter: UInt64
    var evaluationsWithoutGain: Int
    var best: Best?

    struct Best: Codable, Hashable {
      var loss: Double
      var evaluation: Evaluation?
    }
  }

  var header: Header
  /// `model/…`, `optimizer/…`, `task/…` and, of the best weights, `best/…`.
  var arrays: [SafeTensors.Entry]

  /// Steps done when it was made.
  public var step: Int { header.counts.steps }
  /// The step after which the model was evaluated last: that or an earlier one.
  public var evaluatedStep: Int { header.counts.evaluatedStep }
}

extension Checkpoint {
  /// Copies the current values of a training that is not a `Trainer`'s, after `step` steps. Costs a copy of the model and
  /// its optimizer's state. Throws what was wrong with the arguments of a layer.
  public init(of task: some TrainingTask, with optimizer: any Optimizer, step: Int = 0) throws {
    var counts = Progress.Counts()
    counts.steps = max(step, 0)
    try self.init(of: task, optimizer, counts, nil)
  }

  /// Restores model, optimizer, task and the counter of `Random.current`.
  ///
  /// Throws a `TrainingError` where it belongs to another training; then nothing has changed.
  public func restore(to task: some TrainingTask, with optimizer: any Optimizer) throws {
    _ = try restore(to: task, optimizer)
  }

  /// Copies the current values. Costs a copy of the model, its optimizer's state and the best weights.
  init(
    of task: some TrainingTask, _ optimizer: any Optimizer, _ counts: Progress.Counts, _ patience: EarlyStopping?
  ) throws {
    header = Header(
      counts: counts, stepsPerEpoch: task.stepsPerEpoch, updates: optimizer.stepCount,
      randomSeed: Random.current.seed, randomCounter: Random.current.counter,
      evaluationsWithoutGain: patience?.evaluationsWithoutGain ?? 0,
      best: patience?.best.map { Header.Best(loss: $0.loss, evaluation: $0.evaluation) })
    arrays = try Self.variables(of: task, optimizer).map { name, variable in
      try SafeTensors.Entry(name: name, variable)
    }
    if let best = patience?.best {
      for var entry in best.weights {
        entry.name = "best/\(entry.name)"
        arrays.append(entry)
      }
    }
  }

  /// Restores model, optimizer, task and `Random.current` from this checkpoint; returns the best weights.
  ///
  /// Throws a `TrainingError` where it belongs to another training; then nothing has changed.
  func restore(to task: some TrainingTask, _ optimizer: any Optimizer) throws -> EarlyStopping.Best? {
    guard header.stepsPerEpoch == task.stepsPerEpoch else {
      throw TrainingError(
        "the checkpoint was made with \(header.stepsPerEpoch) steps an epoch, but there are \(task.stepsPerEpoch); go on "
          + "with the data and the batch size that the training began with")
    }
    guard header.randomSeed == Random.current.seed else {
      throw TrainingError(
        "the checkpoint was made with the seed \(header.randomSeed), not \(Random.current.seed); go on with its own")
    }
    var left = Dictionary(arrays.map { ($0.name, $0) }) { first, _ in first }
    var found: [(Variable, SafeTensors.Entry)] = []
    for (name, variable) in try Self.variables(of: task, optimizer) {
      found.append((variable, try Self.take(name, like: variable, from: &left)))
    }
    let best = try header.best.map { best in
      let weights = try namedVariables(of: task.model).map { name, variable in
        var entry = try Self.take("best/\(name)", like: variable, from: &left)
        entry.name = name
        return entry
      }
      return EarlyStopping.Best(loss: best.loss, evaluation: best.evaluation, weights: weights)
    }
    if let extra = left.keys.min() {
      throw TrainingError("the checkpoint holds '\(extra)', which this training does not have")
    }
    for (variable, entry) in found { try entry.write(to: variable) }
    optimizer.stepCount = header.updates
    Random.current.counter = header.randomCounter
    return best
  }

  private static func take(
    _ name: String, like variable: Variable, from left: inout [String: SafeTensors.Entry]
  ) throws -> SafeTensors.Entry {
    guard let entry = left.removeValue(forKey: name) else {
      throw TrainingError("the checkpoint lacks '\(name)', which this training needs")
    }
    guard entry.dtype == variable.dtype, Shape(entry.shape) == variable.shape else {
      throw TrainingError(
        "'\(name)' of the checkpoint is \(entry.dtype) \(entry.shape), but this training needs \(variable.dtype) "
          + "\(variable.shape)")
    }
    return entry
  }

  private static func variables(
    of task: some TrainingTask, _ optimizer: any Optimizer
  ) throws -> [(name: String, variable: Variable)] {
    try namedVariables(of: task.model).map { ("model/\($0.name)", $0.variable) }
      + optimizer.stateVariables.map { ("optimizer/\($0.name)", $0) }
      + task.stateVariables.map { ("task/\($0.name)", $0.variable) }
  }
}
