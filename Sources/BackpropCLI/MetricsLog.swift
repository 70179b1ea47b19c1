import Backprop
import Foundation

/// `metrics.jsonl`: a line a logged step and a line an evaluation. Lines are whole even if the process is killed.
final class MetricsLog {
  private let file: FileHandle

  /// Opens the file. What was logged after `checkpoint` was made goes; without one, all does.
  init(_ url: URL, upTo checkpoint: Checkpoint?) throws {
    let kept = checkpoint.map { Self.lines(of: url, upTo: $0) } ?? []
    do {
      try AtomicFile.replace(url, with: Data(kept.map { $0 + "\n" }.joined().utf8))
      file = try FileHandle(forWritingTo: url)
      try file.seekToEnd()
    } catch {
      throw WorkError("cannot write \(url.path); check that the folder is there and may be written to")
    }
  }

  private static func lines(of url: URL, upTo checkpoint: Checkpoint) -> [String] {
    guard let text = try? String(contentsOf: url, encoding: .utf8) else { return [] }
    return text.split(separator: "\n").map(String.init).filter { line in
      // A line that was cut short is no line.
      guard let line = try? JSONDecoder().decode(Line.self, from: Data(line.utf8)) else { return false }
      return line.step <= (line.meanLoss == nil ? checkpoint.step : checkpoint.evaluatedStep)
    }
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
        examplesPerSecond: report.examplesPerSecond, testLoss: report.evaluation?.loss)
      switch report.evaluation {
      case .classification(let result): line.testAccuracy = result.accuracy
      case .language(let result):
        (line.testPerplexity, line.testBitsPerCharacter) = (result.perplexity, result.bitsPerCharacter)
      case nil: break
      }
      try write(line)
    case .saving:
      // A checkpoint must not know of steps whose lines a power failure takes away.
      try file.synchronize()
    case .tracing: break
    }
  }

  private struct Line: Codable {
    var step: Int
    var epoch: Int
    var loss: Double?
    var accuracy: Double?
    /// Over the steps since the evaluation before.
    var meanLoss: Double?
    var meanAccuracy: Double?
    var learningRate: Double?
    var gradientNorm: Double?
    var examplesPerSecond: Double
    var testLoss: Double?
    var testAccuracy: Double?
    var testPerplexity: Double?
    var testBitsPerCharacter: Double?
  }

  private func write(_ line: Line) throws {
    try file.write(contentsOf: Data((try JSON.line(line) + "\n").utf8))
  }
}
