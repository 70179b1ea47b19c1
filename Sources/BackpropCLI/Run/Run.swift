import Backprop
import Files

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// A run's directory; `docs/architecture.md` describes its contents.
struct Run {
  let path: String
  /// Where a training writes to it.
  var lock: RunLock?

  init(path: String, lock: RunLock? = nil) {
    self.path = path
    self.lock = lock
  }

  /// The name of its folder.
  var name: String { path.split(separator: "/").last.map(String.init) ?? path }

  static let record = "run.json"
  static let metrics = "metrics.jsonl"
  static let checkpoints = "checkpoint"
  static let tokenizer = "tokenizer.json"
  static let preparation = "preparation.json"
  /// Files that a training writes at its end, or when it begins. Those of a previous run must not be taken for this one's.
  static let results = [
    "weights.safetensors", "model.json", tokenizer, preparation, RunPictures.file, ReportWriter.file,
  ]

  func file(_ name: String) -> URL { URL(filePath: path).appending(path: name) }

  /// Opens an existing run, for `task` where one is named. A folder with only a model is a run, too.
  static func open(_ path: String, for task: NetworkTask? = nil) throws -> Run {
    let run = Run(path: path)
    guard OpenFile.isThere(run.file("model.json").path) else {
      if let record = try run.readRecord() {
        let state = RunState(record, path: path)
        guard state != .training else {
          throw RequestError("\(path) is still being trained, and has a network when that ends or is interrupted")
        }
        throw RequestError(
          "the training of \(path) \(state == .failed ? "failed" : "was interrupted") before it saved a network; 'backprop train "
            + "\(record.kind.rawValue) --resume --output \(path)' continues it")
      }
      throw RequestError(
        "\(path) is no run: it holds no model.json; 'backprop train \((task ?? .image).rawValue) --output \(path)' makes one"
      )
    }
    if let task, case let found = try run.task, found != task {
      throw RequestError("\(path) is a run of \(found.rawValue); this needs one of \(task.rawValue)")
    }
    return run
  }

  /// The task of the network.
  var task: NetworkTask {
    get throws { try RequestError.whenFailing { try NetworkTask(ofModelAt: path) } }
  }

  /// The data it was trained on, where they are now; `nil` where unknown.
  func dataName() throws -> String? {
    guard let record = try readRecord(), case .text(let name)? = record.flags["data"] else { return nil }
    return record.place(of: name)
  }

  /// The validation set it was trained with; `nil` where its record does not say.
  func validation() throws -> ValidationFlag? {
    guard let record = try readRecord(), case .text(let text)? = record.flags["validation"] else { return nil }
    if case .path(let path) = try ValidationFlag(text) { return .path(record.place(of: path)) }
    return try ValidationFlag(text)
  }

  func save(_ model: any Layer, _ description: some NetworkDescription) throws {
    do {
      try description.save(model, to: path)
    } catch {
      throw WorkError("the model cannot be saved: \(error)")
    }
  }

  func loadModel() throws -> (description: ModelDescription, model: any Layer) {
    try RequestError.whenFailing { try ModelDescription.load(from: path) }
  }

  func loadLanguageModel() throws -> (description: LanguageModelDescription, model: any LanguageModel) {
    try RequestError.whenFailing { try LanguageModelDescription.load(from: path) }
  }

  func save(_ tokenizer: any Tokenizer) throws {
    do {
      try AtomicFile.replace(file(Self.tokenizer), with: try tokenizer.jsonData())
    } catch {
      throw WorkError("the tokenizer cannot be saved: \(error)")
    }
  }

  func loadTokenizer() throws -> any Tokenizer {
    try RequestError.whenFailing { try Datasets.loadTokenizer(from: file(Self.tokenizer)) }
  }

  func loadTokenizer(for description: LanguageModelDescription) throws -> any Tokenizer {
    let tokenizer = try loadTokenizer()
    guard tokenizer.vocabularySize == description.vocabulary else {
      throw RequestError(
        "\(file(Self.tokenizer).path) has \(tokenizer.vocabularySize) tokens, but the network knows \(description.vocabulary)"
      )
    }
    return tokenizer
  }

  func write(_ record: RunRecord) throws {
    do {
      try AtomicFile.replace(file(Self.record), with: try JSON.pretty(record))
    } catch {
      throw WorkError("the run's record cannot be saved: \(error)")
    }
  }

  /// The record of the run, or `nil` where there is no `run.json`.
  func readRecord() throws -> RunRecord? {
    do { return try JSONReading.file(RunRecord.self, at: file(Self.record).path) } catch {
      if error.isMissing { return nil }
      throw RequestError("\(file(Self.record).path) \(error.reason)")
    }
  }
}
