import Backprop
import Files

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// `events.out.tfevents.*`: the numbers of `metrics.jsonl`, pictures and texts, as TensorBoard reads them.
final class TensorBoardLog {
  static let prefix = "events.out.tfevents."

  private let run: Run
  /// The step that a resumed training begins after: what earlier files have of later steps does not count any more.
  private let resumedStep: Int?
  /// `nil` until the file is begun.
  private var file: FileDescriptor?
  /// Records that wait until then.
  private var waiting = Data()

  init(_ run: Run, after step: Int?) {
    self.run = run
    resumedStep = step
  }

  deinit { try? file?.close() }

  /// Creates the file. Those of another training in the folder are removed.
  func begin() throws {
    if resumedStep == nil { try Self.removeFiles(of: run) }
    let seconds = Date().timeIntervalSince1970
    // The number tells apart files of one second: a training that is resumed at once.
    let name = "\(Self.prefix)\(Int(seconds)).backprop.\(ProcessInfo.processInfo.processIdentifier)"
    let path = run.file(name).path
    var start = Data(TensorBoardEvent.version(seconds: seconds).record)
    if let resumedStep { start += TensorBoardEvent.purging(from: resumedStep + 1, seconds: seconds).record }
    do {
      let file = try FileDescriptor.creating(path)
      try file.write(start + waiting)
      self.file = file
      waiting = Data()
    } catch {
      throw WorkError("events for TensorBoard cannot be written to \(path): \(error)")
    }
  }

  func add(_ line: MetricsLine) throws {
    var event = TensorBoardEvent(step: line.step, seconds: Date().timeIntervalSince1970)
    for scalar in line.scalars { event.add(scalar.tag, scalar: scalar.value) }
    for histogram in line.weights ?? [] { event.add("weights/\(histogram.name)", histogram: histogram.chart) }
    for histogram in line.activations ?? [] { event.add("activations/\(histogram.name)", histogram: histogram.chart) }
    if let sample = line.sample { event.add("sample", text: sample.indented) }
    try add(event)
  }

  /// Adds a table in Markdown.
  func add(_ flags: RunFlags) throws {
    var event = TensorBoardEvent(step: 0, seconds: Date().timeIntervalSince1970)
    let rows = flags.all.sorted { $0.key < $1.key }.map { "| --\($0.key) | \($0.value.replacing("|", with: "\\|")) |" }
    event.add("flags", text: (["| flag | value |", "| --- | --- |"] + rows).joined(separator: "\n"))
    try add(event)
  }

  func add(_ event: TensorBoardEvent) throws {
    let record = Data(event.record)
    guard let file else { return waiting.append(record) }
    let size = try? file.size()
    do { try file.write(record) } catch {
      // Half a record would end the file for its readers.
      if let size { try? file.truncate(to: size) }
      throw WorkError("events for TensorBoard cannot be written to the folder \(run.path): \(error)")
    }
  }

  /// Removes the files of earlier trainings in the folder.
  static func removeFiles(of run: Run) throws {
    for name in ((try? Folder.names(in: run.path)) ?? []) where name.hasPrefix(prefix) {
      do { try Folder.remove(run.file(name).path) } catch {
        throw WorkError("\(run.file(name).path), of the run before, cannot be removed: \(error)")
      }
    }
  }
}

extension String {
  /// As a block of code in Markdown, which TensorBoard shows as it stands.
  fileprivate var indented: String {
    split(separator: "\n", omittingEmptySubsequences: false).map { "    \($0)" }.joined(separator: "\n")
  }
}
