import Datasets
import Foundation
import NeuralNetworks
import Tensors
import Testing

@testable import Training

/// The report of an evaluation with this loss.
private func report(loss: Double, step: Int = 1) -> EvaluationReport {
  EvaluationReport(
    step: step, totalSteps: 100, epoch: 1, totalEpochs: 1, loss: 0,
    evaluation: .metrics(MetricsResult(loss: loss, metrics: ["score": -loss])), examplesPerSecond: 1, seconds: 1,
    secondsLeft: 1)
}

/// Writes down what is called.
private final class Recorder: TrainingCallback {
  var calls: [String] = []
  func trainingWillStart(_ training: RunningTraining) { calls.append("start \(training.step)/\(training.totalSteps)") }
  func stepDidEnd(_ report: StepReport, of training: RunningTraining) { calls.append("step \(training.step)") }
  func epochDidEnd(_ epoch: Int, of training: RunningTraining) { calls.append("epoch \(epoch)") }
  func evaluationDidEnd(_ report: EvaluationReport, of training: RunningTraining) {
    calls.append("evaluation \(report.step)")
  }
  func trainingDidEnd(_ result: inout TrainingResult, of training: RunningTraining) {
    calls.append("end \(result.ending)")
    result.steps = 77
  }
}

@Suite struct CallbackTests {
  private func training(_ model: any Layer) -> RunningTraining {
    RunningTraining(model: model, optimizer: GradientDescent(for: model), step: 0, totalSteps: 100)
  }

  @Test func areCalledInTheOrderOfEvents() throws {
    let model = makeNetwork()
    let recorder = Recorder()
    let result = try Trainer(epochs: 2, evaluationInterval: 3).train(
      model, with: Adam(for: model), on: makeImages(count: 4), batchSize: 2, callbacks: [recorder])
    #expect(
      recorder.calls == [
        "start 0/4", "step 1", "step 2", "epoch 1", "step 3", "evaluation 3", "step 4", "epoch 2", "evaluation 4",
        "end completed",
      ])
    #expect(result.steps == 77)
  }

  /// A first evaluation of NaN is not the best one, and NaN later is no improvement.
  @Test(
    arguments: [
      // Losses, least gain, and after which of them training ends with a patience of 2.
      ([.nan, 3, .nan, 2, 1, 1, 1], 0, 7), ([.nan, .nan], 0, 2), ([3, 2.9, 2.8, 2.7], 0, nil), ([3, 2.9, 2.8], 0.5, 3),
      ([3, 2.4, 2.3, 1.8, 1.7, 1.6], 0.5, 6), ([.infinity, 4, 5, 5], 0, 4),
    ] as [([Double], Double, Int?)])
  func earlyStoppingEndsTraining(losses: [Double], leastGain: Double, expected: Int?) throws {
    for metric in [
      WatchedMetric.loss(leastGain: leastGain), WatchedMetric("score", .higherIsBetter, leastGain: leastGain),
    ] {
      let training = training(makeNetwork())
      let stopping = EarlyStopping(patience: 2, watching: metric)
      try stopping.trainingWillStart(training)
      var ended: Int?
      for (index, loss) in losses.enumerated() where ended == nil {
        try stopping.evaluationDidEnd(report(loss: loss), of: training)
        if training.requestedEnding != nil { ended = index + 1 }
      }
      #expect(ended == expected, "\(metric)")
    }
  }

  /// A case of tools/make_fixtures.py: the rates of PyTorch's ReduceLROnPlateau with an absolute threshold of 0.
  struct Plateau: Decodable, Sendable {
    var factor: Double
    var patience: Int
    var cooldown: Int
    var leastFactor: Double
    var losses: [Double]
    var factors: [Double]

    static func all() throws -> [Plateau] {
      struct Content: Decodable { var plateaus: [Plateau] }
      let url = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../Fixtures/plateaus.json")
      return try JSONDecoder().decode(Content.self, from: Data(contentsOf: url)).plateaus
    }
  }

  @Test(arguments: try Plateau.all()) func plateauSchedulesFollowPyTorch(fixture: Plateau) throws {
    let training = training(makeNetwork())
    let schedule = PlateauSchedule(
      factor: fixture.factor, patience: fixture.patience, cooldown: fixture.cooldown, leastFactor: fixture.leastFactor)
    try schedule.trainingWillStart(training)
    for (loss, factor) in zip(fixture.losses, fixture.factors) {
      try schedule.evaluationDidEnd(report(loss: loss), of: training)
      #expect(abs(schedule.currentFactor - factor) <= 1e-12 * factor)
      #expect(abs(Double(training.learningRateFactor) - factor) <= 1e-6 * factor)
    }
    // A resumed training has the same rate.
    let resumed = self.training(makeNetwork())
    let other = PlateauSchedule()
    try other.restore(schedule.state(), in: resumed)
    try other.trainingWillStart(resumed)
    #expect(abs(resumed.learningRateFactor - training.learningRateFactor) <= 1e-6 * training.learningRateFactor)
  }

  @Test func theLearningRateFactorScalesTheRate() throws {
    final class Halving: TrainingCallback {
      func epochDidEnd(_ epoch: Int, of training: RunningTraining) { training.learningRateFactor *= 0.5 }
    }
    let model = makeNetwork()
    var rates: [Double] = []
    let optimizer = GradientDescent(for: model, learningRate: 0.5)
    _ = try Trainer(epochs: 3).train(
      model, with: optimizer, on: makeImages(count: 4), batchSize: 2, callbacks: [Halving()]
    ) { event in
      if case .step(let report) = event { rates.append(report.learningRate) }
    }
    #expect(rates == [0.5, 0.5, 0.25, 0.25, 0.125, 0.125])
    #expect(optimizer.learningRate == 0.5)
  }

  /// The mean of the weights after the last half of the steps, or one that forgets.
  @Test(arguments: [1, 0.75]) func weightsAreAveraged(decay: Double) throws {
    final class Weights: TrainingCallback {
      var seen: [[Float]] = []
      func stepDidEnd(_ report: StepReport, of training: RunningTraining) throws {
        seen.append(try training.model.parameters[0].parameter.variable().values())
      }
    }
    let (model, weights) = (makeNetwork(), Weights())
    let average = AveragedWeights(decay: decay, startingAfter: 0.5) {
      .classification(try evaluateClassifier(model, on: makeImages(seed: 9)))
    }
    let result = try Trainer(epochs: 2).train(
      model, with: GradientDescent(for: model, learningRate: 1), on: makeImages(), batchSize: 5,
      callbacks: [weights, average])
    var expected: [Double] = []
    let last = weights.seen.suffix(weights.seen.count - weights.seen.count / 2)
    #expect(last.count >= 4)
    for (index, values) in last.enumerated() {
      let rate = max(1 - decay, 1 / Double(index + 1))
      expected = values.indices.map { (expected.isEmpty ? 0 : expected[$0] * (1 - rate)) + rate * Double(values[$0]) }
    }
    let found = try model.parameters[0].parameter.variable().values()
    #expect(found != weights.seen.last)
    #expect(zip(found, expected).allSatisfy { abs(Double($0) - $1) < 1e-6 })
    #expect(try result.evaluation?.loss == evaluateClassifier(model, on: makeImages(seed: 9)).loss)
  }

  @Test func theBestWeightsAreRestored() throws {
    let model = makeNetwork()
    var losses: [Double] = []
    // A rate this large makes the loss oscillate.
    let result = try Trainer(epochs: 100).train(
      model, with: GradientDescent(for: model, learningRate: 6), on: makeImages(), evaluatingOn: makeImages(seed: 9),
      batchSize: 8, callbacks: [EarlyStopping(patience: 3), BestWeights()]
    ) { event in
      if case .evaluation(let report) = event { losses.append(report.evaluation?.loss ?? .infinity) }
    }
    let best = try #require(losses.min())
    #expect(result.ending == .converged)
    #expect(losses.count >= 4 && losses.suffix(3).allSatisfy { $0 >= best })
    #expect(result.evaluation?.loss == best)
    #expect(try evaluateClassifier(model, on: makeImages(seed: 9)).loss == best)
  }

  @Test func aMetricThatThereIsNotIsASentence() throws {
    let model = makeNetwork()
    for callback: any TrainingCallback in [
      EarlyStopping(patience: 1, watching: WatchedMetric("F1", .higherIsBetter)), BestWeights(watching: .accuracy),
      AveragedWeights(decay: -0.1), AveragedWeights(decay: .nan), AveragedWeights(startingAfter: 1),
      EarlyStopping(patience: 0), EarlyStopping(patience: 1, watching: .loss(leastGain: .nan)),
      PlateauSchedule(factor: 1), PlateauSchedule(patience: -1), PlateauSchedule(leastFactor: 2),
    ] {
      #expect(throws: TrainingError.self) {
        try Trainer(epochs: 1).train(
          model, with: Adam(for: model), on: makeImages(count: 4), batchSize: 2, callbacks: [callback])
      }
    }
    let error = #expect(throws: TrainingError.self) {
      try Trainer(epochs: 1).train(
        model, with: Adam(for: model), on: makeImages(count: 4), evaluatingOn: makeImages(count: 4), batchSize: 2,
        callbacks: [EarlyStopping(patience: 1, watching: WatchedMetric("F1", .higherIsBetter))])
    }
    #expect(error?.message == "the metric 'F1' is watched, but an evaluation has 'accuracy'")
  }

  @Test func aCheckpointOfOtherCallbacksIsRefused() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "callbacks-\(UUID())")
    defer { try? FileManager.default.removeItem(at: folder) }
    let store = CheckpointStore(folder: folder)
    let model = makeNetwork()
    let task = try ImageTask(model, on: makeImages(count: 4), batchSize: 2)
    _ = try Trainer(steps: 1).train(task, with: Adam(for: model), callbacks: [BestWeights()], savingTo: store)
    let checkpoint = try store.load()
    #expect(throws: TrainingError.self) {
      try Trainer(steps: 2).train(task, with: Adam(for: model), from: checkpoint)
    }
    _ = try Trainer(steps: 2).train(task, with: Adam(for: model), callbacks: [BestWeights()], from: checkpoint)
    try #require(checkpoint).restore(to: task, with: Adam(for: model))
  }

  @Test func aCSVLogHasARowForEachEvaluation() throws {
    let url = FileManager.default.temporaryDirectory.appending(path: "log-\(UUID()).csv")
    defer { try? FileManager.default.removeItem(at: url) }
    let model = makeNetwork()
    let task = try ImageTask(model, on: makeImages(count: 4), evaluatingOn: makeImages(count: 4), batchSize: 2)
    let trainer = Trainer(epochs: 3)
    var losses: [Double] = []
    var checkpoint: Checkpoint?
    _ = try trainer.train(task, with: Adam(for: model), callbacks: [CSVLog(url)]) { event in
      if case .evaluation(let report) = event {
        losses.append(report.loss)
        if report.epoch == 2 {
          checkpoint = try Checkpoint(of: task, Adam(for: model), Progress.Counts(steps: 4), [CSVLog(url)])
        }
      }
    }
    func rows() throws -> [[Substring]] {
      try String(contentsOf: url, encoding: .utf8).split(separator: "\n").map {
        $0.split(separator: ",", omittingEmptySubsequences: false)
      }
    }
    #expect(
      try rows()[0] == [
        "step", "epoch", "loss", "accuracy", "learningRate", "seconds", "validationLoss", "accuracy",
      ])
    #expect(try rows().dropFirst().map { [$0[0], $0[1]] } == [["2", "1"], ["4", "2"], ["6", "3"]])
    #expect(try rows().dropFirst().map { Double($0[2]) } == losses)
    // Resumed after the second epoch: its rows stay, the third is written anew.
    _ = try trainer.train(task, with: Adam(for: model), callbacks: [CSVLog(url)], from: checkpoint)
    #expect(try rows().map { $0[0] } == ["step", "2", "4", "6"])
  }
}

@Suite struct TrainingLengthTests {
  /// A limit of time ends training with an evaluation, at the end of its schedule.
  @Test func aTimeLimitEndsTraining() throws {
    let model = makeNetwork()
    var (steps, evaluations): ([StepReport], [EvaluationReport]) = ([], [])
    let result = try Trainer(epochs: .max, timeLimit: 0.3, schedule: .linear).train(
      model, with: GradientDescent(for: model, learningRate: 1), on: makeImages(count: 64),
      evaluatingOn: makeImages(count: 8), batchSize: 8
    ) { event in
      switch event {
      case .step(let report): steps.append(report)
      case .evaluation(let report): evaluations.append(report)
      default: break
      }
    }
    #expect(result.ending == .completed && result.steps == steps.count && steps.count > 1)
    #expect(evaluations.last?.step == result.steps && result.evaluation != nil)
    // The rate follows the time: it falls to nearly nothing, and hardly ever rises.
    let rates = steps.map(\.learningRate)
    #expect(rates[0] == 1 && rates.last ?? 1 < 0.2)
    #expect(steps.allSatisfy { $0.secondsLeft >= 0 && $0.totalSteps >= $0.step && $0.totalEpochs >= $0.epoch })
  }

  @Test(arguments: [0, -1, .nan, .infinity, 1e10] as [Double]) func absurdLimitsAreErrors(limit: Double) throws {
    let model = makeNetwork()
    #expect(throws: TrainingError.self) {
      try Trainer(epochs: 1, timeLimit: limit).train(model, with: Adam(for: model), on: makeImages(count: 4))
    }
  }
}

@Suite struct LearningRateRangeTestTests {
  private func task(_ model: any Layer) throws -> ImageTask {
    try ImageTask(model, on: makeImages(count: 200), batchSize: 50)
  }

  @Test func findsARateThatTrains() throws {
    try Random.$current.withValue(Random(seed: 2)) {
      let model = makeNetwork()
      let optimizer = GradientDescent(for: model, learningRate: 0.125)
      let before = try model.parameters.map { try $0.parameter.tensor.values() }
      let counter = Random.current.counter
      let found = try LearningRateRangeTest().run(task(model), with: optimizer)
      #expect(found.points.count > 10 && found.points.map(\.rate) == found.points.map(\.rate).sorted())
      #expect(found.rate > 1e-5 && found.rate < 10)
      // Nothing is left of it.
      #expect(try model.parameters.map { try $0.parameter.tensor.values() } == before)
      #expect(optimizer.learningRate == 0.125 && optimizer.stepCount == 0 && Random.current.counter == counter)
      optimizer.learningRate = Float(found.rate)
      let result = try Trainer(epochs: 30).train(task(model), with: optimizer)
      #expect(result.loss < found.points[0].loss)
    }
  }

  /// The steepest fall of known losses, before the minimum.
  @Test(
    arguments: [
      ([5, 5, 4.9, 4, 2, 1.5, 1.4, 9], 3), ([3, 2, 1, 0], 1), ([1, 2, 3], nil), ([2, 1], nil), ([], nil),
      ([1, 1, 1, 1], nil),
      // A dip of noise is steeper.
      ([5, 5, 5, 5, 5, 4, 5, 5, 4.75, 4.4, 4, 3.7, 3.4, 3.1, 2.8, 2.5, 2.2, 9], 9),
    ] as [([Double], Int?)])
  func takesTheSteepestFall(losses: [Double], index: Int?) {
    let points = losses.enumerated().map { LearningRateRangeTest.Point(rate: Double($0.offset), loss: $0.element) }
    #expect(LearningRateRangeTest.steepest(points) == index.map(Double.init))
  }

  @Test(
    arguments: [
      (0, 1, 50), (1, 1, 50), (-1, 1, 50), (1, .infinity, 50), (.nan, 1, 50), (1e-60, 1, 50), (0.1, 1, 9),
      (0.1, 1, .max),
    ] as [(Double, Double, Int)])
  func absurdSearchesAreErrors(lowest: Double, highest: Double, steps: Int) throws {
    let model = makeNetwork()
    #expect(throws: TrainingError.self) {
      try LearningRateRangeTest(lowest: lowest, highest: highest, steps: steps).run(task(model), with: Adam(for: model))
    }
  }
}
