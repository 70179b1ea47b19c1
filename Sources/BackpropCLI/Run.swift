import Backprop

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// A run's directory: `model.json`, `weights.safetensors`, `run.json` and `metrics.jsonl`.
struct Run {
  let path: String

  private static let record = "run.json"

  private func file(_ name: String) -> URL { URL(filePath: path).appending(path: name) }

  /// Makes the directory for a new run. A folder that holds something else than a run is left alone.
  static func create(at path: String?, name: String) throws -> Run {
    let run = Run(path: path ?? "runs/\(name)-\(timestamp())")
    let files = FileManager.default
    var isFolder = false
    if files.fileExists(atPath: run.path, isDirectory: &isFolder) {
      guard isFolder else { throw RequestError("--output \(run.path) is a file; name a folder") }
      let contents = try RequestError.whenFailing { try files.contentsOfDirectory(atPath: run.path) }
      guard contents.isEmpty || contents.contains(record) else {
        throw RequestError("--output \(run.path) holds files that are no run; name a new folder")
      }
      if !contents.isEmpty { Console.log("replaces the run in \(run.path)") }
    }
    do {
      try files.createDirectory(atPath: run.path, withIntermediateDirectories: true)
    } catch {
      throw RequestError("cannot make the folder \(run.path); name one that can be written with --output")
    }
    guard files.isWritableFile(atPath: run.path) else {
      throw RequestError("the folder \(run.path) cannot be written; name another one with --output")
    }
    return run
  }

  /// Opens a run that was made before.
  static func open(_ path: String) throws -> Run {
    let run = Run(path: path)
    guard FileManager.default.fileExists(atPath: run.file("model.json").path) else {
      throw RequestError("\(path) is no run: it holds no model.json; 'backprop train image --output \(path)' makes one")
    }
    return run
  }

  func save(_ model: any Layer, _ description: some NetworkDescription) throws {
    do {
      try description.save(model, to: path)
    } catch {
      throw WorkError("cannot save the model in \(path): \(error)")
    }
  }

  func loadModel() throws -> (description: ModelDescription, model: any Layer) {
    try RequestError.whenFailing { try ModelDescription.load(from: path) }
  }

  func loadLanguageModel() throws -> (description: LanguageModelDescription, model: any LanguageModel) {
    try RequestError.whenFailing { try LanguageModelDescription.load(from: path) }
  }

  private static let tokenizer = "tokenizer.json"

  func save(_ tokenizer: any Tokenizer) throws {
    do {
      try tokenizer.save(to: file(Self.tokenizer))
    } catch {
      throw WorkError("cannot save the tokenizer in \(path): \(error)")
    }
  }

  func loadTokenizer(for description: LanguageModelDescription) throws -> any Tokenizer {
    let tokenizer = try RequestError.whenFailing { try Datasets.loadTokenizer(from: file(Self.tokenizer)) }
    guard tokenizer.vocabularySize == description.vocabulary else {
      throw RequestError(
        "\(file(Self.tokenizer).path) has \(tokenizer.vocabularySize) tokens, but the network knows \(description.vocabulary)"
      )
    }
    return tokenizer
  }

  func write(_ record: RunRecord) throws {
    do {
      try JSON.pretty(record).write(to: file(Self.record), options: .atomic)
    } catch {
      throw WorkError("cannot write \(file(Self.record).path): \(error)")
    }
  }

  /// What was noted of the run, or `nil` where there is no `run.json`.
  func readRecord() throws -> RunRecord? {
    guard let data = try? Data(contentsOf: file(Self.record)) else { return nil }
    do {
      return try JSONDecoder().decode(RunRecord.self, from: data)
    } catch {
      throw RequestError("\(file(Self.record).path) cannot be read as a run's record")
    }
  }

  func openMetrics() throws -> MetricsLog { try MetricsLog(path: file("metrics.jsonl").path) }

  private static func timestamp() -> String {
    // 2026-01-31T12:00:00Z becomes 20260131-120000.
    Date().ISO8601Format().compactMap { character -> Character? in
      character == "T" ? "-" : character.isNumber ? character : nil
    }.reduce(into: "") { $0.append($1) }
  }
}

/// What `run.json` says: the request, the circumstances and the results.
struct RunRecord: Codable {
  struct Flags: Codable {
    var data: String
    var model: String
    var epochs: Int?
    var steps: Int?
    var batchSize: Int
    var optimizer: String
    var learningRate: Double
    var momentum: Double?
    var weightDecay: Double?
    var clipNorm: Double?
    var schedule: String
    var warmupSteps: Int?
    var patience: Int?
  }

  struct Results: Codable {
    var ending: String
    var steps: Int
    var epochs: Int
    var trainingLoss: Double
    var trainingAccuracy: Double?
    var loss: Double?
    var accuracy: Double?
    var confusionMatrix: [[Int]]?
    var perplexity: Double?
    var bitsPerCharacter: Double?
    var seconds: Double
    var examplesPerSecond: Double

    init(_ result: TrainingResult) {
      ending = result.ending.rawValue
      steps = result.steps
      epochs = result.epochs
      trainingLoss = result.loss
      trainingAccuracy = result.accuracy
      loss = result.evaluation?.loss
      switch result.evaluation {
      case .classification(let result):
        accuracy = result.accuracy
        confusionMatrix = result.confusionMatrix.counts
      case .language(let result):
        perplexity = result.perplexity
        bitsPerCharacter = result.bitsPerCharacter
      case nil: break
      }
      seconds = result.seconds
      examplesPerSecond = result.examplesPerSecond
    }
  }

  var version = backpropVersion
  var engine = Engine.description
  var flags: Flags
  var seed: UInt64
  var threads = Threads.count
  var parameters: Int
  var started: String
  var ended: String?
  /// Why there are no results, where training failed.
  var error: String?
  var results: Results?
}
