import NeuralNetworks
import Tensors

/// A running training.
struct TrainingLoop<Task: TrainingTask> {
  let trainer: Trainer
  let task: Task
  let optimizer: any Optimizer
  private let stepper: Stepper
  /// The learning rate that the schedule scales.
  private let rate: Float
  private var progress: Progress
  private let training: RunningTraining
  private let callbacks: [any TrainingCallback]
  private let store: CheckpointStore?
  private var clock: CheckpointClock
  /// Where the search for the cause of a non-finite loss begins, while there is no checkpoint in the store.
  private var snapshot: Checkpoint?
  /// What several processes agreed on with the last step.
  private var agreed = StepRequests()
  /// Whether the model was evaluated since the last checkpoint.
  private var hasNewEvaluation = false

  init(
    trainer: Trainer, task: Task, optimizer: any Optimizer, callbacks: [any TrainingCallback], length: TrainingLength,
    checkpoint: Checkpoint?, store: CheckpointStore?
  ) throws {
    self.trainer = trainer
    self.task = task
    self.optimizer = optimizer
    rate = optimizer.learningRate
    stepper = Stepper(
      task, optimizer, synchronizesBatchNorm: trainer.synchronizesBatchNorm, gradientType: trainer.gradientType)
    self.store = store
    self.callbacks = callbacks
    training = RunningTraining(
      model: task.model, optimizer: optimizer, step: checkpoint?.step ?? 0, totalSteps: length.steps)
    try checkpoint?.restore(to: task, optimizer, callbacks, in: training)
    progress = Progress(
      length, timeLimit: trainer.timeLimit, from: checkpoint?.header.counts ?? Progress.Counts())
    if task.processes.size > 1 { try Self.join(task, optimizer, trainer, &progress) }
    clock = CheckpointClock(
      steps: trainer.checkpointSteps, interval: trainer.checkpointInterval, from: checkpoint?.step ?? 0)
    // Several processes do not search for the cause.
    if task.processes.size == 1 { snapshot = try Checkpoint(of: task, optimizer, progress.counts, callbacks) }
  }

  mutating func run(_ report: (TrainingEvent) throws -> Void) throws -> TrainingResult {
    for callback in callbacks { try callback.trainingWillStart(training) }
    let ending = try steps(report)
    // Before callbacks change the weights.
    if store != nil || task.processes.size > 1, clock.savedStep != progress.steps || hasNewEvaluation {
      try save(report)
    }
    var result = progress.result(ending, evaluation: progress.counts.evaluation)
    for callback in callbacks { try callback.trainingDidEnd(&result, of: training) }
    return result
  }

  private mutating func steps(_ report: (TrainingEvent) throws -> Void) throws -> TrainingResult.Ending {
    while true {
      if isStopRequested, progress.needsEvaluation || !progress.isDone { return .interrupted }
      if progress.needsEvaluation {
        let task = task
        let evaluation = try progress.evaluating { try task.evaluate() }
        let evaluationReport = progress.count(evaluation)
        try report(.evaluation(evaluationReport))
        for callback in callbacks { try callback.evaluationDidEnd(evaluationReport, of: training) }
        try training.agree(with: self.task.processes)
        hasNewEvaluation = true
      }
      if progress.isDone { return .completed }
      if let ending = training.requestedEnding { return ending }
      if isSaveDue { try save(report) }
      let stepReport = try step(report)
      training.step = progress.steps
      try report(.step(stepReport))
      for callback in callbacks { try callback.stepDidEnd(stepReport, of: training) }
      guard progress.length.isEpochEnd(progress.steps) else { continue }
      for callback in callbacks { try callback.epochDidEnd(progress.epoch, of: training) }
    }
  }

  /// Whether to stop, which several processes agree on with each step.
  private var isStopRequested: Bool { task.processes.size > 1 ? agreed.stop : trainer.stop.isRequested }

  /// Whether a checkpoint is due, which is for process 0 to say.
  private var isSaveDue: Bool {
    task.processes.size > 1 ? agreed.save && clock.savedStep != progress.steps : isSaveDue(after: progress.steps)
  }

  private func isSaveDue(after step: Int) -> Bool {
    clock.isDue(after: step, isEpochEnd: progress.length.isEpochEnd(step))
  }

  /// Saves a checkpoint, or in memory where there is no store.
  private mutating func save(_ report: (TrainingEvent) throws -> Void) throws {
    if store != nil { try report(.saving(step: progress.steps)) }
    try task.collectState()
    let (task, optimizer, callbacks, store) = (task, optimizer, callbacks, store)
    var (clock, snapshot) = (clock, snapshot)
    try progress.pausing { counts in
      try clock.save(counts.steps) {
        // Of several processes, those without a store only give away what they have.
        let checkpoint = try optimizer.collectingState {
          guard store != nil || task.processes.size == 1 else { return nil as Checkpoint? }
          return try Checkpoint(of: task, optimizer, counts, callbacks)
        }
        snapshot = store == nil ? checkpoint : nil
        try checkpoint.map { try store?.save($0) }
      }
    }
    (self.clock, self.snapshot) = (clock, snapshot)
    hasNewEvaluation = false
    if store != nil { try report(.saved(step: progress.steps)) }
  }

  /// One update. The loss, the accuracy and the norm are computed in the same plan as the update.
  private mutating func step(_ report: (TrainingEvent) throws -> Void) throws -> StepReport {
    let number = progress.steps + 1
    try prepareOptimizer(forStep: progress.steps)
    var requests = StepRequests()
    if task.processes.size > 1 {
      requests.stop = trainer.stop.isRequested
      if task.processes.rank == 0 {
        requests.save = isSaveDue(after: number)
        (requests.isTimeUp, requests.totalSteps) = (progress.isOverTime, progress.possibleSteps)
      }
    }
    let outcome = try stepper.step(progress.steps, measuring: measurement(ofStep: number), requests: requests)
    if task.processes.size > 1 {
      agreed = outcome.requests
      progress.agree(isTimeUp: agreed.isTimeUp, totalSteps: agreed.totalSteps)
    }
    guard outcome.loss.isFinite else { throw try explained(Float(outcome.loss), report) }
    return progress.count(outcome, learningRate: Double(optimizer.learningRate))
  }

  /// What the step with this number, from 1, measures: depends on the number alone, so that a resumed training does the
  /// same.
  private func measurement(ofStep number: Int) -> StepMeasurement {
    let (interval, last) = (trainer.logInterval, progress.length.steps)
    guard number > 1, number != last else { return [.norm, .layers] }
    guard number % interval == 0 else { return [] }
    // Some forty of all steps: measuring layers takes as long as a step of a small network.
    let spacing = (last / 40 / interval + 1).times(interval)
    return number % spacing == 0 ? [.norm, .layers] : .norm
  }

  /// Sets the learning rate of a step, counted from 0, and the momentum where the schedule has one.
  private func prepareOptimizer(forStep step: Int) throws {
    let (schedule, total) = (trainer.schedule, progress.totalSteps)
    optimizer.learningRate = rate * training.learningRateFactor * Float(schedule.factor(after: step, of: total))
    guard let momentum = schedule.momentum(after: step, of: total) else { return }
    guard let optimizer = optimizer as? any MomentumOptimizer else {
      throw TrainingError(
        "the schedule changes the momentum, and \(type(of: optimizer)) has none that changes; take an optimizer "
          + "that has one, such as Momentum or Adam, or a schedule without one")
    }
    optimizer.momentum = momentum
  }

  /// The error for a loss that is not finite, with its cause.
  private func explained(_ loss: Float, _ report: (TrainingEvent) throws -> Void) throws -> TrainingError {
    let learningRate = optimizer.learningRate
    var cause: String?
    // Not by several processes, whose steps would have to be traced together.
    if task.processes.size == 1, let start = try snapshot ?? store?.load() {
      try report(.tracing(step: progress.steps + 1, since: start.step))
      let trace = DivergenceTrace(task: task, optimizer: optimizer, prepare: prepareOptimizer(forStep:))
      cause = try trace.cause(upTo: progress.steps, from: start)
    }
    return .diverged(loss: loss, step: progress.steps + 1, learningRate: learningRate, cause: cause)
  }
}

extension RecordedStep {
  /// The gradients, with the assignments of other variables.
  var allGradients: Gradients {
    var result = gradients
    for (variable, value) in assignments { result.assign(value, to: variable) }
    return result
  }
}
