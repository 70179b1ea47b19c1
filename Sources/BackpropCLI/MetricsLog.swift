import Backprop
import Foundation

/// `metrics.jsonl`: a line a logged step and a line an evaluation. Lines are whole even if the process is killed.
final class MetricsLog {
  private let file: FileHandle

  init(path: String) throws {
    guard FileManager.default.createFile(atPath: path, contents: nil), let file = FileHandle(forWritingAtPath: path)
    else { throw WorkError("cannot write \(path); check that the folder is there and may be written to") }
    self.file = file
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
    }
  }

  private struct Line: Encodable {
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
