import Backprop

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Writes `report.html` of a training: at its end, and after evaluations at most once a minute.
final class ReportWriter {
  static let file = "report.html"

  private let run: Run
  private let source: ReportSource
  private let clock = ContinuousClock()
  private var next: ContinuousClock.Instant

  init(_ run: Run, _ source: ReportSource) {
    self.run = run
    self.source = source
    next = clock.now + .seconds(60)
  }

  /// Writes the report of an unfinished training, if it is time for it. That takes at most a hundredth of the time; a
  /// report that cannot be written does not end the training.
  func note(_ evaluation: Evaluation?, _ record: RunRecord) {
    let start = clock.now
    guard start >= next else { return }
    var counts: [[Int]]?
    if case .classification(let result)? = evaluation { counts = result.confusionMatrix.counts }
    try? write(record, counts, nil)
    next = clock.now + max(.seconds(60), start.duration(to: clock.now) * 100)
  }

  /// Writes the report of a training that has ended; with `examining`, also what the network says about examples, whose
  /// pictures TensorBoard's file gets, too.
  func finish(_ writer: RunWriter, examining: Bool) {
    let record = writer.record
    var (examination, note): (Examination?, String?)
    if examining {
      do {
        examination = try source.examine()
        if examination == nil { throw ReportSource.noExamples }
      } catch {
        note = "There are no examples on this page: \(error)"
      }
    } else {
      note =
        "Training was interrupted, so the page was written without examples, for which the network looks at its data "
        + "again; 'backprop report \(run.path)' adds them."
    }
    do {
      if let event = examination?.event(step: record.results?.steps ?? 0, source.filters()) { try writer.add(event) }
      try write(record, record.results?.confusionMatrix, examination, note)
    } catch {
      Console.log("warning: \(error)")
    }
  }

  private func write(
    _ record: RunRecord, _ counts: [[Int]]?, _ examination: Examination?, _ note: String? = nil
  ) throws {
    let reported = ReportedRun(
      name: run.name, path: run.path, record: record, lines: try MetricsLog.lines(of: run),
      layers: (try? source.layers()) ?? [], classNames: source.classNames, filters: source.filters(),
      confusionMatrix: counts, examination: examination, note: note)
    try run.lock?.check()
    try RunReport.write([reported], to: run.file(Self.file))
  }
}
