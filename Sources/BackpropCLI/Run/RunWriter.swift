import Backprop

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Writes the files of a training's run, so that at each moment there is one to continue from or to use: what was there
/// before is replaced when there is something to put in its place.
final class RunWriter {
  /// What has to happen before anything is written.
  enum Beginning {
    /// Nothing: the folder was empty.
    case atOnce
    /// The first step, as the checkpoint may not fit the training.
    case withTheFirstEvent
    /// The first checkpoint.
    case withTheFirstCheckpoint
  }

  private let run: Run
  private let metrics: MetricsLog
  private var record: RunRecord
  /// `nil` once the run is begun.
  private var beginning: Beginning?
  /// The step of the last checkpoint that is on the disk.
  private var savedStep: Int?
  private var isSaving = false
  private let stop: StopRequest
  /// Why the metrics could not be written, where training was asked to stop for that.
  private(set) var unlogged: (any Error)?

  init(
    _ run: Run, _ record: RunRecord, beginning: Beginning, from checkpoint: Checkpoint?, stop: StopRequest
  ) throws {
    self.stop = stop
    self.run = run
    self.record = record
    self.beginning = beginning
    savedStep = checkpoint?.step
    metrics = try MetricsLog(run.file(Run.metrics), upTo: checkpoint)
    if beginning == .atOnce { try begin() }
  }

  func note(_ event: TrainingEvent) throws {
    if beginning == .withTheFirstEvent { try begin() }
    switch event {
    case .step(let report):
      if report.gradientNorm != nil { try run.lock?.check() }
    case .saving:
      isSaving = true
      try run.lock?.check()
    case .saved(let step):
      (isSaving, savedStep) = (false, step)
      if beginning == .withTheFirstCheckpoint {
        try run.replace(with: record, metrics)
        beginning = nil
      }
    case .evaluation, .tracing: break
    }
    guard unlogged == nil else { return }
    do { try metrics.add(event) } catch {
      // There may still be space for what was trained.
      unlogged = error
      stop.request()
    }
  }

  private func begin() throws {
    try run.write(record)
    try metrics.begin()
    beginning = nil
  }

  /// Notes what training came to, after `save` has written the model. Returns whether there was anything to save.
  func finish(_ result: TrainingResult, save: (Run) throws -> Void) throws -> Bool {
    if beginning == .withTheFirstCheckpoint { return false }
    if beginning != nil { try begin() }
    try run.lock?.check()
    try save(run)
    record.end(result)
    try run.write(record)
    return true
  }

  /// Notes that training failed. Returns the error to tell, which says what is safe where something could not be saved.
  func fail(_ error: any Error) -> any Error {
    if beginning == .withTheFirstCheckpoint {
      return WorkError("\(error); the run that was in \(run.path) is as it was")
    }
    if beginning == nil {
      record.end(error)
      // Where that cannot be saved either, the first error says more.
      try? run.write(record)
    }
    guard isSaving || error is WorkError, (try? run.lock?.check()) != nil else { return error }
    guard let savedStep else { return WorkError("\(error); there is no checkpoint yet") }
    return WorkError(
      "\(error); the checkpoint of step \(savedStep.grouped) is safe, and 'backprop train \(record.kind.rawValue) --resume "
        + "--output \(run.path)' continues from it")
  }
}
