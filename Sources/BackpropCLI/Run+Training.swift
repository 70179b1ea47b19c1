import Backprop

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif
#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Folders that a training writes to. Nothing in them is changed here but what an earlier process left unfinished.
extension Run {
  /// The folder for a new run, made where it is missing. One that holds something else than a run is left alone.
  /// `isReplaced` tells that there is a run in it.
  static func forNewTraining(at path: String?, name: String) throws -> (run: Run, isReplaced: Bool) {
    let path = try path ?? newFolder(name)
    let files = FileManager.default
    var isFolder = false
    if files.fileExists(atPath: path, isDirectory: &isFolder), !isFolder {
      throw RequestError("--output \(path) is a file; name a folder")
    }
    do {
      try files.createDirectory(atPath: path, withIntermediateDirectories: true)
    } catch {
      throw RequestError("cannot make the folder \(path); name one that can be written with --output")
    }
    let run = try locked(path)
    guard let contents = try? files.contentsOfDirectory(atPath: path) else {
      throw RequestError("the folder \(path) cannot be read; name another one with --output")
    }
    guard contents.isEmpty || contents.contains(record) else {
      throw RequestError("--output \(path) holds files that are no run; name a new folder")
    }
    return (run, !contents.isEmpty)
  }

  /// The run at `path`, to be continued.
  static func forResuming(_ path: String) throws -> (run: Run, record: RunRecord) {
    let absent = RequestError(
      "\(path) holds no run.json, so there is no run to resume; leave --resume out to begin one")
    guard FileManager.default.fileExists(atPath: Run(path: path).file(record).path) else { throw absent }
    let run = try locked(path)
    guard let record = try run.readRecord() else { throw absent }
    return (run, record)
  }

  private static func locked(_ path: String) throws -> Run {
    guard FileManager.default.isWritableFile(atPath: path) else {
      throw RequestError("the folder \(path) cannot be written; name another one with --output")
    }
    let run = Run(path: path, lock: try RunLock(path))
    try run.checkCheckpointFolder()
    AtomicFile.removeLeftovers(in: URL(filePath: path))
    try run.finishReplacement()
    return run
  }

  /// Checkpoints that went through a link would take the place of files elsewhere.
  private func checkCheckpointFolder() throws {
    let path = file(Self.checkpoints).path
    var status = stat()
    guard lstat(path, &status) == 0 else {
      guard case let reason = SystemError(), reason.code != ENOENT else { return }
      throw RequestError("\(path) cannot be read: \(reason)")
    }
    let kind = status.st_mode & S_IFMT
    if kind == S_IFLNK {
      throw RequestError(
        "\(path) is a link, but a run's files are its own; put the folder itself there or remove the link")
    }
    if kind != S_IFDIR { throw RequestError("\(path) should be a folder of checkpoints; remove it") }
  }

  /// Makes a folder of that name and the time in `runs`, with a number where there is one already.
  private static func newFolder(_ name: String) throws -> String {
    let path = "runs/\(name)-\(timestamp())"
    try? FileManager.default.createDirectory(atPath: "runs", withIntermediateDirectories: true)
    for number in 1...1000 {
      let candidate = number == 1 ? path : "\(path)-\(number)"
      if mkdir(candidate, 0o777) == 0 { return candidate }
      guard errno == EEXIST else { break }
    }
    throw RequestError("cannot make the folder \(path); name one that can be written with --output")
  }

  private static func timestamp() -> String {
    // 2026-01-31T12:00:00Z becomes 20260131-120000.
    Date().ISO8601Format().compactMap { character -> Character? in
      character == "T" ? "-" : character.isNumber ? character : nil
    }.reduce(into: "") { $0.append($1) }
  }
}

/// A run that takes the place of the one in its folder does so in one moment: when `run.json` is replaced. What has to be
/// removed then is removed by the next process where this one ends too early.
extension Run {
  private static let stagedPrefix = ".metrics-"

  private func stagedMetrics(_ id: String) -> URL { file(Self.stagedPrefix + id) }

  /// Puts the run of `record` in the place of the one that was here. Its first checkpoint is there already.
  func replace(with record: RunRecord, _ metrics: MetricsLog) throws {
    try metrics.stage(at: stagedMetrics(record.id ?? ""))
    try write(record)
    try finishReplacement()
    try metrics.begin(isStaged: true)
  }

  /// Does what is left to do where there is a record with metrics that wait, and removes metrics without a record.
  fileprivate func finishReplacement() throws {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    let staged = names.filter { $0.hasPrefix(Self.stagedPrefix) }
    guard !staged.isEmpty else { return }
    // What `run.json` says may be anything, but no file's name in a folder leads out of it.
    if let id = try readRecord()?.id, staged.contains(Self.stagedPrefix + id) {
      for name in Self.results { try remove(name) }
      try CheckpointStore(folder: file(Self.checkpoints)).removePrevious()
      guard rename(stagedMetrics(id).path, file(Self.metrics).path) == 0 else {
        throw WorkError("the metrics cannot be written to \(file(Self.metrics).path): \(SystemError())")
      }
    }
    for name in staged { unlink(file(name).path) }
  }

  private func remove(_ name: String) throws {
    guard unlink(file(name).path) != 0, case let reason = SystemError(), reason.code != ENOENT else { return }
    throw WorkError("\(file(name).path), of the run before, cannot be removed: \(reason)")
  }
}
