import Models
import NeuralNetworks
import Tensors

// What several processes that train together have in common, and agree on.

extension TrainingLoop {
  /// Gives all processes the weights of process 0 and its optimizer's state, or each its part of that, and random numbers of
  /// their own.
  static func join(_ task: Task, _ optimizer: any Optimizer, _ trainer: Trainer, _ progress: inout Progress) throws {
    let steps = try task.processes.broadcast([Double(progress.possibleSteps)])
    progress.agree(totalSteps: StepRequests([0, 0, 0] + steps).totalSteps)
    let weights = try namedVariables(of: task.model).map(\.variable)
    if trainer.shardsOptimizer {
      // New or restored, it is the same everywhere.
      try optimizer.shard(over: task.processes)
      try task.processes.broadcast(weights)
    } else {
      try task.processes.broadcast(weights + optimizer.stateVariables)
    }
    Random.current.counter &+= UInt64(task.processes.rank) << 48
  }
}

extension RunningTraining {
  /// Takes over what the callbacks of process 0 decided: another processor's last bits may lead others elsewhere.
  func agree(with processes: Distributed) throws {
    guard processes.size > 1 else { return }
    let endings = TrainingResult.Ending.allCases
    let ending = requestedEnding.flatMap(endings.firstIndex) ?? -1
    let agreed = try processes.broadcast([Double(ending), Double(learningRateFactor)])
    requestedEnding = agreed[0] < 0 ? nil : endings[Int(agreed[0])]
    learningRateFactor = Float(agreed[1])
  }
}
