import ArgumentParser
import Backprop

struct TrainTextCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "text",
    abstract: "Trains a language model.",
    discussion: """
      backprop train text
      backprop train text --data book.txt --width 256 --output runs/book
      backprop train text --data letters.txt --from runs/book --learning-rate 1e-3
      """)

  @Option(help: "A text file, or numbers: lines such as '1042 one thousand forty-two' (default: numbers).")
  var data: String?

  @Option(help: "\(LanguageModelDescription.kindNames.joined(separator: ", ")) (default: lstm).")
  var model: String?

  @Option(help: "byte, character or bpe[:SIZE] (default: character; bpe is bpe:1024).")
  var tokenizer: String?

  @Option(
    parsing: .unconditional,
    help: "Tokens that transformer and mlp look back, and recurrent layers learn at once (default: 64, 8 for mlp).")
  var context: Int?

  @Option(parsing: .unconditional, help: "The width of the layers (default: 128).")
  var width: Int?

  @Option(parsing: .unconditional, help: "Blocks or recurrent layers (default: 4 blocks, 2 recurrent layers).")
  var layers: Int?

  @Option(parsing: .unconditional, help: "Attention heads of transformer (default: 4).")
  var heads: Int?

  @Option(parsing: .unconditional, help: "The dropout rate in training (default: 0).")
  var dropout: Double?

  @Option(help: "A run to begin with: its network, weights and tokenizer.")
  var from: String?

  @Option(
    help: """
      Parameters that stay as they are, such as 'embedding.*,blocks.0.*'; 'backprop summary' lists the layers' names \
      (default: none).
      """)
  var freeze: String?

  @OptionGroup(title: "Training") var training: TrainingOptions
  @OptionGroup var common: CommonOptions

  mutating func validate() throws {
    try RequestError.validating {
      try requirePath(data, "--data")
      try requirePath(from, "--from")
      try requirePath(freeze, "--freeze")
      if let model, !LanguageModelDescription.kindNames.contains(model) {
        throw RequestError.unknown("model", model, known: LanguageModelDescription.kindNames)
      }
      if let tokenizer {
        do { _ = try TokenizerName(tokenizer) } catch { throw RequestError("--tokenizer: \(error)") }
      }
      try require(dropout, "--dropout", "at least 0 and below 1") { $0 >= 0 && Float($0) < 1 }
      // The ranges are the network's; combinations of flags are checked when all are known.
      let sizes = LanguageModelDescription(
        kind: .lstm, vocabulary: 1, context: context ?? 1, width: width ?? 1, layers: layers ?? 1, heads: heads ?? 1)
      do { try sizes.check() } catch { throw RequestError("--\(error)") }
    }
  }

  /// The default context, width, layers and heads of a network.
  static func defaultSizes(_ kind: LanguageModelDescription.Kind) -> LanguageModelDescription {
    LanguageModelDescription(
      kind: kind, vocabulary: 1, context: kind == .mlp ? 8 : 64, width: 128, layers: kind == .transformer ? 4 : 2,
      heads: 4)
  }

  /// The share of a text that is for validation.
  static let validationFraction = 0.1

  mutating func run() throws {
    var session = try TrainingSession(.text, training, common)
    try session.resolved.resolve("data", &data, default: "numbers")
    try session.resolved.resolve("from", &from)
    try session.resolved.resolve("freeze", &freeze)
    let origin = try from.flatMap { path in
      session.hasCheckpoint ? nil : try LanguageModelOrigin(Run.open(session.place(of: path), for: .text))
    }
    if let origin, !training.resume { takeSizes(of: origin) }
    try session.resolved.resolve("model", &model, default: "lstm")
    let kind = try RequestError.whenFailing { try LanguageModelDescription.kind(named: model ?? "") }
    try session.resolved.resolve("tokenizer", &tokenizer, default: "character")
    let sizes = Self.defaultSizes(kind)
    try session.resolved.resolve("context", &context, default: sizes.context)
    try session.resolved.resolve("width", &width, default: sizes.width)
    try session.resolved.resolve("layers", &layers, default: sizes.layers)
    try session.resolved.resolve("heads", &heads, default: sizes.heads)
    try session.resolved.resolve("dropout", &dropout, default: 0)
    try origin?.check(description(vocabulary: origin?.description.vocabulary ?? 1, kind), tokenizer ?? "")
    try training.resolve(&session.resolved, default: .text(kind, steps: training.steps))
    try training.resolveValidation(&session.resolved, default: "\(Self.validationFraction)")
    try Random.$current.withValue(Random(seed: session.seed)) { try train(session, kind, from: origin) }
  }

  /// Takes what no flag says from the run that the training begins with, before a configuration.
  private mutating func takeSizes(of origin: LanguageModelOrigin) {
    let sizes = origin.description
    (model, tokenizer) = (model ?? sizes.kind.rawValue, tokenizer ?? "\(origin.tokenizer.name)")
    (context, width) = (context ?? sizes.context, width ?? sizes.width)
    (layers, heads) = (layers ?? sizes.layers, heads ?? sizes.heads)
    // Through text: 0.1 as a Float is not 0.1 as a Double.
    dropout = dropout ?? Double("\(sizes.dropout)")
  }

  private func train(
    _ session: TrainingSession, _ kind: LanguageModelDescription.Kind, from origin: LanguageModelOrigin?
  ) throws {
    let sizes = description(vocabulary: 1, kind)
    try RequestError.whenFailing { try sizes.check() }
    let (tokens, most) = ((training.batchSize ?? 0) * sizes.window, 1 << 24)
    guard tokens <= most else {
      throw RequestError(
        "--batch-size \(training.batchSize ?? 0) with --context \(context ?? 0) has \(tokens.grouped) tokens in an update; "
          + "they should be at most \(most.grouped)")
    }
    if freeze != nil {
      // Before the text is read; the names of parameters do not depend on it.
      let network = try RequestError.whenFailing { try sizes.makeModel() }
      try FineTuning.freeze(network, freeze, isQuiet: true)
    }
    // Runs of version 0.1 do not say it.
    let validation = try training.validation.map { try ValidationFlag($0) } ?? .share(Self.validationFraction)
    let dataset = try text(session, validation, tokenizer: from == nil ? nil : origin?.tokenizer ?? session.tokenizer())
    let other = try validationText(session, validation, dataset.tokenizer)
    let evaluated = other?.train ?? dataset.validation
    let description = description(vocabulary: dataset.tokenizer.vocabularySize, kind)
    try session.checkCheckpoint(description)
    let network = try RequestError.whenFailing { try description.makeModel() }
    try origin?.load(network, isQuiet: training.quiet)
    try FineTuning.freeze(network, freeze, isQuiet: training.quiet)
    let optimizer = try training.makeOptimizer(for: network)
    let task = try RequestError.whenFailing {
      try TextTask(
        network, on: dataset.train, evaluatingOn: evaluated.count > 0 ? evaluated : nil, context: description.window,
        batchSize: training.batchSize ?? 0, seed: session.seed, over: session.processes)
    }
    let name = dataset.name.split(separator: "/").last.map(String.init) ?? dataset.name
    var session = session
    try session.findRate(task, with: optimizer)
    let outcome = try session.train(
      task, with: optimizer, by: training.makeTrainer(finalFraction: 0.1),
      callbacks: training.makeCallbacks(hasValidation: false),
      name: "text-\(kind.rawValue)-\(name)",
      summary: "\(kind.rawValue) with \(parameterCount(of: network).grouped) parameters on \(name): "
        + "\(dataset.train.count.grouped) tokens of \(dataset.tokenizer.vocabularySize.grouped) kinds, "
        + "\(evaluated.count.grouped) for validation; \(Engine.description)", unit: "tokens",
      evaluatedSet: .validation, digests: DataDigests(data: dataset.digest, validation: other?.digest),
      tokenizer: dataset.tokenizer, reporting: .text(network, description, on: evaluated, dataset.tokenizer)
    ) { run in try run.save(network, description) }
    try outcome.report(asJSON: common.json, unit: "tokens")
  }

  /// The text to train on, encoded by `tokenizer`, or by one that is made for it.
  private func text(
    _ session: TrainingSession, _ validation: ValidationFlag, tokenizer: (any Tokenizer)?
  ) throws -> TextDataset {
    let name = data ?? ""
    let check = { (digest: ContentDigest) throws(DataError) in try session.checkUnchanged(digest, at: name) }
    return try RequestError.whenFailing {
      if let tokenizer {
        return try TextDataset.named(
          session.place(of: name), tokenizer: tokenizer, validationFraction: validation.share,
          allowsPipes: !training.resume, checking: check)
      }
      let dataset = try TextDataset.named(
        session.place(of: name), tokenizer: try TokenizerName(self.tokenizer ?? ""),
        validationFraction: validation.share, allowsPipes: !training.resume)
      try check(dataset.digest)
      return dataset
    }
  }

  /// The text that --validation names; `nil` where it is a share of the other.
  private func validationText(
    _ session: TrainingSession, _ validation: ValidationFlag, _ tokenizer: any Tokenizer
  ) throws -> TextDataset? {
    guard case .path(let path) = validation else { return nil }
    return try RequestError.whenFailing {
      try TextDataset.named(
        session.place(of: path), tokenizer: tokenizer, validationFraction: 0, allowsPipes: false
      ) { digest throws(DataError) in try session.checkUnchanged(validation: digest, at: path) }
    }
  }

  /// The network of resolved flags.
  private func description(vocabulary: Int, _ kind: LanguageModelDescription.Kind) -> LanguageModelDescription {
    LanguageModelDescription(
      kind: kind, vocabulary: vocabulary, context: context ?? 0, width: width ?? 0, layers: layers ?? 0,
      heads: heads ?? 0, dropout: Float(dropout ?? 0))
  }
}

extension TrainingOptions.Defaults {
  /// The defaults for a language model. `steps` are the requested ones.
  static func text(_ kind: LanguageModelDescription.Kind, steps: Int?) -> TrainingOptions.Defaults {
    let length = 3000
    let rates: [LanguageModelDescription.Kind: Double] = [
      .mlp: 3e-3, .rnn: 1e-3, .lstm: 6e-3, .gru: 3e-3, .transformer: 1e-3,
    ]
    return TrainingOptions.Defaults(
      steps: length, batchSize: 32, optimizer: kind == .transformer ? "adamw" : "adam", learningRate: rates[kind],
      clipNorm: 1, warmupSteps: 100, evaluationSteps: max((steps ?? length) / 8, 1))
  }
}
