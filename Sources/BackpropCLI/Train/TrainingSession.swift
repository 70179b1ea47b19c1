import Backprop
import CProcess
import Files
import Foundation

/// What training images and training text have in common: the run's folder, its record, metrics, checkpoints, progress
/// and Ctrl-C.
struct TrainingSession {
  private let kind: NetworkTask
  private let options: TrainingOptions
  /// The resumed run; `nil` for a new one.
  private let resumed: (run: Run, record: RunRecord)?
  /// Those that train together; only process 0 writes.
  let processes: Distributed
  let seed: UInt64
  /// The options of this training, with their values.
  var resolved: ResolvedOptions

  /// Opens the run to resume, where requested, and applies its number of threads.
  init(_ kind: NetworkTask, _ options: TrainingOptions, _ common: CommonOptions) throws {
    backprop_end_when_interrupted()
    self.kind = kind
    self.options = options
    processes = try Distributed.world()
    guard options.resume, let path = options.output else {
      resumed = nil
      if processes.rank == 0 { try options.output.map(Run.checkPlace) }
      let configuration = try options.config.map { try Self.configuration($0, for: kind) }
      seed = try Processes.meet(
        seed: options.seed ?? configuration?.seed ?? UInt64.random(in: 0...UInt64(UInt32.max)))
      resolved = ResolvedOptions(nil, configuration: configuration?.flags)
      try common.apply()
      return
    }
    // Process 0 holds the folder's lock, and completes what an earlier one left unfinished, before others read there.
    let locked = processes.rank == 0 ? try Run.forResuming(path) : nil
    _ = try Processes.meet()
    let (run, record) = try locked ?? Run.forReading(path)
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

  /// Where data of this name are: for a resumed run as it was begun.
  func place(of name: String) -> String { resumed?.record.place(of: name) ?? name }

  /// Throws where a run is resumed on a table or text that is not as it was.
  func checkUnchanged(_ now: ContentDigest, at path: String) throws(DataError) {
    try resumed?.record.checkResumes(with: now, at: path)
  }

  /// Throws where a run is resumed with another file for validation than it had.
  func checkUnchanged(validation now: ContentDigest, at path: String) throws(DataError) {
    try resumed?.record.checkResumes(validatedWith: now, at: path)
  }

  /// The tokenizer that the resumed run was begun with; `nil` for a new one.
  func tokenizer() throws -> (any Tokenizer)? { try resumed?.run.loadTokenizer() }

  /// Throws a `RequestError` where a run is resumed on a folder of pictures that is not as it was.
  func checkUnchanged(_ folder: PictureSurvey) throws {
    guard let (run, record) = resumed, let changes = try run.readPictures(of: record)?.changes(in: folder),
      !changes.isEmpty
    else { return }
    throw RequestError(
      "\(folder.folder) has changed since the run began (\(changes.sentenceList)), so other pictures would be trained and "
        + "tested on; make it as it was, or train anew without --resume")
  }

  /// `--find-rate`: finds a learning rate, draws the loss by it, and gives it to the optimizer and the run's record.
  mutating func findRate(_ task: some TrainingTask, with optimizer: any Optimizer) throws {
    guard options.findRate else { return }
    _ = try Processes.meet()
    Processes.isTraining = true
    let found = try LearningRateRangeTest().run(task, with: optimizer)
    Processes.isTraining = false
    let rate = found.rate.significant(3)
    optimizer.learningRate = Float(rate) ?? Float(found.rate)
    resolved.replace("learning-rate", with: Double(rate) ?? found.rate)
    guard !options.quiet else { return }
    let columns = (Terminal.columns(of: 2) ?? Terminal.defaultColumns) - 1
    RatePlot.lines(found.points, columns: columns, colors: Console.errorIsTerminal).forEach(Console.note(line:))
    Console.log("the loss falls fastest at a learning rate of \(rate), which is taken")
  }

  /// Trains `task` and saves the run. `name` is that of a new folder, `summary` the note at the start, and `save`
  /// writes the model into the run's folder. `pictures` are those of a folder, `digests` what is in a table or text, and
  /// `tokenizer` is saved when the run begins.
  ///
  /// Throws `Interrupted` after Ctrl-C, when the state has been saved.
  func train(
    _ task: some TrainingTask, with optimizer: any Optimizer, by trainer: Trainer, callbacks: [any TrainingCallback],
    name: String, summary: String, unit: String = "examples", evaluatedSet: EvaluatedSet = .test,
    pictures: RunPictures? = nil, digests: DataDigests? = nil, tokenizer: (any Tokenizer)? = nil,
    reporting source: ReportSource, save: (Run) throws -> Void
  ) throws -> TrainingOutcome {
    if processes.rank > 0 { try follow(task, with: optimizer, by: trainer, callbacks: callbacks) }
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
    (record.data, record.validationData) = (digests?.data, digests?.validation)
    var pictures = pictures
    pictures?.run = record.id
    let writer = try RunWriter(
      run, record, pictures, tokenizer,
      beginning: checkpoint != nil ? .withTheFirstEvent : isReplaced ? .withTheFirstCheckpoint : .atOnce,
      from: checkpoint, stop: trainer.stop, evaluating: evaluatedSet,
      measuring: RunMeasurements(of: task, sample: source.sample))
    let report = ReportWriter(run, source)
    _ = try Processes.meet()
    Processes.isTraining = true

    let steps = options.steps ?? (options.epochs ?? .max).times(task.stepsPerEpoch)
    if options.minutes == nil, let warmup = options.warmupSteps, warmup >= steps, !options.quiet {
      Console.log(
        "note: --warmup-steps \(warmup.grouped) is all of the \("step".counted(steps)), so the learning rate only rises"
      )
    }
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
    return TrainingOutcome(
      run: run, result: result, parameters: parameters, evaluatedSet: evaluatedSet.ofResult(result))
  }

  /// The training of a process other than 0, which stops when that one does. Throws `Processes.Finished` at its end.
  private func follow(
    _ task: some TrainingTask, with optimizer: any Optimizer, by trainer: Trainer, callbacks: [any TrainingCallback]
  ) throws -> Never {
    let checkpoint = try resumed.flatMap { run, record in
      try load(CheckpointStore(folder: run.file(Run.checkpoints), configuration: try record.configuration))
    }
    _ = try Processes.meet()
    Processes.isTraining = true
    backprop_request_when_interrupted()
    _ = try trainer.train(task, with: optimizer, callbacks: callbacks, from: checkpoint) { _ in
      if backprop_is_interrupted() != 0 { trainer.stop.request() }
    }
    throw Processes.Finished()
  }

  /// The record of a run at `path`, whose flags and seed are defaults. Throws a `RequestError` where it is none, or of
  /// another task.
  private static func configuration(_ path: String, for kind: NetworkTask) throws -> RunRecord {
    let record: RunRecord
    do { record = try JSONReading.file(RunRecord.self, at: path) } catch {
      throw RequestError("--config \(path) \(error.reason); it should be the run.json of a run")
    }
    guard record.kind == kind else {
      throw RequestError("--config \(path) is of a run of \(record.kind.rawValue); this trains \(kind.rawValue)")
    }
    return record
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
