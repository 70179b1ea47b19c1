import Backprop

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Writes the files of a training's run, so that there is always one to resume or to use: a previous run is replaced
/// only when there is something to replace it with.
final class RunWriter {
  /// The condition for the first write.
  enum Beginning {
    /// None: the folder was empty.
    case atOnce
    /// The first step, as the checkpoint may not fit the training.
    case withTheFirstEvent
    /// The first checkpoint.
    case withTheFirstCheckpoint
  }

  private let run: Run
  private let metrics: MetricsLog
  private let set: EvaluatedSet
  private(set) var record: RunRecord
  private let pictures: RunPictures?
  private let tokenizer: (any Tokenizer)?
  /// `nil` once the run is begun.
  private var beginning: Beginning?
  /// The step of the last saved checkpoint.
  private var savedStep: Int?
  private var isSaving = false
  private let stop: StopRequest
  /// Why the metrics could not be written, where training is stopped for that.
  private(set) var unlogged: (any Error)?

  init(
    _ run: Run, _ record: RunRecord, _ pictures: RunPictures? = nil, _ tokenizer: (any Tokenizer)? = nil,
    beginning: Beginning, from checkpoint: Checkpoint?, stop: StopRequest,
    evaluating set: EvaluatedSet, measuring measurements: RunMeasurements = RunMeasurements()
  ) throws {
    self.stop = stop
    self.run = run
    self.set = set
    self.record = record
    self.pictures = pictures
    self.tokenizer = tokenizer
    self.beginning = beginning
    savedStep = checkpoint?.step
    metrics = try MetricsLog(run, upTo: checkpoint, evaluating: set, measuring: measurements)
    if checkpoint == nil { try metrics.add(record.flags) }
    if beginning == .atOnce { try begin() }
  }

  /// Whether there are files of this training in the folder.
  var isBegun: Bool { beginning == nil }

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
        try writeCompanions()
        beginning = nil
      }
    case .evaluation, .tracing: break
    }
    guard unlogged == nil else { return }
    do { try metrics.add(event) } catch {
      // There may still be space for the model.
      unlogged = error
      stop.request()
    }
  }

  /// Adds to TensorBoard's file.
  func add(_ event: TensorBoardEvent) throws { try metrics.add(event) }

  private func begin() throws {
    try run.write(record)
    try writeCompanions()
    try metrics.begin()
    beginning = nil
  }

  /// Writes what a resumed training needs beside the record.
  private func writeCompanions() throws {
    try pictures.map(run.write)
    try tokenizer.map(run.save)
  }

  /// Records the results of training, after `save` has written the model. Returns whether there was anything to save.
  func finish(_ result: TrainingResult, save: (Run) throws -> Void) throws -> Bool {
    if beginning == .withTheFirstCheckpoint { return false }
    if beginning != nil { try begin() }
    try run.lock?.check()
    try save(run)
    record.end(result, evaluatedOn: set.ofResult(result))
    try run.write(record)
    return true
  }

  /// Records that training failed. Returns the error to report, which says what was saved where something could not be.
  func fail(_ error: any Error) -> any Error {
    if beginning == .withTheFirstCheckpoint {
      return WorkError("\(error); the run that was in \(run.path) is as it was")
    }
    if beginning == nil {
      record.end(error)
      // Where that cannot be saved either, the first error is more useful.
      try? run.write(record)
    }
    guard isSaving || error is WorkError, (try? run.lock?.check()) != nil else { return error }
    guard let savedStep else { return WorkError("\(error); there is no checkpoint yet") }
    return WorkError(
      "\(error); the checkpoint of step \(savedStep.grouped) is safe, and 'backprop train \(record.kind.rawValue) --resume "
        + "--output \(run.path)' continues from it")
  }
}
