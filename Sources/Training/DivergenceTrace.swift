import Models
import NeuralNetworks
import Tensors

/// Finds out why the loss of a step is not finite.
///
/// When that is detected, the update has destroyed the parameters already. So the steps since the last checkpoint,
/// which give the same bits again, are repeated, and all values are checked after each. The first step that makes
/// something non-finite is recorded again from the values before it, and its operations are computed one by one.
struct DivergenceTrace<Task: TrainingTask> {
  let task: Task
  let optimizer: any Optimizer
  /// Sets what the optimizer has for a step, counted from 0.
  let prepare: (Int) throws -> Void

  /// The cause as a part of a sentence; `nil` where the steps up to `last`, counted from 0, were finite this time.
  /// Leaves the model with its last finite values. Throws a `TrainingError` where it is a label that is not a class, or
  /// an index outside an embedding's table: no setting of the training helps there.
  func cause(upTo last: Int, from checkpoint: Checkpoint) throws -> String? {
    guard checkpoint.step <= last else { return nil }
    try checkpoint.restore(to: task, with: optimizer)
    if let spoiled = try spoiledVariable() {
      return "\(spoiled.name) had a value that \(Self.verb(spoiled.isNaN)) before step \(checkpoint.step + 1)"
    }
    var before = checkpoint
    for step in checkpoint.step...last {
      try prepare(step)
      let recorded = try task.record(step: step)
      try optimizer.update(along: recorded.allGradients, evaluating: [recorded.loss])
      let spoiled = try spoiledVariable()
      if try spoiled != nil || !recorded.loss.cast(to: .float32).scalar().isFinite {
        return try inspect(step, from: before, spoiled)
      }
      before = try Checkpoint(of: task, optimizer, Progress.Counts(steps: step + 1), [])
    }
    return nil
  }

  /// The first non-finite value of the step that began from `before`. `spoiled` are the values after the update.
  private func inspect(_ step: Int, from before: Checkpoint, _ spoiled: (name: String, isNaN: Bool)?) throws -> String {
    try before.restore(to: task, with: optimizer)
    let (recorded, layers) = try tracingLayers { try task.record(step: step) }
    let parameters = task.model.parameters.compactMap { name, parameter in
      recorded.gradients[parameter].map { (name: name, gradient: $0) }
    }
    defer { try? before.restore(to: task, with: optimizer) }
    let forward = try firstNonFinite(of: [recorded.loss])
    if let origin = try forward ?? firstNonFinite(of: parameters.map(\.gradient)) {
      let verb = Self.verb(origin.isNaN)
      switch origin.source {
      case .variable(let name): return "\(name) had a value that \(verb) in step \(step + 1)"
      case .index(let index, let position, let count, let isLabel):
        throw TrainingError(
          (isLabel ? "label" : "index")
            + " \(index) at position \(position) of the data of step \(step + 1) is none of the "
            + "\(count) \(isLabel ? "classes" : "rows of a table"): it must be 0 to \(count - 1)", step: step + 1)
      case .data: return "the data of step \(step + 1) had a value that \(verb)"
      case .operation(let name):
        let layer = layers.filter { $0.positions.contains(origin.position) }
          .min { $0.positions.count < $1.positions.count }
        let place =
          if forward == nil {
            "in the gradient of \(parameters[origin.index].name)"
          } else if let layer {
            "in \(layer.name.isEmpty ? layer.kind : "\(layer.name) (\(layer.kind))")"
          } else {
            "outside of the layers"
          }
        return "the first value that \(verb) came out of '\(name)' \(place), \(origin.shape), in step \(step + 1)"
      }
    }
    return "the update of step \(step + 1) gave \(spoiled?.name ?? "something") a value that "
      + Self.verb(spoiled?.isNaN ?? true)
  }

  private static func verb(_ isNaN: Bool) -> String { isNaN ? "was not a number" : "was infinite" }

  /// The first parameter, running mean, or state of the optimizer or the task that is not finite.
  private func spoiledVariable() throws -> (name: String, isNaN: Bool)? {
    let variables =
      try namedVariables(of: task.model) + optimizer.stateVariables.map { ($0.name, $0) } + task.stateVariables
    for (name, variable) in variables {
      if !variable.isFinite { return (name, variable.holdsNaN) }
    }
    return nil
  }
}
