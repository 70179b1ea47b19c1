import NeuralNetworks
import Tensors

/// A training on its way.
struct TrainingLoop<Task: TrainingTask> {
  let trainer: Trainer
  let task: Task
  let optimizer: any Optimizer
  /// The learning rate that the schedule scales.
  private let rate: Float
  private var progress: Progress
  private var patience: Patience?
  private let store: CheckpointStore?
  private var clock: CheckpointClock
  /// Whether the model was evaluated since the last checkpoint.
  private var hasNewEvaluation = false

  init(
    trainer: Trainer, task: Task, optimizer: any Optimizer, length: TrainingLength, checkpoint: Checkpoint?,
    store: CheckpointStore?
  ) throws {
    self.trainer = trainer
    self.task = task
    self.optimizer = optimizer
    rate = optimizer.learningRate
    self.store = store
    let best = try checkpoint?.restore(to: task, optimizer)
    progress = Progress(length, from: checkpoint?.header.counts ?? Progress.Counts())
    patience = trainer.patience.map {
      Patience($0, best: best, evaluationsWithoutGain: checkpoint?.header.evaluationsWithoutGain ?? 0)
    }
    clock = CheckpointClock(
      steps: trainer.checkpointSteps, interval: trainer.checkpointInterval, from: checkpoint?.step ?? 0)
  }

  mutating func run(_ report: (TrainingEvent) throws -> Void) throws -> TrainingResult {
    let ending = try steps(report)
    // Before the best weights take the place of the last ones.
    if clock.savedStep != progress.steps || hasNewEvaluation { try save(report) }
    guard let best = patience?.best else { return progress.result(ending, evaluation: progress.counts.evaluation) }
    try best.restore(to: task.model)
    return progress.result(ending, evaluation: best.evaluation)
  }

  private mutating func steps(_ report: (TrainingEvent) throws -> Void) throws -> TrainingResult.Ending {
    while true {
      if trainer.stop.isRequested, progress.needsEvaluation || !progress.isDone { return .interrupted }
      if progress.needsEvaluation {
        let task = task
        let evaluation = try progress.pausing { _ in try task.evaluate() }
        try report(.evaluation(progress.count(evaluation)))
        let watched = evaluation?.loss ?? progress.counts.loss
        try patience?.note(watched, evaluation, task.model)
        hasNewEvaluation = true
      }
      if progress.isDone { return .completed }
      if patience?.isExhausted == true { return .converged }
      if clock.isDue(after: progress.steps, isEpochEnd: progress.length.isEpochEnd(progress.steps)) { try save(report) }
      try report(.step(try step()))
    }
  }

  private mutating func save(_ report: (TrainingEvent) throws -> Void) throws {
    guard let store else { return }
    try report(.saving(step: progress.steps))
    let (task, optimizer, patience) = (task, optimizer, patience)
    var clock = clock
    try progress.pausing { counts in
      try clock.save(counts.steps) { try store.save(try Checkpoint(of: task, optimizer, counts, patience)) }
    }
    self.clock = clock
    hasNewEvaluation = false
  }

  /// One update. The loss, the accuracy and the norm come out of the same plan as the update.
  private mutating func step() throws -> StepReport {
    let number = progress.steps + 1
    optimizer.learningRate =
      rate * Float(trainer.schedule.factor(after: progress.steps, of: progress.length.steps))
    let recorded = try task.record(step: progress.steps)
    var gradients = recorded.gradients
    for (variable, value) in recorded.assignments { gradients.assign(value, to: variable) }
    let isLogged = number == 1 || number % trainer.logInterval == 0 || number == progress.length.steps
    let norm = isLogged ? gradients.norm : nil
    try optimizer.update(along: gradients, evaluating: [recorded.loss] + [recorded.accuracy, norm].compactMap { $0 })
    let loss = try recorded.loss.scalar()
    guard loss.isFinite else {
      throw TrainingError.diverged(loss: loss, step: number, learningRate: optimizer.learningRate)
    }
    let outcome = StepOutcome(
      loss: Double(loss), accuracy: try recorded.accuracy.map { Double(try $0.scalar()) },
      gradientNorm: try norm.map { Double(try $0.scalar()) }, examples: recorded.examples)
    return progress.count(outcome, learningRate: Double(optimizer.learningRate))
  }
}
