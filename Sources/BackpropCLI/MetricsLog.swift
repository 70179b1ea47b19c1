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

/// `metrics.jsonl`: a line a logged step and a line an epoch. Lines are whole even if the process is killed.
final class MetricsLog {
  /// Steps between two logged ones.
  static let interval = 10

  private let file: UnsafeMutablePointer<FILE>

  init(path: String) throws {
    guard let file = fopen(path, "w") else { throw WorkError("cannot write \(path)") }
    self.file = file
  }

  deinit { fclose(file) }

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
    fputs(try JSON.line(line) + "\n", file)
    fflush(file)
  }
}
