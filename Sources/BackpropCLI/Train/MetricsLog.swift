import Backprop
import Files

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// `metrics.jsonl`: a line for each logged step and each evaluation. Lines are complete even if the process is killed.
final class MetricsLog {
  private let url: URL
  private let set: EvaluatedSet
  /// `nil` until the file is begun.
  private var file: FileDescriptor?
  /// Lines that wait until then.
  private var waiting: Data

  /// A log that is written to the file at `url` once it is begun. Existing lines up to `checkpoint` are retained, since
  /// the steps after it will be repeated; without a checkpoint, none are.
  ///
  /// Throws a `RequestError` where there are such lines and they cannot be read.
  init(_ url: URL, upTo checkpoint: Checkpoint?, evaluating set: EvaluatedSet) throws {
    self.url = url
    self.set = set
    waiting = try checkpoint.map { try Self.lines(of: url, upTo: $0) } ?? Data()
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
  }

  private static func lines(of url: URL, upTo checkpoint: Checkpoint) throws -> Data {
    let bytes: [UInt8]
    do { bytes = try OpenFile(url.path).contents(limit: .max) } catch {
      if error.isMissing { return Data() }
      throw RequestError("\(url.path) \(error.reason); it holds the metrics of the run that is to continue")
    }
    let lines = bytes.split(separator: UInt8(ascii: "\n")).filter { line in
      // A truncated line does not count.
      guard let line = try? JSONDecoder().decode(Line.self, from: Data(line)) else { return false }
      return line.step <= (line.meanLoss == nil ? checkpoint.step : checkpoint.evaluatedStep)
    }
    return lines.reduce(into: Data()) { $0 += $1 + Data("\n".utf8) }
  }

  func add(_ event: TrainingEvent) throws {
    switch event {
    case .step(let report):
      // The steps whose gradient norm was measured are the ones to log.
      guard let gradientNorm = report.gradientNorm else { return }
      try write(
        Line(
          step: report.step, epoch: report.epoch, loss: report.loss, accuracy: report.accuracy,
          learningRate: report.learningRate, gradientNorm: gradientNorm, examplesPerSecond: report.examplesPerSecond))
    case .evaluation(let report):
      var line = Line(
        step: report.step, epoch: report.epoch, meanLoss: report.loss, meanAccuracy: report.accuracy,
        examplesPerSecond: report.examplesPerSecond)
      let loss = report.evaluation?.loss
      if set == .test { line.testLoss = loss } else { line.validationLoss = loss }
      switch report.evaluation {
      case .classification(let result):
        if set == .test { line.testAccuracy = result.accuracy } else { line.validationAccuracy = result.accuracy }
      case .language(let result):
        (line.testPerplexity, line.testBitsPerCharacter) = (result.perplexity, result.bitsPerCharacter)
      case .regression(let result):
        (line.testMeanAbsoluteError, line.testR2) = (result.meanAbsoluteError, result.r2)
        line.testRootMeanSquaredError = result.rootMeanSquaredError
      case .metrics, nil: break
      }
      try write(line)
    case .saving(let step):
      // A checkpoint must not be ahead of lines that a power failure could lose.
      do { try file?.synchronize() } catch { throw failure(step, error) }
    case .saved, .tracing: break
    }
  }

  private struct Line: Codable {
    var step: Int
    var epoch: Int
    var loss: Double?
    var accuracy: Double?
    /// Over the steps since the previous evaluation.
    var meanLoss: Double?
    var meanAccuracy: Double?
    var learningRate: Double?
    var gradientNorm: Double?
    var examplesPerSecond: Double
    var testLoss: Double?
    var testAccuracy: Double?
    var validationLoss: Double?
    var validationAccuracy: Double?
    var testPerplexity: Double?
    var testBitsPerCharacter: Double?
    var testMeanAbsoluteError: Double?
    var testRootMeanSquaredError: Double?
    var testR2: Double?
  }

  private func write(_ line: Line) throws {
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
