import Backprop
import Foundation

/// `metrics.jsonl`: a line a logged step and a line an epoch. Lines are whole even if the process is killed.
final class MetricsLog {
  /// Steps between two logged ones.
  static let interval = 10

  private let file: FileHandle

  init(path: String) throws {
    guard FileManager.default.createFile(atPath: path, contents: nil), let file = FileHandle(forWritingAtPath: path)
    else { throw WorkError("cannot write \(path); check that the folder is there and may be written to") }
    self.file = file
  }

  func add(_ event: TrainingEvent) throws {
    switch event {
    case .step(let report):
      guard report.step == 1 || report.step % Self.interval == 0 || report.step == report.totalSteps else { return }
      try write(
        Line(
          step: report.step, epoch: report.epoch, loss: report.loss, accuracy: report.accuracy,
          learningRate: report.learningRate, examplesPerSecond: report.examplesPerSecond))
    case .epoch(let report):
      try write(
        Line(
          step: report.step, epoch: report.epoch, epochLoss: report.loss, epochAccuracy: report.accuracy,
          examplesPerSecond: report.examplesPerSecond, testLoss: report.evaluation?.loss,
          testAccuracy: report.evaluation?.accuracy))
    }
  }

  private struct Line: Encodable {
    var step: Int
    var epoch: Int
    var loss: Double?
    var accuracy: Double?
    var epochLoss: Double?
    var epochAccuracy: Double?
    var learningRate: Double?
    var examplesPerSecond: Double
    var testLoss: Double?
    var testAccuracy: Double?
  }

  private func write(_ line: Line) throws {
    try file.write(contentsOf: Data((try JSON.line(line) + "\n").utf8))
  }
}
