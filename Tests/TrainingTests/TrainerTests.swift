import Datasets
import Foundation
import Models
import NeuralNetworks
import Tensors
import Testing

@testable import Training

/// A small classification problem: which of two pixels is brighter.
func makeImages(count: Int = 48, seed: UInt64 = 0) throws -> ImageSet {
  var generator = SeededGenerator(seed: seed)
  let pixels = (0..<count * 2).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
  let labels = (0..<count).map { Int32(pixels[$0 * 2] > pixels[$0 * 2 + 1] ? 1 : 0) }
  return try ImageSet(pixels: pixels, labels: labels, imageShape: [1, 1, 2])
}

/// It has every layer that draws random numbers.
func makeNetwork(_ seed: UInt64 = 0) -> Sequential {
  Random.$current.withValue(Random(seed: seed)) {
    Sequential {
      Flatten()
      Dense(2, 16, activation: .relu)
      Dropout(0.1)
      Dense(16, 2)
    }
  }
}

@Suite struct TrainerTests {
  /// Images are converted to the model's type, and states of text models have it.
  @Test func tasksTrainModelsInFloat64() throws {
    let images = try makeImages()
    let network = try makeNetwork().copy(as: .float64)
    let task = try ImageTask(network, on: images, evaluatingOn: images, batchSize: 16, seed: 0)
    let result = try Trainer(epochs: 2).train(task, with: Adam(for: network, learningRate: 0.01))
    #expect(result.loss.isFinite && result.evaluation != nil)
    #expect(try classify(images.batches(of: 4)[0].images, with: network)[0].count == 1)
  }

  @Test(arguments: ["mlp", "rnn", "lstm", "gru", "transformer"]) func textModelsTrainInFloat64(kind: String) throws {
    let text = try TextDataset.numbers(tokenizer: .byte)
    let description = LanguageModelDescription(
      kind: try #require(.init(rawValue: kind)), vocabulary: text.tokenizer.vocabularySize, context: 8, width: 16,
      layers: 1, heads: 2)
    func train<Model: LanguageModel>(_ model: Model) throws -> Double {
      let model = try model.copy(as: .float64)
      let task = try TextTask(model, on: text.train, context: 8, batchSize: 4)
      return try Trainer(steps: 3).train(task, with: Adam(for: model, learningRate: 0.01)).loss
    }
    #expect(try train(description.makeModel()).isFinite)
  }

  @Test func learnsAndEvaluatesAfterEachEpoch() throws {
    let model = makeNetwork()
    var epochs: [Int] = []
    var steps = 0
    let result = try Random.$current.withValue(Random(seed: 1)) {
      try Trainer(epochs: 20).train(
        model, with: Adam(for: model, learningRate: 0.02), on: makeImages(), evaluatingOn: makeImages(seed: 9),
        batchSize: 20
      ) { event in
        switch event {
        case .step: steps += 1
        case .evaluation(let report): epochs.append(report.epoch)
        case .saving, .saved, .tracing: break
        }
      }
    }
    #expect(steps == 60)
    #expect(epochs == Array(1...20))
    #expect(result.steps == 60 && result.epochs == 20 && result.ending == .completed)
    #expect(result.dataShare > 0 && result.dataShare < 1)
    guard case .classification(let found)? = result.evaluation else {
      Issue.record("there should be a classifier's results")
      return
    }
    #expect(found.accuracy > 0.85)
    #expect(found.confusionMatrix.total == 48)
  }

  /// Steps, steps between evaluations and the steps after which there was one; an epoch has 3.
  @Test(
    arguments: [
      (2, nil, [2]), (3, nil, [3]), (7, nil, [3, 6, 7]), (7, 2, [2, 4, 6, 7]), (7, 100, [7]),
    ] as [(Int, Int?, [Int])])
  func evaluatesWhereAsked(steps: Int, interval: Int?, expected: [Int]) throws {
    let model = makeNetwork()
    var evaluated: [Int] = []
    let trainer = Trainer(epochs: .max, steps: steps, evaluationInterval: interval)
    _ = try trainer.train(
      model, with: Adam(for: model), on: makeImages(), evaluatingOn: makeImages(seed: 9), batchSize: 20
    ) { event in
      if case .evaluation(let report) = event { evaluated.append(report.step) }
    }
    #expect(evaluated == expected)
  }

  @Test func aStepDependsOnItsNumberAlone() throws {
    let model = makeNetwork()
    let task = try ImageTask(model, on: makeImages(), batchSize: 20, seed: 3)
    func loss(_ step: Int) throws -> Float {
      try Random.$current.withValue(Random(seed: UInt64(step))) { try task.record(step: step).loss.scalar() }
    }
    let inOrder = try (0..<9).map(loss)
    for step in [8, 0, 5, 2, 4] { #expect(try loss(step) == inOrder[step]) }
    #expect(Set(inOrder).count == 9, "each epoch has an order of its own")
  }

  @Test func measuresTheNormOfTheGradients() throws {
    let model = makeNetwork()
    let task = try ImageTask(model, on: makeImages(), batchSize: 20)
    let gradients = try Random.$current.withValue(Random(seed: 1)) { try task.record(step: 0).gradients }
    let all = try model.parameters.flatMap { try #require(gradients[$0.parameter]).values() }
    let expected = all.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()

    var norms: [Int: Double] = [:]
    _ = try Random.$current.withValue(Random(seed: 1)) {
      try Trainer(steps: 5, logInterval: 3).train(
        task, with: GradientDescent(for: model, learningRate: 0.1, clipNorm: 1e-3)
      ) { event in
        if case .step(let report) = event { norms[report.step] = report.gradientNorm }
      }
    }
    #expect(norms.keys.sorted() == [1, 3, 5])
    let measured = try #require(norms[1])
    #expect(abs(measured - expected) < 1e-6 * expected, "before clipping")
  }

  /// The momentum of each step is the schedule's, and afterwards what it was.
  @Test func aScheduleCyclesTheMomentum() throws {
    let model = makeNetwork()
    let task = try ImageTask(model, on: makeImages(), batchSize: 16)
    let optimizer = Nesterov(for: model, learningRate: 0.01, momentum: 0.5) {
      ParameterGroup(where: { $0.name.hasSuffix("bias") }) { Momentum(for: $0, learningRate: 0.02, momentum: 0.25) }
    }
    let all = optimizer.momentumOptimizers
    let schedule = LearningRateSchedule.oneCycle(momentum: 0.8...0.95)
    var momenta: [[Double?]] = []
    _ = try Trainer(steps: 10, schedule: schedule, logInterval: 1).train(task, with: optimizer) { event in
      if case .step = event { momenta.append(all.map(\.momentum)) }
    }
    let expected = (0..<10).map { schedule.momentum(after: $0, of: 10) }
    #expect(momenta == expected.map { [$0, $0] })
    #expect(all.map(\.momentum) == [0.5, 0.25])
    let error = #expect(throws: TrainingError.self) {
      try Trainer(steps: 1, schedule: schedule).train(task, with: RMSProp(for: model))
    }
    #expect(error.map { "\($0)".contains("RMSProp has none that changes") } == true)
  }

  @Test func wrongSettingsAreSentences() throws {
    let model = makeNetwork()
    let images = try makeImages()
    for trainer in [
      Trainer(epochs: 0), Trainer(steps: 0), Trainer(evaluationInterval: 0),
      Trainer(logInterval: 0), Trainer(epochs: .max), Trainer(schedule: .cosine.warmedUp(for: -1)),
      Trainer(schedule: .cosine(to: 2)), Trainer(checkpointSteps: 0),
    ] {
      #expect(throws: TrainingError.self) { try trainer.train(model, with: Adam(for: model), on: images, batchSize: 8) }
    }
    #expect(throws: TrainingError.self) {
      try Trainer().train(model, with: Adam(for: model), on: images, batchSize: 0)
    }
    #expect(throws: TrainingError.self) {
      try Trainer().train(model, with: Adam(for: model), on: try images.subset([]))
    }
  }

  @Test(arguments: ["[[1,2]]", "[[1],[2]]", "[[-1]]", "[[9223372036854775807,1],[1,1]]"])
  func aConfusionMatrixOfAFileIsChecked(counts: String) {
    #expect(throws: DecodingError.self) {
      try JSONDecoder().decode(ConfusionMatrix.self, from: Data("{\"counts\":\(counts)}".utf8))
    }
  }

  @Test func aConfusionMatrixIsReadAsItWasWritten() throws {
    var matrix = try ConfusionMatrix(classes: 3)
    for (truth, prediction) in [(0, 0), (1, 2), (2, 2), (2, 2)] {
      try matrix.record(truth: truth, prediction: prediction)
    }
    #expect(try JSONDecoder().decode(ConfusionMatrix.self, from: JSONEncoder().encode(matrix)) == matrix)
  }

  /// Perplexity, and the loss of all tokens in bits over the characters.
  @Test func languageIsMeasuredByPerplexityAndBits() {
    let result = LanguageResult(loss: 1.3862943611198906, tokens: 300, characters: 600, seconds: 2)
    #expect(abs(result.perplexity - 4) < 1e-12)
    #expect(abs(result.bitsPerCharacter - 1) < 1e-12)
    #expect(result.tokensPerSecond == 150)
  }
}
