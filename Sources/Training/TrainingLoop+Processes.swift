import Models
import NeuralNetworks
import Tensors

// What several processes that train together have in common, and agree on.

extension TrainingLoop {
  /// Gives all processes the weights and the optimizer's state of process 0, and random numbers of their own.
  ///
  /// Throws a `TrainingError` for what one process alone could follow.
  static func join(_ task: Task, _ optimizer: any Optimizer, _ trainer: Trainer) throws {
    guard trainer.timeLimit == nil else {
      throw TrainingError(
        "a time limit is for one process, as several would each measure another time; take epochs or steps")
    }
    let variables = try namedVariables(of: task.model).map(\.variable) + optimizer.stateVariables
    try task.processes.broadcast(variables)
    Random.current.counter &+= UInt64(task.processes.rank) << 48
  }
}

extension RunningTraining {
  /// Takes over what the callbacks of process 0 decided: another processor's last bits may lead others elsewhere.
  func agree(with processes: Distributed) throws {
    guard processes.size > 1 else { return }
    let endings = TrainingResult.Ending.allCases
    let ending = requestedEnding.flatMap(endings.firstIndex).map { UInt8($0 + 1) } ?? 0
    let factor = (0..<4).map { UInt8(truncatingIfNeeded: learningRateFactor.bitPattern >> (8 * $0)) }
    let agreed = try processes.broadcast([ending] + factor)
    requestedEnding = agreed[0] == 0 ? nil : endings[Int(agreed[0]) - 1]
    learningRateFactor = Float(bitPattern: agreed.dropFirst().reversed().reduce(0) { $0 << 8 | UInt32($1) })
  }
}
