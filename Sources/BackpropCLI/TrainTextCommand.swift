import ArgumentParser
import Backprop

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

struct TrainTextCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "text",
    abstract: "Trains a language model.",
    discussion: """
      backprop train text
      backprop train text --data book.txt --model lstm --layers 2 --width 256 --steps 2000 --output runs/book
      """)

  @Option(help: "numbers (lines such as '1042 one thousand forty-two', made by the program) or a text file.")
  var data = "numbers"

  @Option(help: "mlp, rnn, lstm, gru or transformer.")
  var model = "transformer"

  @Option(help: "byte, character or bpe[:SIZE].")
  var tokenizer = "character"

  @Option(parsing: .unconditional, help: "Tokens that are trained at once, and that transformer and mlp look back.")
  var context: Int?

  @Option(parsing: .unconditional, help: "The width of the layers.")
  var width = 128

  @Option(parsing: .unconditional, help: "Blocks or recurrent layers. Default: 4 blocks, 2 recurrent layers.")
  var layers: Int?

  @Option(parsing: .unconditional, help: "Attention heads of transformer.")
  var heads = 4

  @Option(parsing: .unconditional, help: "The share of values that training drops.")
  var dropout = 0.0

  @OptionGroup(title: "Training") var training: TrainingOptions
  @OptionGroup var common: CommonOptions

  func run() throws {
    try training.check()
    try common.apply()
    let seed = training.seed ?? UInt64.random(in: 0...UInt64(UInt32.max))
    try Random.$current.withValue(Random(seed: seed)) { try train(seed: seed) }
  }

  private func train(seed: UInt64) throws {
    let kind = try RequestError.whenFailing { try LanguageModelDescription.kind(named: model) }
    let dataset = try RequestError.whenFailing {
      try TextDataset.named(data, tokenizer: try TokenizerName(tokenizer))
    }
    let description = LanguageModelDescription(
      kind: kind, vocabulary: dataset.tokenizer.vocabularySize, context: context ?? (kind == .mlp ? 8 : 64),
      width: width, layers: layers ?? (kind == .transformer ? 4 : 2), heads: heads, dropout: Float(dropout))
    let network = try RequestError.whenFailing { try description.makeModel() }
    let optimizer = try RequestError.whenFailing {
      try makeOptimizer(
        named: training.optimizer, for: network, learningRate: training.learningRate.map { Float($0) },
        momentum: training.momentum.map { Float($0) }, weightDecay: training.weightDecay.map { Float($0) },
        clipNorm: training.clipNorm.map { Float($0) })
    }
    let batchSize = training.batchSize ?? 32
    let task = try RequestError.whenFailing {
      try TextTask(
        network, on: dataset.train, evaluatingOn: dataset.validation, context: description.window,
        batchSize: batchSize, seed: seed)
    }
    let interrupt = Interrupt()
    let steps = training.steps ?? (training.epochs == nil ? 2000 : nil)
    let trainer = Trainer(
      epochs: training.epochs ?? .max / task.stepsPerEpoch, steps: steps, patience: training.patience,
      schedule: try training.learningRateSchedule(finalFraction: 0.1),
      evaluationInterval: steps.map { max($0 / 8, 1) }, stop: interrupt.stop)
    let run = try Run.create(at: training.output, name: "text-\(model)-\(dataset.name)")
    var display = ProgressDisplay(isQuiet: training.quiet, unit: "tokens")
    let metrics = try run.openMetrics()
    let result = try trainer.train(task, with: optimizer) { event in
      try metrics.add(event)
      display.show(event)
    }
    display.end()
    try description.save(description.layer(network), to: run.path)
    try dataset.tokenizer.save(to: URL(filePath: run.path).appending(path: "tokenizer.json"))
    Console.result("\(result)")
  }
}
