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
    /// In their order; checkpoints of version 0.1 have none.
    var callbacks: [Callback]?

    struct Callback: Codable, Hashable {
      var name: String
      var values: [String: Double]
      var evaluation: Evaluation?
    }
  }

  var header: Header
  /// `model/…`, `optimizer/…`, `task/…` and, of the callbacks by their positions, `callbacks/0/…`.
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
    try self.init(of: task, optimizer, counts, [])
  }

  /// Restores model, optimizer, task and the counter of `Random.current`, and nothing of callbacks.
  ///
  /// Throws a `TrainingError` where it belongs to another training; then nothing has changed.
  public func restore(to task: some TrainingTask, with optimizer: any Optimizer) throws {
    try restore(to: task, optimizer, nil)
  }

  /// Copies the current values. Costs a copy of the model, its optimizer's state and what callbacks keep.
  init(
    of task: some TrainingTask, _ optimizer: any Optimizer, _ counts: Progress.Counts,
    _ callbacks: [any TrainingCallback]
  ) throws {
    let states = try callbacks.map { (name: $0.name, state: try $0.state()) }
    header = Header(
      counts: counts, stepsPerEpoch: task.stepsPerEpoch, updates: optimizer.stepCount,
      randomSeed: Random.current.seed, randomCounter: Random.current.counter,
      callbacks: states.map {
        Header.Callback(name: $0.name, values: $0.state.values, evaluation: $0.state.evaluation)
      })
    arrays = try Self.variables(of: task, optimizer).map { name, variable in
      try SafeTensors.Entry(name: name, variable)
    }
    for (position, (_, state)) in states.enumerated() {
      for var entry in state.arrays {
        entry.name = "\(Self.prefix(position))\(entry.name)"
        arrays.append(entry)
      }
    }
  }

  private static func prefix(_ position: Int) -> String { "callbacks/\(position)/" }

  /// Restores model, optimizer, task, `Random.current` and `callbacks`, which are ignored where they are `nil`.
  ///
  /// Throws a `TrainingError` where it belongs to another training; then nothing has changed but callbacks.
  func restore(
    to task: some TrainingTask, _ optimizer: any Optimizer, _ callbacks: [any TrainingCallback]?,
    in training: RunningTraining? = nil
  ) throws {
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
    let states = takeCallbacks(from: &left)
    if let callbacks, let training {
      guard callbacks.map(\.name) == states.map(\.name) else {
        let list = { (names: [String]) in names.isEmpty ? "none" : names.joined(separator: ", ") }
        throw TrainingError(
          "the checkpoint was made with the callbacks \(list(states.map(\.name))), not \(list(callbacks.map(\.name))); "
            + "go on with its own")
      }
      for (callback, (_, state)) in zip(callbacks, states) { try callback.restore(state, in: training) }
    }
    if let extra = left.keys.min() {
      throw TrainingError("the checkpoint holds '\(extra)', which this training does not have")
    }
    for (variable, entry) in found { try entry.write(to: variable) }
    optimizer.stepCount = header.updates
    Random.current.counter = header.randomCounter
  }

  /// The states of the callbacks, whose arrays are taken out of `left`.
  private func takeCallbacks(
    from left: inout [String: SafeTensors.Entry]
  ) -> [(name: String, state: CallbackState)] {
    (header.callbacks ?? []).enumerated().map { position, callback in
      let prefix = Self.prefix(position)
      let arrays = left.keys.filter { $0.hasPrefix(prefix) }.sorted().compactMap { key in
        left.removeValue(forKey: key).map { entry in
          var entry = entry
          entry.name = String(key.dropFirst(prefix.count))
          return entry
        }
      }
      return (
        callback.name, CallbackState(values: callback.values, evaluation: callback.evaluation, arrays: arrays)
      )
    }
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
