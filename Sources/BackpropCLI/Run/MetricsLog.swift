import Backprop
import Files

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// `metrics.jsonl`: a line for each logged step and each evaluation. Lines are complete even if the process is killed.
/// TensorBoard's file has the same numbers.
final class MetricsLog {
  private let url: URL
  private let set: EvaluatedSet
  /// `nil` until the file is begun.
  private var file: FileDescriptor?
  /// Lines that wait until then.
  private var waiting: Data
  private let events: TensorBoardLog
  /// Which steps have the larger parts of a line, so that a file stays small however long the training is.
  private var histogramSteps = SpacedSteps(count: 25)
  private var sampleSteps = SpacedSteps(count: 20)
  private let measurements: RunMeasurements

  /// A log that is written to the file of `run` once it is begun. Existing lines up to `checkpoint` are retained, since
  /// the steps after it will be repeated; without a checkpoint, none are.
  ///
  /// Throws a `RequestError` where there are such lines and they cannot be read.
  init(
    _ run: Run, upTo checkpoint: Checkpoint?, evaluating set: EvaluatedSet,
    measuring measurements: RunMeasurements = RunMeasurements()
  ) throws {
    url = run.file(Run.metrics)
    self.set = set
    events = TensorBoardLog(run, after: checkpoint?.step)
    self.measurements = measurements
    waiting = Data()
    guard let checkpoint else { return }
    for (bytes, line) in try Self.read(url)
    where line.step <= (line.isEvaluation ? checkpoint.evaluatedStep : checkpoint.step) {
      waiting += bytes + Data("\n".utf8)
      if line.weights != nil { histogramSteps.note(line.step) }
      if line.sample != nil { sampleSteps.note(line.step) }
    }
  }

  deinit { try? file?.close() }

  /// Writes the lines so far to `other`, to be renamed to the file later.
  func stage(at other: URL) throws {
    do { try AtomicFile.replace(other, with: waiting) } catch { throw WorkError("\(error)") }
  }

  /// Creates the file, with the lines so far unless it has been staged; from now on lines are written directly to it.
  func begin(isStaged: Bool = false) throws {
    do {
      if !isStaged { try AtomicFile.replace(url, with: waiting) }
      file = try FileDescriptor.appending(to: url.path)
      waiting = Data()
    } catch {
      throw WorkError("the metrics cannot be written to \(url.path): \(error)")
    }
    try events.begin()
  }

  /// The lines of a run, without truncated ones. Throws a `RequestError` where there is a file that cannot be read.
  static func lines(of run: Run) throws -> [MetricsLine] { try read(run.file(Run.metrics)).map(\.line) }

  private static func read(_ url: URL) throws -> [(bytes: Data, line: MetricsLine)] {
    let bytes: [UInt8]
    do { bytes = try OpenFile(url.path).contents(limit: .max) } catch {
      if error.isMissing { return [] }
      throw RequestError("\(url.path) \(error.reason); it holds the metrics of the run")
    }
    let decoder = JSONDecoder()
    decoder.nonConformingFloatDecodingStrategy = .convertFromString(
      positiveInfinity: "Infinity", negativeInfinity: "-Infinity", nan: "NaN")
    return bytes.split(separator: UInt8(ascii: "\n")).compactMap { bytes in
      // A truncated line does not count.
      (try? decoder.decode(MetricsLine.self, from: Data(bytes))).map { (Data(bytes), $0) }
    }
  }

  func add(_ event: TrainingEvent) throws {
    switch event {
    case .step(let report):
      // The steps whose gradient norm was measured are the ones to log.
      guard var line = MetricsLine(report) else { return }
      if let layers = report.layers { line.add(layers) }
      // Training does not depend on them.
      if histogramSteps.take(report.step, of: report.totalSteps), let histograms = measurements.histograms() {
        line.add(histograms)
      }
      try write(line)
    case .evaluation(let report):
      var line = MetricsLine(report, of: set)
      if sampleSteps.take(report.step, of: report.totalSteps) { line.sample = measurements.sample() }
      try write(line)
    case .saving(let step):
      // A checkpoint must not be ahead of lines that a power failure could lose.
      do { try file?.synchronize() } catch { throw failure(step, error) }
    case .saved, .tracing: break
    }
  }

  /// Adds a table of the flags to TensorBoard's file.
  func add(_ flags: RunFlags) throws { try events.add(flags) }

  /// Adds pictures and texts to TensorBoard's file.
  func add(_ event: TensorBoardEvent) throws { try events.add(event) }

  private func write(_ line: MetricsLine) throws {
    try events.add(line)
    let data = Data((try JSON.line(line) + "\n").utf8)
    guard let file else { return waiting.append(data) }
    let size = try? file.size()
    do { try file.write(data) } catch {
      // Half a line would corrupt the next one.
      if let size { try? file.truncate(to: size) }
      throw failure(line.step, error)
    }
  }

  private func failure(_ step: Int, _ reason: any Error) -> WorkError {
    WorkError("the metrics of step \(step.grouped) cannot be written to \(url.path): \(reason)")
  }
}
