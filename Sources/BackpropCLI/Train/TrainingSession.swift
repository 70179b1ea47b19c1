import Backprop
import CProcess
import Files

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// What training images and training text have in common: the run's folder, its record, metrics, checkpoints, progress
/// and Ctrl-C.
struct TrainingSession {
  private let kind: NetworkTask
  private let options: TrainingOptions
  /// The resumed run; `nil` for a new one.
  private let resumed: (run: Run, record: RunRecord)?
  let seed: UInt64
  /// The options of this training, with their values.
  var resolved: ResolvedOptions

  /// Opens the run to resume, where requested, and applies its number of threads.
  init(_ kind: NetworkTask, _ options: TrainingOptions, _ common: CommonOptions) throws {
    backprop_end_when_interrupted()
    self.kind = kind
    self.options = options
    guard options.resume, let path = options.output else {
      resumed = nil
      seed = options.seed ?? UInt64.random(in: 0...UInt64(UInt32.max))
      resolved = ResolvedOptions(nil)
      try common.apply()
      return
    }
    let (run, record) = try Run.forResuming(path)
    guard record.kind == kind else {
      throw RequestError(
        "\(path) is a run of \(record.kind.rawValue); resume it with 'backprop train \(record.kind.rawValue) --resume "
          + "--output \(path)'")
    }
    if let given = options.seed, given != record.seed {
      throw RequestError("--seed \(given) contradicts the run, which has \(record.seed); leave it out to resume")
    }
    resumed = (run, record)
    seed = record.seed
    resolved = ResolvedOptions(record)
    try common.apply(default: record.threads)
  }

  /// Whether there is a checkpoint to continue from.
  var hasCheckpoint: Bool {
    resumed.map { OpenFile.isThere($0.run.file(Run.checkpoints).appending(path: "latest.safetensors").path) } ?? false
  }

  /// Trains `task` and saves the run. `name` is that of a new folder, `summary` the note at the start, and `save`
  /// writes the model into the run's folder.
  ///
  /// Throws `Interrupted` after Ctrl-C, when the state has been saved.
  func train(
    _ task: some TrainingTask, with optimizer: any Optimizer, by trainer: Trainer, callbacks: [any TrainingCallback],
    name: String, summary: String, unit: String = "examples", evaluatedSet: EvaluatedSet = .test,
    reporting source: ReportSource, save: (Run) throws -> Void
  ) throws -> TrainingOutcome {
    let (run, isReplaced) =
      try resumed.map { ($0.run, true) } ?? Run.forNewTraining(at: options.output, name: name)
    let parameters = parameterCount(of: task.model)
    var record =
      resumed?.record
      ?? RunRecord(
        kind: kind, flags: resolved.flags, seed: seed, parameters: parameters, started: Date().ISO8601Format())
    let store = CheckpointStore(folder: run.file(Run.checkpoints), configuration: try record.configuration)
    let checkpoint = try resumed == nil ? nil : load(store)
    log(summary, record, checkpoint, run, isReplaced: isReplaced)
    record.begin(resolved.flags, isResumed: resumed != nil, isNew: checkpoint == nil)
    let writer = try RunWriter(
      run, record,
      beginning: checkpoint != nil ? .withTheFirstEvent : isReplaced ? .withTheFirstCheckpoint : .atOnce,
      from: checkpoint, stop: trainer.stop, evaluating: evaluatedSet,
      measuring: RunMeasurements(of: task, sample: source.sample))
    let report = ReportWriter(run, source)

    backprop_request_when_interrupted()
    var display = ProgressDisplay(isQuiet: options.quiet, unit: unit, set: evaluatedSet, plots: options.plot)
    let result: TrainingResult
    let isSaved: Bool
    do {
      result = try trainer.train(
        task, with: optimizer, callbacks: callbacks, from: checkpoint, savingTo: store
      ) { event in
        if backprop_is_interrupted() != 0 { trainer.stop.request() }
        try writer.note(event)
        display.show(event)
        if case .evaluation(let evaluation) = event, writer.isBegun {
          report.note(evaluation.evaluation, record)
        }
      }
      display.end()
      isSaved = try writer.finish(result, save: save)
      if let error = writer.unlogged { throw error }
      // Who interrupts a training does not want to wait for the examples.
      if isSaved { report.finish(writer, examining: result.ending != .interrupted) }
    } catch {
      display.end()
      throw writer.fail(error)
    }
    if result.ending == .interrupted {
      throw Interrupted(
        description: isSaved
          ? "interrupted after step \(result.steps.grouped); what there was is saved, and "
            + "'backprop train \(kind.rawValue) --resume --output \(run.path)' resumes it"
          : "interrupted before the first step; the run in \(run.path) is as it was")
    }
    return TrainingOutcome(run: run, result: result, parameters: parameters)
  }

  /// Throws where the run to resume has a checkpoint of another network than the one its record describes. The network
  /// is not built for that.
  func checkCheckpoint(_ description: some NetworkDescription) throws {
    guard let run = resumed?.run else { return }
    try RequestError.whenFailing {
      try CheckpointStore(folder: run.file("checkpoint")).check(against: description.shapes())
    }
  }

  private func load(_ store: CheckpointStore) throws -> Checkpoint? {
    try RequestError.whenFailing { try store.load { Console.log("warning: \($0)") } }
  }

  private func log(_ summary: String, _ record: RunRecord, _ checkpoint: Checkpoint?, _ run: Run, isReplaced: Bool) {
    if resumed != nil, record.engine != Engine.description {
      Console.log("the run was begun with \(record.engine), now it is \(Engine.description); the last bits may differ")
    }
    if resumed == nil, isReplaced { Console.log("replaces the run in \(run.path) with the first checkpoint") }
    guard !options.quiet else { return }
    Console.log(summary)
    guard resumed != nil else { return }
    Console.log(
      checkpoint.map { "resumes after step \($0.step.grouped) in \(run.path)" }
        ?? "begins again in \(run.path): there is no checkpoint yet")
  }
}
