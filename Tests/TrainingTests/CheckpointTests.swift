import Datasets
import Foundation
import Models
import NeuralNetworks
import Tensors
import Testing

@testable import Training

/// A training with everything in it that has a state: dropout, running means, an optimizer with state, early stopping.
private struct Fixture {
  var model: any Layer
  var task: ImageTask
  var optimizer: any Optimizer
  var random = Random(seed: 5)

  init(optimizer name: String = "adam", seed: UInt64 = 5) throws {
    random = Random(seed: seed)
    model = Random.$current.withValue(random) {
      Sequential {
        Flatten()
        Dense(2, 8)
        BatchNorm(8)
        Dropout(0.2)
        Dense(8, 2)
      }
    }
    task = try ImageTask(model, on: makeImages(), evaluatingOn: makeImages(seed: 9), batchSize: 20, seed: seed)
    optimizer = try makeOptimizer(named: name, for: model)
  }

  private let average = AveragedWeights(decay: 0.8, startingAfter: 0.2)

  func train(
    _ trainer: Trainer, from checkpoint: Checkpoint? = nil, savingTo store: CheckpointStore? = nil,
    report: (TrainingEvent) throws -> Void = { _ in }
  ) throws -> TrainingResult {
    try Random.$current.withValue(random) {
      try trainer.train(
        task, with: optimizer,
        callbacks: [
          average, EarlyStopping(patience: 4), BestWeights(), PlateauSchedule(factor: 0.7, patience: 0, cooldown: 1),
        ], from: checkpoint, savingTo: store, report: report)
    }
  }

  /// All numbers by their bits, so that NaN would equal itself.
  func bits() throws -> [[UInt32]] {
    let variables = try namedVariables(of: model).map(\.variable) + optimizer.stateVariables
    let averages = try average.state().arrays.map { try $0.values().map(\.bitPattern) }
    return try variables.map { try $0.values().map(\.bitPattern) } + averages + [
      [UInt32(optimizer.stepCount), UInt32(random.counter)]
    ]
  }
}

private func withStore<Result>(_ body: (CheckpointStore) throws -> Result) throws -> Result {
  let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
  defer { try? FileManager.default.removeItem(at: folder) }
  return try body(CheckpointStore(folder: folder, configuration: "a"))
}

private struct Killed: Error {}

/// A step's loss and an evaluation's losses.
private func numbers(_ event: TrainingEvent) -> [Double]? {
  switch event {
  case .step(let report): [Double(report.step), report.loss, report.gradientNorm ?? 0, report.learningRate]
  case .evaluation(let report): [Double(report.step), report.loss, report.evaluation?.loss ?? 0]
  case .saving, .saved, .tracing: nil
  }
}

@Suite struct CheckpointTests {
  static let trainer = Trainer(
    epochs: 5, schedule: .cosine.warmedUp(for: 4), evaluationInterval: 2,
    logInterval: 2, checkpointInterval: 1e9, checkpointSteps: 3)

  /// The 15 steps of a training that ends by itself, in one go.
  static func whole(_ optimizer: String) throws -> (bits: [[UInt32]], events: [[Double]], result: TrainingResult) {
    let fixture = try Fixture(optimizer: optimizer)
    var events: [[Double]] = []
    let result = try fixture.train(trainer) { if let found = numbers($0) { events.append(found) } }
    return (try fixture.bits(), events, result)
  }

  @Test(arguments: ["adam", "sgd", "momentum", "rmsprop"], [2, 3, 4, 7, 9, 14])
  func goesOnWithTheSameBits(optimizer: String, killedAfter step: Int) throws {
    let whole = try Self.whole(optimizer)
    try withStore { store in
      let killed = try Fixture(optimizer: optimizer)
      #expect(throws: Killed.self) {
        try killed.train(Self.trainer, savingTo: store) { event in
          if case .step(let report) = event, report.step == step { throw Killed() }
        }
      }
      let checkpoint = try store.load()
      #expect((checkpoint?.step ?? 0) == (step - 1) / 3 * 3)
      let resumed = try Fixture(optimizer: optimizer)
      var events: [[Double]] = []
      let result = try resumed.train(Self.trainer, from: checkpoint, savingTo: store) {
        if let found = numbers($0) { events.append(found) }
      }
      #expect(try resumed.bits() == whole.bits)
      #expect(events == whole.events.suffix(events.count))
      #expect(result.loss == whole.result.loss && result.evaluation?.loss == whole.result.evaluation?.loss)
      #expect(result.steps == whole.result.steps && result.ending == whole.result.ending)
    }
  }

  /// A stop in the step before an evaluation and in one before none.
  @Test(arguments: [1, 4, 5, 14, 15]) func aStopRequestSavesAndGoesOn(step: Int) throws {
    let whole = try Self.whole("adam")
    try withStore { store in
      var trainer = Self.trainer
      let stop = StopRequest()
      trainer.stop = stop
      let result = try Fixture().train(trainer, savingTo: store) { event in
        if case .step(let report) = event, report.step == step { stop.request() }
      }
      #expect(result.ending == .interrupted && result.steps == step)
      let checkpoint = try #require(try store.load())
      #expect(checkpoint.step == step)
      let resumed = try Fixture()
      _ = try resumed.train(Self.trainer, from: checkpoint, savingTo: store)
      #expect(try resumed.bits() == whole.bits)
      // A finished training does not change.
      let again = try Fixture()
      var events = 0
      let last = try again.train(Self.trainer, from: try store.load(), savingTo: store) {
        if numbers($0) != nil { events += 1 }
      }
      #expect(try again.bits() == whole.bits)
      #expect(events == 0 && last.ending == .completed && last.evaluation?.loss == whole.result.evaluation?.loss)
    }
  }

  @Test func aTaskCarriesItsState() throws {
    let trainer = Trainer(epochs: 8, checkpointInterval: 1e9)
    let whole = try CountingTask()
    _ = try trainer.train(whole, with: GradientDescent(for: whole.model, learningRate: 0.1))
    try withStore { store in
      let stop = StopRequest()
      var stopping = trainer
      stopping.stop = stop
      let first = try CountingTask()
      _ = try stopping.train(first, with: GradientDescent(for: first.model, learningRate: 0.1), savingTo: store) {
        event in
        if case .step(let report) = event, report.step == 3 { stop.request() }
      }
      let second = try CountingTask()
      _ = try trainer.train(
        second, with: GradientDescent(for: second.model, learningRate: 0.1), from: try store.load(), savingTo: store)
      #expect(try second.state.values() == whole.state.values())
      #expect(try second.state.values() == [8], "one more each step")
      #expect(try second.weight.variable().values() == whole.weight.variable().values())
    }
  }

  /// Any one byte of the newest checkpoint changed, or the file truncated.
  @Test func aDamagedCheckpointGivesWayToTheOneBefore() throws {
    try withStore { store in
      _ = try Fixture().train(Self.trainer, savingTo: store)
      let latest = store.folder.appending(path: "latest.safetensors")
      let whole = try Data(contentsOf: latest)
      #expect(try store.load()?.step == 15)
      var damaged: [Data] = [Data(), whole.prefix(3), whole.dropLast(1), whole + Data([0])]
      for place in stride(from: 0, to: whole.count, by: max(whole.count / 40, 1)) {
        var copy = whole
        copy[place] ^= 0x10
        damaged.append(copy)
      }
      for data in damaged {
        try data.write(to: latest)
        var notices: [String] = []
        #expect(try store.load { notices.append($0) }?.step == 12)
        #expect(notices.count == 1 && notices[0].contains("latest.safetensors") && notices[0].contains("step 12"))
        #expect(!FileManager.default.fileExists(atPath: latest.path), "it must not push out the good one")
      }
      for name in ["latest", "previous"] {
        try Data("{}".utf8).write(to: store.folder.appending(path: "\(name).safetensors"))
      }
      #expect(throws: TrainingError.self) { try store.load() }
    }
  }

  /// The state after a process was killed while it replaced one run with another.
  @Test func aCheckpointOfOtherSettingsGivesWayToTheOneBefore() throws {
    try withStore { store in
      let files = FileManager.default
      _ = try Fixture().train(Self.trainer, savingTo: store)
      let (latest, previous) = (
        store.folder.appending(path: "latest.safetensors"), store.folder.appending(path: "previous.safetensors")
      )
      try files.removeItem(at: previous)
      try files.moveItem(at: latest, to: previous)
      let other = try withStore { other in
        var other = other
        other.configuration = "b"
        _ = try Fixture().train(Self.trainer, savingTo: other)
        return try Data(contentsOf: other.folder.appending(path: "latest.safetensors"))
      }
      try other.write(to: latest)
      var notices: [String] = []
      #expect(try store.load { notices.append($0) }?.step == 15)
      #expect(notices.count == 1 && notices[0].contains("other settings"), "\(notices)")
    }
  }

  /// Trainings that were to replace this one may end one after the other, each with a checkpoint of its own.
  @Test func trainingsThatReplacedNothingPushNoCheckpointOut() throws {
    try withStore { store in
      _ = try Fixture().train(Self.trainer, savingTo: store)
      let latest = store.folder.appending(path: "latest.safetensors")
      let own = try Data(contentsOf: latest)
      let checkpoint = try #require(try store.load())
      for name in ["b", "c"] {
        var other = store
        other.configuration = name
        try store.undoReplacement()
        try other.save(checkpoint)
        #expect(try Data(contentsOf: latest) != own)
      }
      try store.undoReplacement()
      #expect(try Data(contentsOf: latest) == own)
      try store.undoReplacement()
      #expect(try Data(contentsOf: latest) == own)
    }
  }

  /// A file that cannot be read may be intact, so it is neither skipped nor treated as absent.
  @Test func whatCannotBeReadIsAnErrorAndStays() throws {
    try withStore { store in
      let files = FileManager.default
      _ = try Fixture().train(Self.trainer, savingTo: store)
      let latest = store.folder.appending(path: "latest.safetensors")
      try files.removeItem(at: latest)
      try files.createDirectory(at: latest, withIntermediateDirectories: false)
      #expect(throws: TrainingError.self) { try store.load() }
      #expect(files.fileExists(atPath: latest.path))
      // A link to itself instead of a folder without read permission, which root can always read.
      try files.removeItem(at: store.folder)
      try files.createSymbolicLink(atPath: store.folder.path, withDestinationPath: store.folder.lastPathComponent)
      let error = #expect(throws: TrainingError.self) { try store.load() }
      #expect(error?.message.contains("cannot be read") == true)
    }
  }

  @Test func keepsTwoCheckpointsAndNothingElse() throws {
    try withStore { store in
      #expect(try store.load()?.step == nil)
      _ = try Fixture().train(Self.trainer, savingTo: store)
      // The state after a process ended while it wrote.
      try Data([1]).write(to: store.folder.appending(path: ".0.backprop.tmp"))
      _ = try store.load()
      #expect(
        try FileManager.default.contentsOfDirectory(atPath: store.folder.path).sorted()
          == ["latest.safetensors", "previous.safetensors"])
      try store.clear()
      #expect(try store.load()?.step == nil)
    }
  }

  @Test func whereNothingCanBeSavedASentenceSaysSo() throws {
    try withStore { store in
      try Data().write(to: store.folder)
      let error = #expect(throws: TrainingError.self) { try Fixture().train(Self.trainer, savingTo: store) }
      #expect(error?.message.contains("\(store.folder.path) should be a folder") == true)
    }
  }

  /// A run's record that claims another network than its checkpoint has is detected from the header alone.
  @Test func shapesAreComparedWithTheHeader() throws {
    try withStore { store in
      try store.check(against: [("layers.1.weight", [1 << 20, 1 << 11])])  // nothing to compare with
      _ = try Fixture().train(Self.trainer, savingTo: store)
      let shapes: [(String, Shape)] = try namedVariables(of: Fixture().model).map { ($0.name, $0.variable.shape) }
      try store.check(against: shapes)
      let wide: [(String, Shape)] = [(shapes[0].0, Shape([1 << 20]))] + shapes.dropFirst()
      let more: [(String, Shape)] = shapes + [("more", Shape([1]))]
      for wrong in [Array(shapes.dropLast()), more, wide] {
        let error = try #require(throws: TrainingError.self) { try store.check(against: wrong) }
        #expect(error.message.hasPrefix("the checkpoint does not fit the run's record: "))
      }
    }
  }

  @Test func aCheckpointOfSomethingElseIsRefused() throws {
    try withStore { store in
      _ = try Fixture().train(Self.trainer, savingTo: store)
      let checkpoint = try #require(try store.load())
      let other = CheckpointStore(folder: store.folder, configuration: "b")
      #expect(throws: TrainingError.self) { try other.load() }
      for fixture in [try Fixture(optimizer: "sgd"), try Fixture(seed: 6)] {
        let before = try fixture.bits()
        #expect(throws: TrainingError.self) { try fixture.train(Self.trainer, from: checkpoint) }
        #expect(try fixture.bits() == before, "nothing has changed")
      }
    }
  }
}

/// Trains one number towards the count of the steps, which it carries itself.
private final class CountingTask: TrainingTask {
  struct Scale: Layer {
    let weight = Parameter([1], shape: [])
    func callAsFunction(_ x: Tensor) -> Tensor { x * weight.tensor }
  }

  let scale = Scale()
  let state: Variable

  init() throws { state = try Variable([0], shape: [1], name: "count") }

  var model: any Layer { scale }
  var weight: Parameter { scale.weight }
  var stepsPerEpoch: Int { 1 }
  var stateVariables: [(name: String, variable: Variable)] { [("count", state)] }

  func record(step: Int) -> RecordedStep {
    let next = state.tensor + 1
    let (_, gradients) = valueAndGradient(of: scale) { ($0(Tensor(1)) - next).square().sum() }
    return RecordedStep(gradients: gradients, examples: 1, assignments: [(state, next)])
  }

  func evaluate() -> Evaluation? { nil }
}
