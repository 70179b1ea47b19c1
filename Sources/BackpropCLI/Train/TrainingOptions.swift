import ArgumentParser
import Backprop
import CProcess

/// The flags of every kind of training.
struct TrainingOptions: ParsableArguments {
  @Option(
    parsing: .unconditional,
    help:
      "The number of passes over the data (default: 30 or more for at least 600 steps, 5 from 10,000 images on; for tables 200, 50 from 2,000 rows on; --steps decides for text)."
  )
  var epochs: Int?

  @Option(
    parsing: .unconditional, help: "The number of updates, in place of --epochs (default: 3000 for text).")
  var steps: Int?

  @Option(
    parsing: .unconditional,
    help: "Minutes for the whole training, which the schedule follows, in place of --epochs.")
  var minutes: Double?

  @Option(
    parsing: .unconditional,
    help:
      "Images, rows or windows of text in an update (default: 32, fewer below 256 images, 64 from 10,000 images on, 256 from 2,000 rows on)."
  )
  var batchSize: Int?

  @Option(
    help:
      "\(OptimizerName.allCases.map(\.rawValue).joined(separator: ", ")) (default: adam, adamw for transformer and tables)."
  )
  var optimizer: String?

  @Option(
    parsing: .unconditional,
    help:
      "The highest learning rate (default: the optimizer's, 0.001 for adam; another for some models, see 'backprop help models')."
  )
  var learningRate: Double?

  @Option(
    parsing: .unconditional,
    help: "What multiplies the learning rate from each layer to the one below, above 0 and at most 1 (default: 1).")
  var layerDecay: Double?

  @Flag(help: "Tries rising learning rates, draws the loss and takes the one where it falls fastest.")
  var findRate = false

  @Option(parsing: .unconditional, help: "The momentum, β₁ for adam and adamw (default: 0.9, 0 for sgd).")
  var momentum: Double?

  @Option(
    parsing: .unconditional, help: "The weight decay (default: 0, 0.01 for adamw, 1 for tables of below 2,000 rows).")
  var weightDecay: Double?

  @Option(
    parsing: .unconditional,
    help:
      "The greatest norm of all gradients together; larger ones are scaled down (default: none, 1 for text, rnn, lstm and gru)."
  )
  var clipNorm: Double?

  @Option(
    help: """
      How the learning rate changes: \(ScheduleName.allCases.map(\.rawValue).joined(separator: ", ")) \
      (default: cosine).
      """)
  var schedule: String?

  @Option(
    parsing: .unconditional,
    help: "Steps in which the learning rate rises from 0 at the start (default: 0, 100 for text and attention).")
  var warmupSteps: Int?

  @Option(
    parsing: .unconditional,
    help:
      "Stops early after this many evaluations without a lower loss, with the weights of the lowest (default: never; for tables 40, 10 from 2,000 rows on)."
  )
  var patience: Int?

  @Option(
    help: """
      A share of the training data, or the path of data, for early stopping and the weights of the lowest loss; a test \
      set, as images have, is then looked at once, at the end (default: val/ of a folder of pictures, 0.1 with \
      --patience and for text, 0.2 for tables).
      """)
  var validation: String?

  @Option(
    parsing: .unconditional, help: "Steps between two evaluations (default: an epoch, an eighth of --steps for text).")
  var evaluationSteps: Int?

  @Option(help: "The folder of the run (default: a new one in runs, named after model, data and time).")
  var output: String?

  @Option(help: "The run.json of a run whose flags and seed are the defaults here.")
  var config: String?

  @Flag(help: "Resumes the run in --output, with its flags.")
  var resume = false

  @Option(parsing: .unconditional, help: ArgumentHelp("Seconds between two checkpoints.", valueName: "seconds"))
  var checkpoint = 60.0

  @Option(parsing: .unconditional, help: "Steps between two further checkpoints (default: none).")
  var checkpointSteps: Int?

  @Option(parsing: .unconditional, help: "Makes the run repeatable (default: drawn, and stored in run.json).")
  var seed: UInt64?

  @Flag(help: "Of several processes, takes the statistics of batch normalization over all of them.")
  var syncBatchNorm = false

  @Flag(help: "Of several processes, sends gradients as bfloat16, which is half as much.")
  var bfloat16Gradients = false

  @Flag(help: "Of several processes, each stores a part of the optimizer's state; the bits stay the same.")
  var shardOptimizer = false

  @Flag(help: "Draws loss and accuracy below the progress.")
  var plot = false

  @Flag(help: "No progress.")
  var quiet = false

  mutating func validate() throws {
    try RequestError.validating {
      if findRate, learningRate != nil || resume {
        throw RequestError(
          "--find-rate finds a learning rate for a new run; leave out \(resume ? "it" : "--learning-rate")")
      }
      try check()
    }
  }

  /// Throws a `RequestError` for a value out of range.
  func check() throws {
    let many = 1...1_000_000_000_000
    try require(epochs, "--epochs", in: 1...1_000_000_000)
    try require(steps, "--steps", in: many)
    try require(batchSize, "--batch-size", in: 1...1_048_576)
    try require(patience, "--patience", in: many)
    try require(evaluationSteps, "--evaluation-steps", in: many)
    try require(checkpointSteps, "--checkpoint-steps", in: many)
    try require(warmupSteps, "--warmup-steps", in: 0...many.upperBound)
    try require(checkpoint, "--checkpoint", "above 0 and at most 1,000,000,000 seconds") { $0 > 0 && $0 <= 1e9 }
    try require(minutes, "--minutes", "above 0 and at most 1,000,000") { $0 > 0 && $0 <= 1e6 }
    if [epochs != nil, steps != nil, minutes != nil].filter({ $0 }).count > 1 {
      throw RequestError("give --epochs, --steps or --minutes, one of the three")
    }
    try requirePositive(learningRate, "--learning-rate", suchAs: 0.001)
    // Training computes in Float: what is rounded to 0 or 1 is out of range as well.
    try require(layerDecay, "--layer-decay", "above 0 and at most 1") { Float($0) > 0 && $0 <= 1 }
    try require(momentum, "--momentum", "at least 0 and below 1") { $0 >= 0 && Float($0) < 1 }
    try require(weightDecay, "--weight-decay", "from 0 to \(Double(Float.greatestFiniteMagnitude).scientific(2))") {
      $0 >= 0 && Float($0).isFinite
    }
    try requirePositive(clipNorm, "--clip-norm", suchAs: 1)
    if let optimizer, OptimizerName(rawValue: optimizer) == nil {
      throw RequestError.unknown("optimizer", optimizer, known: OptimizerName.allCases.map(\.rawValue))
    }
    // Whether it takes these flags.
    if optimizer != nil { _ = try makeOptimizer(for: Dense(1, 1)) }
    if let schedule, ScheduleName(rawValue: schedule) == nil {
      throw RequestError.unknown("schedule", schedule, known: ScheduleName.allCases.map(\.rawValue))
    }
    try requirePath(output, "--output")
    try requirePath(validation, "--validation")
    if let validation { _ = try ValidationFlag(validation) }
    try requirePath(config, "--config")
    if resume, config != nil {
      throw RequestError("give --resume or --config, not both; a resumed run has its own flags")
    }
    if resume, output == nil { throw RequestError("--resume needs the run to resume; name it with --output") }
  }

  /// The defaults for a kind of training and its data.
  struct Defaults {
    /// One of the two.
    var epochs: Int?
    var steps: Int?
    var batchSize: Int
    var optimizer = "adam"
    /// With that optimizer; `nil`: the default of the optimizer.
    var learningRate: Double?
    /// With that optimizer; `nil`: the default of the optimizer.
    var weightDecay: Double?
    var clipNorm: Double?
    var warmupSteps: Int?
    /// `nil`: never stops early.
    var patience: Int?
    /// `nil`: an epoch.
    var evaluationSteps: Int?
    var schedule = ScheduleName.cosine

    /// The learning rate with the optimizer of this name; `nil` where there is none.
    func learningRate(with name: String) -> Double? {
      if name == optimizer, let learningRate { return learningRate }
      // Through text: 0.001 as a Float is not 0.001 as a Double.
      return OptimizerName(rawValue: name).flatMap { Double("\($0.defaultLearningRate)") }
    }
  }

  /// Resolves all options that shape a run; afterwards `optimizer`, `learningRate`, `batchSize` and `schedule` are set.
  mutating func resolve(_ options: inout ResolvedOptions, default defaults: Defaults) throws {
    let hasLength = epochs != nil || steps != nil || minutes != nil
    options.takesLength = !hasLength
    try options.resolveLength("epochs", &epochs, default: hasLength ? nil : defaults.epochs)
    try options.resolveLength("steps", &steps, default: hasLength ? nil : defaults.steps)
    try options.resolve("minutes", &minutes)
    // The default is one that the processes can have equal parts of.
    let processes = try Distributed.world().size
    try options.resolve(
      "batch-size", &batchSize, default: max(defaults.batchSize / processes, 1) * processes)
    try options.resolve("optimizer", &optimizer, default: defaults.optimizer)
    try options.resolve("learning-rate", &learningRate, default: optimizer.flatMap(defaults.learningRate))
    try options.resolve("layer-decay", &layerDecay)
    try options.resolve("momentum", &momentum)
    try options.resolve(
      "weight-decay", &weightDecay, default: optimizer == defaults.optimizer ? defaults.weightDecay : nil)
    try options.resolve("clip-norm", &clipNorm, default: defaults.clipNorm)
    try options.resolve("schedule", &schedule, default: defaults.schedule.rawValue)
    try options.resolve("warmup-steps", &warmupSteps, default: defaults.warmupSteps)
    try options.resolve("patience", &patience, default: defaults.patience)
    try options.resolve("evaluation-steps", &evaluationSteps, default: defaults.evaluationSteps)
    try options.resolve("sync-batch-norm", &syncBatchNorm)
    try options.resolve("bfloat16-gradients", &bfloat16Gradients)
    // Changes nothing but where the state is, so a resumed run may have it where it had not.
    if shardOptimizer {
      options.replace("shard-optimizer", with: "yes")
    } else {
      try options.resolve("shard-optimizer", &shardOptimizer)
    }
    try check()
  }

  /// Resolves `--validation`, whose default is needed before the data is split.
  mutating func resolveValidation(_ options: inout ResolvedOptions, default defaultValue: String?) throws {
    try options.resolve("validation", &validation, default: defaultValue)
    try check()
  }

  /// The trainer of the resolved options. The learning rate falls to `finalFraction` of itself.
  func makeTrainer(finalFraction: Double = 0) -> Trainer {
    let name = schedule.flatMap(ScheduleName.init) ?? .constant
    var trainer = Trainer(
      epochs: epochs ?? .max, steps: steps, timeLimit: minutes.map { $0 * 60 },
      schedule: name.schedule(warmupSteps: warmupSteps ?? 0, finalFraction: finalFraction),
      evaluationInterval: evaluationSteps, checkpointInterval: checkpoint, checkpointSteps: checkpointSteps)
    trainer.synchronizesBatchNorm = syncBatchNorm
    trainer.shardsOptimizer = shardOptimizer
    trainer.gradientType = bfloat16Gradients ? .bfloat16 : .float32
    return trainer
  }

  /// Early stopping, where it is requested, and the weights of the lowest loss, where there is a validation set to
  /// choose by.
  func makeCallbacks(hasValidation: Bool) -> [any TrainingCallback] {
    var callbacks: [any TrainingCallback] = []
    if let patience { callbacks.append(EarlyStopping(patience: patience)) }
    if patience != nil || hasValidation { callbacks.append(BestWeights()) }
    return callbacks
  }

  /// The optimizer of the resolved options.
  func makeOptimizer(for model: any Layer) throws -> any Optimizer {
    try RequestError.whenFailing {
      let made = try Backprop.makeOptimizer(
        named: optimizer ?? "", for: model, learningRate: learningRate.map { Float($0) },
        momentum: momentum.map { Float($0) }, weightDecay: weightDecay.map { Float($0) },
        clipNorm: clipNorm.map { Float($0) })
      if let layerDecay {
        guard let optimizer = made as? RuleOptimizer else {
          throw RequestError("--layer-decay is not for \(optimizer ?? "this optimizer"), which has one learning rate")
        }
        optimizer.multiplyLearningRates(by: LayerDecay.factors(of: model, Float(layerDecay)))
      }
      return made
    }
  }
}

/// The flags of every subcommand that computes.
struct CommonOptions: ParsableArguments {
  @Option(parsing: .unconditional, help: "The greatest number of threads (default: one for each processor).")
  var threads: Int?

  @Flag(help: "One JSON value on standard output, and nothing else.")
  var json = false

  mutating func validate() throws { try RequestError.validating { try require(threads, "--threads", in: 1...1024) } }

  /// Applies the thread count, or `defaultCount` where none was given. Throws a `WorkError` where the system does not
  /// grant it.
  func apply(default defaultCount: Int? = nil) throws {
    // Processes on one machine that may run on the same processors share them out.
    let processors = max(Threads.count / (try Distributed.world()).sharing, 1)
    Threads.count = processors
    if let count = threads ?? defaultCount { Threads.count = min(max(count, 1), 1024) }
    let granted = backprop_granted_threads(Int32(clamping: Threads.count))
    guard granted >= Threads.count else {
      throw WorkError(
        "the system grants \(granted) of \(Threads.count) threads; raise the limit of processes (ulimit -u) or give "
          + "--threads \(granted)")
    }
    if threads != nil, Threads.count > processors {
      Console.log("note: more threads than the \("processor".counted(processors)) wait for each other, which is slower")
    }
  }
}
