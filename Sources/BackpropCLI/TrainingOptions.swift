import ArgumentParser
import Backprop

/// The flags that every kind of training has.
struct TrainingOptions: ParsableArguments {
  @Option(parsing: .unconditional, help: "How often every example is seen. Default: 30 for digits, else 5.")
  var epochs: Int?

  @Option(parsing: .unconditional, help: "The greatest number of updates, in place of --epochs.")
  var steps: Int?

  @Option(parsing: .unconditional, help: "Examples an update looks at. Default: 32 for digits, else 64.")
  var batchSize: Int?

  @Option(help: "sgd, momentum, momentum-ema, nesterov, adagrad, rmsprop, adam or adamw.")
  var optimizer = "adam"

  @Option(parsing: .unconditional, help: "The learning rate at the start. Default: what suits the optimizer.")
  var learningRate: Double?

  @Option(parsing: .unconditional, help: "Share of the last step that goes on, for optimizers that have one.")
  var momentum: Double?

  @Option(parsing: .unconditional, help: "How strongly weights are drawn to zero.")
  var weightDecay: Double?

  @Option(parsing: .unconditional, help: "The greatest norm of all gradients together; longer ones are scaled down.")
  var clipNorm: Double?

  @Option(help: "How the learning rate changes: constant, step, cosine, one-cycle or linear.")
  var schedule = "cosine"

  @Option(parsing: .unconditional, help: "Steps in which the learning rate rises from 0 at the start.")
  var warmupSteps = 0

  @Option(parsing: .unconditional, help: "Ends training after this many epochs without a lower loss.")
  var patience: Int?

  @Option(help: "The folder of the run. Default: a new one in runs.")
  var output: String?

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
    guard warmupSteps >= 0 else { throw RequestError("--warmup-steps must be at least 0, not \(warmupSteps)") }
    _ = try learningRateSchedule()
  }

  /// The schedule, which falls to `finalFraction` of the learning rate.
  func learningRateSchedule(finalFraction: Double = 0) throws -> LearningRateSchedule {
    guard let shape = LearningRateSchedule.Shape(rawValue: schedule) else {
      throw RequestError.unknown("schedule", schedule, known: LearningRateSchedule.Shape.allCases.map(\.rawValue))
    }
    return LearningRateSchedule(shape, warmupSteps: warmupSteps, finalFraction: finalFraction)
  }
}

/// The flags of every subcommand that computes.
struct CommonOptions: ParsableArguments {
  @Option(parsing: .unconditional, help: "The greatest number of threads.")
  var threads: Int?

  @Flag(help: "One JSON value on standard output, and nothing else.")
  var json = false

  /// Takes the thread count over.
  func apply() throws {
    try requireAtLeastOne(threads, "--threads")
    if let threads {
      guard threads <= 1024 else { throw RequestError("--threads must be at most 1024, not \(threads)") }
      Threads.count = threads
    }
  }
}

func requireAtLeastOne(_ value: Int?, _ flag: String) throws {
  if let value, value < 1 { throw RequestError("\(flag) must be at least 1, not \(value)") }
}
