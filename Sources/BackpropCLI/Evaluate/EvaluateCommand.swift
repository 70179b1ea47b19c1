import ArgumentParser
import Backprop
import Files

struct EvaluateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "evaluate", abstract: "Evaluates a trained network on data it was not trained on.")

  @Argument(help: ArgumentHelp("The folder of a run.", valueName: "run"))
  var folder: String

  @Option(help: "Other data, of a text or CSV file all of it (default: what the run was trained on).")
  var data: String?

  @OptionGroup var common: CommonOptions

  mutating func validate() throws {
    try RequestError.validating {
      try requirePath(folder, "the run")
      try requirePath(data, "--data")
    }
  }

  func run() throws {
    try common.apply()
    let run = try Run.open(folder)
    switch try run.task {
    case .image: try evaluateImages(run)
    case .text: try evaluateText(run)
    case .table: try evaluateTable(run)
    }
  }

  private func evaluateImages(_ run: Run) throws {
    let (description, model) = try run.loadModel()
    let dataset = try openData(data, for: run, description)
    guard dataset.imageShape == description.inputShape else {
      throw RequestError(
        "\(dataset.name) has images of \(dataset.imageShape), but \(folder) takes \(description.inputShape)")
    }
    let result = try evaluateClassifier(model, on: dataset.test)
    guard common.json else {
      return EvaluationText.lines(.classification(result), dataset.classNames).dropLast().forEach(Console.result)
    }
    try Console.json(
      ImageReport(
        accuracy: result.accuracy, loss: result.loss, precision: result.confusionMatrix.precision(.macro),
        recall: result.confusionMatrix.recall(.macro), f1: result.confusionMatrix.f1(.macro),
        confusionMatrix: result.confusionMatrix.counts, parameters: parameterCount(of: model), seconds: result.seconds,
        examplesPerSecond: result.examplesPerSecond))
  }

  private func evaluateText(_ run: Run) throws {
    let (description, model) = try run.loadLanguageModel()
    let tokenizer = try run.loadTokenizer(for: description)
    let (name, text, set) = try openText(data, for: run, tokenizer)
    let result = try RequestError.whenFailing {
      try evaluateLanguageModel(model, on: text, context: description.window)
    }
    let numbers = name == "numbers" ? try scoreNumbers(model, tokenizer) : nil
    guard common.json else {
      EvaluationText.lines(.language(result), [], on: set).forEach(Console.result)
      if let share = numbers?.share {
        Console.resultSentence(
          "of \((numbers?.total ?? 0).grouped) lines it wrote for numbers below 10,000, \(share.percent) are right")
      }
      return
    }
    try Console.json(
      TextReport(
        loss: result.loss, perplexity: result.perplexity, bitsPerCharacter: result.bitsPerCharacter,
        rightLines: numbers?.share, parameters: parameterCount(of: model), seconds: result.seconds,
        tokensPerSecond: result.tokensPerSecond))
  }

  /// The score of a generated text of some two hundred lines.
  private func scoreNumbers(_ model: any LanguageModel, _ tokenizer: any Tokenizer) throws -> NumberGrammar.Score {
    let generator = try TextGenerator(model, tokenizer, prompt: "\n", seed: 0)
    let ids = try (0..<8000).map { _ in try generator.next() }
    return NumberGrammar.score(try tokenizer.text(of: ids), startsWithLine: true, below: 10_000)
  }

  private struct ImageReport: Encodable {
    var accuracy: Double
    var loss: Double
    /// Means over the classes, as `f1`.
    var precision: Double?
    var recall: Double?
    var f1: Double?
    var confusionMatrix: [[Int]]
    var parameters: Int
    var seconds: Double
    var examplesPerSecond: Double
  }

  private struct TextReport: Encodable {
    var loss: Double
    var perplexity: Double
    var bitsPerCharacter: Double
    var rightLines: Double?
    var parameters: Int
    var seconds: Double
    var tokensPerSecond: Double
  }
}

/// The name of the requested text, or else the run's, and the text itself; of the run's own what it was not trained on,
/// its validation set.
func openText(
  _ data: String?, for run: Run, _ tokenizer: any Tokenizer
) throws -> (name: String, text: TokenSequence, set: EvaluatedSet) {
  let own = try run.dataName()
  let name = try data ?? own.orFail(run)
  let (text, set) = try RequestError.whenFailing { () throws -> (TokenSequence, EvaluatedSet) in
    let isOwn = name == own || Folder.isSame(own ?? "", as: name)
    let validation = isOwn ? try run.validation() ?? .share(TrainTextCommand.validationFraction) : .share(0)
    // The pipe that a run was trained on may have no writer any more.
    let record = try run.readRecord()
    if case .path(let path) = validation {
      let dataset = try TextDataset.named(
        path, tokenizer: tokenizer, validationFraction: 0, allowsPipes: false
      ) { digest throws(DataError) in try record?.checkEvaluates(validatedWith: digest, at: path) }
      return (dataset.train, .validation)
    }
    let dataset = try TextDataset.named(
      name, tokenizer: tokenizer, validationFraction: validation.share, allowsPipes: data != nil
    ) { digest throws(DataError) in if isOwn { try record?.checkEvaluates(digest, at: name) } }
    return validation.share > 0 ? (dataset.validation, .validation) : (dataset.train, .test)
  }
  return (name, text, set)
}

/// The requested data, or else the run's, with the classes of the network; a note names those that it lacks. Of the run's
/// own folder of pictures, those that it was not trained on are the test set, and of another one all.
func openData(_ name: String?, for run: Run, _ description: ModelDescription) throws -> ImageDataset {
  let own = try name == nil ? run.dataName().orFail(run) : run.dataName()
  // Also by another path.
  let isOwn = name == nil || name == own || Folder.isSame(own ?? "", as: name ?? "")
  let pictures = try run.readPictures(of: run.readRecord())
  return try RequestError.whenFailing {
    let found = try ImageDataset.named(
      name ?? own ?? "", preparedBy: description.preparation, testFraction: isOwn && pictures == nil ? 0.2 : 1)
    if isOwn, pictures == nil, found.survey != nil {
      Console.log(
        "note: \(run.path) does not say which pictures it was trained on; where its folder has changed since, some of "
          + "the test may be among them")
    }
    let tested = try pictures?.testing(found, isOwn: isOwn) ?? found
    let (dataset, absent) = try description.matchingClasses(of: tested)
    if !absent.isEmpty {
      let list = absent.prefix(8).map(\.printable).joined(separator: ", ") + (absent.count > 8 ? ", …" : "")
      Console.log(
        "note: \(dataset.name) has no pictures of \(absent.count) of the \(dataset.classNames.count) classes: \(list)")
    }
    return dataset
  }
}

extension String? {
  fileprivate func orFail(_ run: Run) throws -> String {
    guard let self else {
      throw RequestError("\(run.path) does not say what it was trained on; name the data with --data")
    }
    return self
  }
}
