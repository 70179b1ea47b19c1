import ArgumentParser
import Backprop

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

struct TrainImageCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "image",
    abstract: "Trains a classifier of images.",
    discussion: """
      backprop train image
      backprop train image --data fashion-mnist --model cnn --epochs 5 --seed 0 --output runs/fashion
      """)

  @Option(help: "digits, fashion-mnist, mnist or a folder of IDX files.")
  var data = "digits"

  @Option(help: "mlp, cnn or resnet20.")
  var model = "cnn"

  @OptionGroup(title: "Training") var training: TrainingOptions
  @OptionGroup var common: CommonOptions

  func run() throws {
    try training.check()
    try common.apply()
    let seed = training.seed ?? UInt64.random(in: 0...UInt64(UInt32.max))
    try Random.$current.withValue(Random(seed: seed)) { try train(seed: seed) }
  }

  private func train(seed: UInt64) throws {
    let dataset = try RequestError.whenFailing { try ImageDataset.named(data) }
    let description = try RequestError.whenFailing { try ModelDescription.image(model, for: dataset) }
    let network = try RequestError.whenFailing { try description.makeModel() }
    let optimizer = try RequestError.whenFailing {
      try makeOptimizer(
        named: training.optimizer, for: network, learningRate: training.learningRate.map { Float($0) },
        momentum: training.momentum.map { Float($0) }, weightDecay: training.weightDecay.map { Float($0) },
        clipNorm: training.clipNorm.map { Float($0) })
    }
    let isSmall = dataset.train.count < 10_000
    let interrupt = Interrupt()
    let trainer = Trainer(
      epochs: training.steps == nil ? training.epochs ?? (isSmall ? 30 : 5) : .max / max(dataset.train.count, 1),
      steps: training.steps, patience: training.patience, schedule: try training.learningRateSchedule(),
      stop: interrupt.stop)
    let batchSize = training.batchSize ?? (isSmall ? 32 : 64)
    let task = try ImageTask(
      network, on: dataset.train, evaluatingOn: dataset.test, batchSize: batchSize, seed: seed)

    let run = try Run.create(at: training.output, name: "image-\(model)-\(dataset.name)")
    let parameters = parameterCount(of: network)
    var record = RunRecord(
      flags: flags(trainer, batchSize, optimizer), seed: seed, parameters: parameters, started: Date().ISO8601Format())
    try run.write(record)
    if !training.quiet {
      Console.log(
        "\(model) with \(parameters.grouped) parameters on \(dataset.name): \(dataset.train.count.grouped) images, "
          + "\(dataset.test.count.grouped) to test; \(Engine.description)")
    }

    var display = ProgressDisplay(isQuiet: training.quiet)
    let metrics = try run.openMetrics()
    let result: TrainingResult
    do {
      result = try trainer.train(task, with: optimizer) { event in
        try metrics.add(event)
        display.show(event)
      }
    } catch {
      display.end()
      record.ended = Date().ISO8601Format()
      record.error = "\(error)"
      try run.write(record)
      throw error
    }
    display.end()

    try run.save(network, description)
    record.ended = Date().ISO8601Format()
    record.results = RunRecord.Results(result)
    try run.write(record)
    if result.ending == .interrupted {
      throw Interrupted(description: "interrupted after step \(result.steps); what there was is saved in \(run.path)")
    }
    try report(result, run, parameters, classNames: dataset.classNames)
  }

  private func flags(_ trainer: Trainer, _ batchSize: Int, _ optimizer: any Optimizer) -> RunRecord.Flags {
    RunRecord.Flags(
      data: data, model: model, epochs: training.steps == nil ? trainer.epochs : nil, steps: trainer.steps,
      batchSize: batchSize, optimizer: training.optimizer, learningRate: Double(optimizer.learningRate),
      momentum: training.momentum, weightDecay: training.weightDecay, clipNorm: training.clipNorm,
      schedule: training.schedule, warmupSteps: training.warmupSteps, patience: training.patience)
  }

  private func report(_ result: TrainingResult, _ run: Run, _ parameters: Int, classNames: [String]) throws {
    var evaluation: ClassificationResult?
    if case .classification(let found)? = result.evaluation { evaluation = found }
    guard !common.json else {
      return try Console.json(
        Report(
          run: run.path, accuracy: evaluation?.accuracy, loss: evaluation?.loss,
          confusionMatrix: evaluation?.confusionMatrix.counts, trainingLoss: result.loss,
          trainingAccuracy: result.accuracy, parameters: parameters, epochs: result.epochs, steps: result.steps,
          seconds: result.seconds, examplesPerSecond: result.examplesPerSecond, ending: result.ending.rawValue))
    }
    if let evaluation { EvaluationText.lines(evaluation, classNames).forEach(Console.result) }
    let how = result.ending == .converged ? "the loss stopped falling" : "done"
    Console.result(
      "\(how): \(result.steps.grouped) steps in \(clockTime(result.seconds)), "
        + "\(result.examplesPerSecond.fixed(0)) examples/s, saved in \(run.path)")
  }

  private struct Report: Encodable {
    var run: String
    var accuracy: Double?
    var loss: Double?
    var confusionMatrix: [[Int]]?
    var trainingLoss: Double
    var trainingAccuracy: Double?
    var parameters: Int
    var epochs: Int
    var steps: Int
    var seconds: Double
    var examplesPerSecond: Double
    var ending: String
  }
}
