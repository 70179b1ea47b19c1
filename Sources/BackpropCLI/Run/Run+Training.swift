import Backprop
import Files

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Folders that a training writes to. This code only completes in them what an earlier process left unfinished.
extension Run {
  /// The folder for a new run, created if missing. A folder with something else than a run is refused.
  /// `isReplaced` is true where there is a run in it.
  static func forNewTraining(at path: String?, name: String) throws -> (run: Run, isReplaced: Bool) {
    let path = try path ?? newFolder(name)
    try checkPlace(path)
    do { try Folder.create(path) } catch {
      throw RequestError("cannot make the folder \(path): \(error); name one that can be written with --output")
    }
    let run = try locked(path)
    return (run, try holdsRun(path))
  }

  /// Throws a `RequestError` where a new run cannot be in the folder at `path`, before any work and without creating it.
  static func checkPlace(_ path: String) throws {
    if OpenFile.isThere(path) {
      guard OpenFile.isFolder(path) else { throw RequestError("--output \(path) is a file; name a folder") }
      _ = try holdsRun(path)
    }
    var parent = path
    while !OpenFile.isThere(parent) { parent = FilePath.parent(of: parent) ?? "." }
    do { try Folder.requireWritable(parent) } catch {
      throw RequestError("the folder \(path) cannot be written: \(error); name another one with --output")
    }
  }

  /// Whether there is a run in the folder and not nothing. Throws a `RequestError` where there is something else.
  private static func holdsRun(_ path: String) throws -> Bool {
    guard let contents = try? Folder.names(in: path) else {
      throw RequestError("the folder \(path) cannot be read; name another one with --output")
    }
    guard contents.isEmpty || contents.contains(record) else {
      throw RequestError("--output \(path) holds files that are no run; name a new folder")
    }
    return !contents.isEmpty
  }

  /// The run at `path`, to be continued.
  static func forResuming(_ path: String) throws -> (run: Run, record: RunRecord) {
    let absent = RequestError(
      "\(path) holds no run.json, so there is no run to resume; leave --resume out to begin one")
    guard OpenFile.isThere(Run(path: path).file(record).path) else { throw absent }
    let run = try locked(path)
    guard let record = try run.readRecord() else { throw absent }
    return (run, record)
  }

  /// The run at `path`, which another process continues.
  static func forReading(_ path: String) throws -> (run: Run, record: RunRecord) {
    let run = Run(path: path)
    guard let record = try run.readRecord() else {
      throw RequestError("\(path) holds no run.json here; the folder of --output must be the same for all processes")
    }
    return (run, record)
  }

  private static func locked(_ path: String) throws -> Run {
    do { try Folder.requireWritable(path) } catch {
      throw RequestError("the folder \(path) cannot be written: \(error); name another one with --output")
    }
    let run = Run(path: path, lock: try RunLock(path))
    try run.checkCheckpointFolder()
    AtomicFile.removeLeftovers(in: URL(filePath: path))
    try run.finishReplacement()
    if let record = try? run.readRecord() {
      try CheckpointStore(folder: run.file(checkpoints), configuration: record.configuration).undoReplacement()
    }
    return run
  }

  /// Checkpoints written through a link would replace files elsewhere.
  private func checkCheckpointFolder() throws {
    let path = file(Self.checkpoints).path
    let entry: Folder.Entry
    do { entry = try Folder.entry(at: path) } catch { throw RequestError("\(path) cannot be read: \(error)") }
    switch entry {
    case .nothing, .folder: return
    case .link:
      throw RequestError(
        "\(path) is a link, but a run's files are its own; put the folder itself there or remove the link")
    case .other: throw RequestError("\(path) should be a folder of checkpoints; remove it")
    }
  }

  /// Creates a folder of that name and the time in `runs`, with a number where there is one already.
  private static func newFolder(_ name: String) throws -> String {
    let path = "runs/\(name)-\(timestamp())"
    do {
      try Folder.create("runs")
      var (candidate, number) = (path, 1)
      while try !Folder.createNew(candidate) {
        number += 1
        candidate = "\(path)-\(number)"
      }
      return candidate
    } catch {
      throw RequestError("cannot make the folder \(path): \(error); name one that can be written with --output")
    }
  }

  private static func timestamp() -> String {
    // 2026-01-31T12:00:00Z becomes 20260131-120000.
    Date().ISO8601Format().compactMap { character -> Character? in
      character == "T" ? "-" : character.isNumber ? character : nil
    }.reduce(into: "") { $0.append($1) }
  }
}

/// A run replaces the one in its folder atomically: when `run.json` is replaced. The files to remove then are removed
/// by the next process where this one ends too early.
extension Run {
  private static let stagedPrefix = ".metrics-"

  private func stagedMetrics(_ id: String) -> URL { file(Self.stagedPrefix + id) }

  /// Replaces the previous run with that of `record`. Its first checkpoint is saved already.
  func replace(with record: RunRecord, _ metrics: MetricsLog) throws {
    try metrics.stage(at: stagedMetrics(record.id ?? ""))
    try write(record)
    try finishReplacement()
    try metrics.begin(isStaged: true)
  }

  /// Completes an interrupted replacement: renames staged metrics that have a record, and removes those without.
  fileprivate func finishReplacement() throws {
    let staged = ((try? Folder.names(in: path)) ?? []).filter { $0.hasPrefix(Self.stagedPrefix) }
    guard !staged.isEmpty else { return }
    // `run.json` may contain anything, but a file's name cannot lead out of the folder.
    if let id = try readRecord()?.id, staged.contains(Self.stagedPrefix + id) {
      for name in Self.results { try remove(name) }
      try CheckpointStore(folder: file(Self.checkpoints)).removePrevious()
      do { try Folder.rename(stagedMetrics(id).path, to: file(Self.metrics).path) } catch {
        throw WorkError("the metrics cannot be written to \(file(Self.metrics).path): \(error)")
      }
    }
    for name in staged { try? Folder.remove(file(name).path) }
  }

  private func remove(_ name: String) throws {
    do { try Folder.remove(file(name).path) } catch {
      throw WorkError("\(file(name).path), of the run before, cannot be removed: \(error)")
    }
  }
}
