import Backprop
import Files

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// A run's directory; `docs/architecture.md` says what it holds.
struct Run {
  let path: String

  private static let record = "run.json"

  func file(_ name: String) -> URL { URL(filePath: path).appending(path: name) }

  /// Makes the directory for a new run. A folder that holds something else than a run is left alone.
  static func create(at path: String?, name: String) throws -> Run {
    let run = Run(path: path ?? "runs/\(name)-\(timestamp())")
    let files = FileManager.default
    var isFolder = false
    if files.fileExists(atPath: run.path, isDirectory: &isFolder) {
      guard isFolder else { throw RequestError("--output \(run.path) is a file; name a folder") }
      AtomicFile.removeLeftovers(in: URL(filePath: run.path))
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
    // Weights of the run before must not be taken for this one's.
    for name in ["weights.safetensors", "model.json", Self.tokenizer] { try? files.removeItem(at: run.file(name)) }
    return run
  }

  /// Opens a run that was made before, for `task` where one is named. A folder with nothing but a model counts.
  static func open(_ path: String, for task: NetworkTask? = nil) throws -> Run {
    let run = Run(path: path)
    guard OpenFile.isThere(run.file("model.json").path) else {
      throw RequestError(
        "\(path) is no run: it holds no model.json; 'backprop train \((task ?? .image).rawValue) --output \(path)' makes one"
      )
    }
    if let task, case let found = try run.task, found != task {
      throw RequestError("\(path) is a run of \(found.rawValue); this needs one of \(task.rawValue)")
    }
    return run
  }

  /// What the network is for.
  var task: NetworkTask {
    get throws { try RequestError.whenFailing { try NetworkTask(ofModelAt: path) } }
  }

  /// What it was trained on; `nil` where nothing says so.
  func dataName() throws -> String? {
    guard case .text(let name)? = try readRecord()?.flags["data"] else { return nil }
    return name
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
      try AtomicFile.replace(file(Self.record), with: try JSON.pretty(record))
    } catch {
      throw WorkError("cannot write \(file(Self.record).path): \(error)")
    }
  }

  /// What was noted of the run, or `nil` where there is no `run.json`.
  func readRecord() throws -> RunRecord? {
    do { return try JSONReading.file(RunRecord.self, at: file(Self.record).path) } catch {
      if error.isMissing { return nil }
      throw RequestError("\(file(Self.record).path) \(error.reason)")
    }
  }

  /// The metrics, emptied but for what a training that goes on from `checkpoint` will not do again.
  func openMetrics(upTo checkpoint: Checkpoint?) throws -> MetricsLog {
    try MetricsLog(file("metrics.jsonl"), upTo: checkpoint)
  }

  private static func timestamp() -> String {
    // 2026-01-31T12:00:00Z becomes 20260131-120000.
    Date().ISO8601Format().compactMap { character -> Character? in
      character == "T" ? "-" : character.isNumber ? character : nil
    }.reduce(into: "") { $0.append($1) }
  }
}
