import ArgumentParser
import Backprop

/// The flags that every kind of training has.
struct TrainingOptions: ParsableArguments {
  @Option(
    parsing: .unconditional,
    help: "How often all of the data is seen. Default: what suits the data; for text --steps decides.")
  var epochs: Int?

  @Option(
    parsing: .unconditional, help: "The number of updates, in place of --epochs. Default for text: 3000.")
  var steps: Int?

  @Option(parsing: .unconditional, help: "Images or windows of text an update looks at. Default: what suits the data.")
  var batchSize: Int?

  @Option(
    help:
      "sgd, momentum, momentum-ema, nesterov, adagrad, rmsprop, adam or adamw. Default: adam, adamw for transformer.")
  var optimizer: String?

  @Option(parsing: .unconditional, help: "The highest learning rate. Default: what suits the optimizer.")
  var learningRate: Double?

  @Option(parsing: .unconditional, help: "Share of the last step that goes on, for optimizers that have one.")
  var momentum: Double?

  @Option(parsing: .unconditional, help: "How strongly weights are drawn to zero.")
  var weightDecay: Double?

  @Option(
    parsing: .unconditional,
    help: "The greatest norm of all gradients together; longer ones are scaled down. Default for text: 1.")
  var clipNorm: Double?

  @Option(help: "How the learning rate changes: constant, step, cosine, one-cycle or linear. Default: cosine.")
  var schedule: String?

  @Option(
    parsing: .unconditional, help: "Steps in which the learning rate rises from 0 at the start. Default for text: 100.")
  var warmupSteps: Int?

  @Option(
    parsing: .unconditional,
    help: "Ends training after this many evaluations without a lower loss, and takes the weights of the lowest.")
  var patience: Int?

  @Option(
    parsing: .unconditional, help: "Steps between two evaluations. Default: an epoch; for text an eighth of --steps.")
  var evaluationSteps: Int?

  @Option(help: "The folder of the run. Default: a new one in runs.")
  var output: String?

  @Flag(help: "Goes on with the run in --output, with its flags.")
  var resume = false

  @Option(parsing: .unconditional, help: "Seconds between two checkpoints.")
  var checkpoint = 60.0

  @Option(parsing: .unconditional, help: "Steps after each of which there is a checkpoint as well.")
  var checkpointSteps: Int?

  @Option(help: "Makes the run repeatable.")
  var seed: UInt64?

  @Flag(help: "No progress.")
  var quiet = false

  /// Throws a `RequestError` for a number no training can use.
  func check() throws {
    try requireAtLeastOne(epochs, "--epochs")
    try requireAtLeastOne(steps, "--steps")
    try requireAtLeastOne(batchSize, "--batch-size")
    try requireAtLeastOne(patience, "--patience")
    try requireAtLeastOne(evaluationSteps, "--evaluation-steps")
    try requireAtLeastOne(checkpointSteps, "--checkpoint-steps")
    guard checkpoint > 0 else { throw RequestError("--checkpoint must be above 0 seconds, not \(checkpoint)") }
    if epochs != nil, steps != nil { throw RequestError("give --epochs or --steps, not both") }
    if let learningRate, !(learningRate > 0 && Float(learningRate).isFinite && Float(learningRate) > 0) {
      throw RequestError("--learning-rate must be a number above 0, not \(learningRate)")
    }
    if let momentum, !(momentum >= 0 && momentum < 1) {
      throw RequestError("--momentum must be at least 0 and below 1, not \(momentum)")
    }
    if let weightDecay, !(weightDecay >= 0 && Float(weightDecay).isFinite) {
      throw RequestError("--weight-decay must be a number of at least 0, not \(weightDecay)")
    }
    if let clipNorm, !(Float(clipNorm) > 0 && Float(clipNorm).isFinite) {
      throw RequestError("--clip-norm must be a number above 0, not \(clipNorm)")
    }
    if let warmupSteps, warmupSteps < 0 {
      throw RequestError("--warmup-steps must be at least 0, not \(warmupSteps)")
    }
    if let schedule, LearningRateSchedule.Shape(rawValue: schedule) == nil {
      throw RequestError.unknown("schedule", schedule, known: LearningRateSchedule.Shape.allCases.map(\.rawValue))
    }
    if resume, output == nil { throw RequestError("--resume needs the run to go on with; name it with --output") }
  }

  /// What is usual for a kind of training and its data.
  struct Usual {
    /// One of the two.
    var epochs: Int?
    var steps: Int?
    var batchSize: Int
    var optimizer = "adam"
    /// `nil`: what suits the optimizer.
    var learningRate: Double?
    var clipNorm: Double?
    var warmupSteps: Int?
    /// `nil`: an epoch.
    var evaluationSteps: Int?
    var schedule = LearningRateSchedule.Shape.cosine
  }

  /// Settles all flags that shape a run; afterwards `optimizer`, `learningRate`, `batchSize` and `schedule` are there.
  mutating func settle(_ settlement: inout FlagSettlement, usual: Usual) throws {
    let hasLength = epochs != nil || steps != nil
    try settlement.settleLength("epochs", &epochs, usual: hasLength ? nil : usual.epochs)
    try settlement.settleLength("steps", &steps, usual: hasLength ? nil : usual.steps)
    try settlement.settle("batch-size", &batchSize, usual: usual.batchSize)
    try settlement.settle("optimizer", &optimizer, usual: usual.optimizer)
    // By way of text: 0.001 as a Float is not 0.001 as a Double.
    let suitable = optimizer.flatMap(OptimizerName.init).flatMap { Double("\($0.usualLearningRate)") }
    try settlement.settle("learning-rate", &learningRate, usual: usual.learningRate ?? suitable)
    try settlement.settle("momentum", &momentum)
    try settlement.settle("weight-decay", &weightDecay)
    try settlement.settle("clip-norm", &clipNorm, usual: usual.clipNorm)
    try settlement.settle("schedule", &schedule, usual: usual.schedule.rawValue)
    try settlement.settle("warmup-steps", &warmupSteps, usual: usual.warmupSteps)
    try settlement.settle("patience", &patience)
    try settlement.settle("evaluation-steps", &evaluationSteps, usual: usual.evaluationSteps)
    try check()
  }

  /// The trainer of settled flags. The learning rate falls to `finalFraction` of itself.
  func makeTrainer(finalFraction: Double = 0) -> Trainer {
    let shape = schedule.flatMap(LearningRateSchedule.Shape.init) ?? .constant
    return Trainer(
      epochs: epochs ?? .max, steps: steps, patience: patience,
      schedule: LearningRateSchedule(shape, warmupSteps: warmupSteps ?? 0, finalFraction: finalFraction),
      evaluationInterval: evaluationSteps, checkpointInterval: checkpoint, checkpointSteps: checkpointSteps)
  }

  /// The optimizer of settled flags.
  func makeOptimizer(for model: any Layer) throws -> any Optimizer {
    try RequestError.whenFailing {
      try Backprop.makeOptimizer(
        named: optimizer ?? "", for: model, learningRate: learningRate.map { Float($0) },
        momentum: momentum.map { Float($0) }, weightDecay: weightDecay.map { Float($0) },
        clipNorm: clipNorm.map { Float($0) })
    }
  }
}

/// The flags of every subcommand that computes.
struct CommonOptions: ParsableArguments {
  @Option(parsing: .unconditional, help: "The greatest number of threads.")
  var threads: Int?

  @Flag(help: "One JSON value on standard output, and nothing else.")
  var json = false

  /// Takes the thread count over, or `usual` where none was given.
  func apply(usual: Int? = nil) throws {
    try requireAtLeastOne(threads, "--threads")
    if let threads, threads > 1024 { throw RequestError("--threads must be at most 1024, not \(threads)") }
    if let count = threads ?? usual { Threads.count = min(max(count, 1), 1024) }
  }
}

func requireAtLeastOne(_ value: Int?, _ flag: String) throws {
  if let value, value < 1 { throw RequestError("\(flag) must be at least 1, not \(value)") }
}
