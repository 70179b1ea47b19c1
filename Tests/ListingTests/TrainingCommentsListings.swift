// Made by tools/make_listings.py from tools/TrainingComments.md, where changes belong.
import Backprop
import Foundation
import Testing

/// Chen et al., "Symbolic Discovery of Optimization Algorithms", 2023.
private final class Lion: RuleOptimizer {
  init(for model: any Layer, learningRate: Float = 1e-4) {
    super.init(for: model, learningRate: learningRate, state: ["mean"])
  }
  override func step(_ update: ParameterUpdate) -> (parameter: Tensor, state: [Tensor]) {
    let (mean, gradient) = (update.state[0], update.gradient)
    let direction = (mean * 0.9 + gradient * 0.1).sign()
    return (update.parameter - update.learningRate * direction, [mean * 0.99 + gradient * 0.01])
  }
}

private final class EpochCounter: TrainingCallback {
  var epochs = 0
  func epochDidEnd(_ epoch: Int, of training: RunningTraining) { epochs += 1 }
}

private func images(of examples: [Float]) -> Tensor {
  Tensor(examples.flatMap { Array(repeating: $0, count: 192) }, shape: [examples.count, 3, 8, 8])
}

private func loss(_ model: Dense, _ batch: Tensor) -> Tensor { (model(batch) - 1).square().mean() }

@Suite struct TrainingCommentsListings {
  @Test func compiledStepListing() throws {
    let model = Sequential {
      Flatten()
      Dense(64, 10)
    }
    let optimizer = Adam(for: model)
    let batches = try ImageDataset.digits().train.batches(of: 256)
    var loss: Float = .nan

    let step = CompiledStep(with: optimizer) { inputs in
      valueAndGradient(of: model) { crossEntropy(logits: $0(inputs[0]), labels: inputs[1]) }.gradients
    }
    for batch in batches { loss = try step([batch.images, batch.labels])[0].scalar() }

    let shorter = CompiledStep(with: optimizer, for: model) { model, inputs in
      crossEntropy(logits: model(inputs[0]), labels: inputs[1])
    }

    #expect(loss < 4)
    #expect(try shorter([batches[0].images, batches[0].labels])[0].scalar() < 4)
  }

  @Test func parameterGroupListing() throws {
    let model = Dense(4, 3)

    let optimizer = AdamW(for: model, learningRate: 1e-3) {
      ParameterGroup(where: { $0.name.hasSuffix("bias") }, weightDecay: 0)
      ParameterGroup(where: { $0.name.hasPrefix("features.") }, learningRate: 1e-4)
      ParameterGroup(where: { $0.shape.rank > 1 }) { Muon(for: $0, learningRate: 0.02, scale: .original) }
    }

    try optimizer.update(along: valueAndGradient(of: model) { $0(.ones([2, 4])).square().mean() }.gradients)
  }

  @Test func ruleOptimizerListing() throws {
    let model = Dense(1, 1, bias: false)
    let before = try model.weight.tensor.scalar()
    let optimizer = Lion(for: model, learningRate: 0.25)
    try optimizer.update(along: valueAndGradient(of: model) { $0(.ones([1, 1])).sum() }.gradients)
    #expect(try model.weight.tensor.scalar() == before - 0.25)
  }

  @Test func trainerListing() throws {
    let data = try ImageDataset.digits()
    let model = Sequential {
      Flatten()
      Dense(64, 10)
    }
    let optimizer = Adam(for: model)

    let result = try Trainer(epochs: 5).train(model, with: optimizer, on: data.train, evaluatingOn: data.test)

    #expect(result.epochs == 5 && result.ending == .completed)
  }

  @Test func textGeneratorListing() throws {
    let tokenizer = ByteTokenizer()
    let model = try LanguageModelDescription(kind: .gru, vocabulary: 256, width: 16, layers: 1).makeModel()

    let generator = try TextGenerator(model, tokenizer, prompt: "ROMEO:", sampling: Sampling(temperature: 0.8), seed: 1)
    let ids = try (0..<100).map { _ in try generator.next() }

    #expect(ids.count == 100)
  }

  @Test func loaderListing() throws {
    let numbers = GeneratedDataset(count: 1000) { index in Float(index) }
    let loader = try Loader(numbers, by: ShuffledSampler(count: numbers.count, seed: 0), batchSize: 50) { batch, _ in
      Tensor(batch, shape: [batch.count])
    }
    print(loader.stepsPerEpoch, try loader.batch(ofStep: 0).shape)
    expectPrinted("20 [50]")
  }

  @Test func trainingCallbackListing() throws {

  }

  @Test func metricListing() throws {
    var metrics: [any Metric<ClassificationBatch>] = [Accuracy(), F1(.macro), Recall(.micro)]
    let batch = try ClassificationBatch(probabilities: [0.9, 0.1, 0.4, 0.6], classes: 2, labels: [0, 0])
    for index in metrics.indices { try metrics[index].update(batch) }
    for metric in metrics { print(metric.name, try metric.value) }

    #expect(try metrics[0].value == 0.5)
  }

  @Test func tablePreparationListing() throws {
    let rows = (0..<60).map { "\($0 % 7),\(["a", "b"][$0 % 2]),\($0 % 7 + 10 * ($0 % 2))" }
    let table = try Table(csv: Array((["size,kind,price"] + rows).joined(separator: "\n").utf8))
    let plan = try TablePlan(table, target: "price", goal: .regression)
    let (train, validation) = try plan.split(validationFraction: 0.2, seed: 0)
    let preparation = try plan.preparation(from: train)
    let examples = try preparation.examples(of: table, rows: validation)
    print(examples.count, preparation.numberCount, preparation.codeCounts)
    expectPrinted("12 1 [4]")
  }

  @Test func loadWeightsListing() throws {
    let temporary = try TemporaryFolder()
    defer { temporary.remove() }
    let file = URL(filePath: temporary.path("weights.safetensors"))
    let model = Dense(4, 3)
    let entry = SafeTensors.Entry(name: "encoder.weight", shape: [4, 3], values: [Float](repeating: 2, count: 12))
    try SafeTensors.write([entry], metadata: [:], to: file)

    let report = try loadWeights(of: model, from: file, strict: false) { name in
      name.hasPrefix("classifier.") ? nil : name.replacing("encoder.", with: "")
    }
    print(report)

    #expect(report.loaded == ["weight"] && report.missing == ["bias"])
  }

  @Test func objectiveListing() throws {
    let absolute = Objective { outputs, targets in
      (outputs - targets).abs().mean()
    } measuring: { outputs, targets in
      ["largest error": (outputs - targets).abs().max()]
    }

    _ = absolute
  }

  @Test func supervisedTaskListing() throws {
    let model = Sequential {
      Dense(1, 16, activation: .tanh)
      Dense(16, 1)
    }

    let numbers = GeneratedDataset(count: 200) { index in Float(index) / 100 - 1 }
    let task = try SupervisedTask(model, on: numbers, for: .regression, batchSize: 20) { x in
      LabeledBatch(inputs: Tensor(x, shape: [x.count, 1]), targets: Tensor(x.map { $0 * $0 }, shape: [x.count, 1]))
    }
    let result = try Trainer(epochs: 50).train(task, with: Adam(for: model, learningRate: 0.01))

    #expect(result.loss < 0.1)
  }

  @Test func lineSearchListing() throws {
    let model = Dense(4, 3)
    let images = Tensor([0.5, -1, 2, 0.25, 1, 1, -0.5, 0], shape: [2, 4])
    let labels = Tensor([0, 2] as [Int32], shape: [2])

    let optimizer = LBFGS(for: model)
    let loss = try optimizer.minimize { crossEntropy(logits: $0(images), labels: labels) }

    #expect(loss < 0.01)
  }

  @Test func learningRateScheduleListing() throws {
    let schedules: [LearningRateSchedule] = [
      .cosine,
      .linear(to: 0.1).warmedUp(for: 100),
      .constant.followed(by: .exponential(decay: 0.999), after: 5_000),
      .function { step, total in step < total / 2 ? 1 : 0.3 },
    ]

    #expect(schedules.map { $0.factor(after: 0, of: 10_000) } == [1, 0.01, 1, 1])
  }

  @Test func imageTransformListing() throws {
    let data = GeneratedDataset(count: 8) { index in Float(index) / 8 }
    let sampler = SequentialSampler(count: 8)

    let transform = ImageTransform.sequence([
      .padding(4, by: .reflect), .perspective(distortion: 0.3).randomly(0.5),
      .oneOf([.grayscale, .inverted, .sharpness(2)]), .gaussianBlur(size: 3),
    ])
    let loader = try Loader(data, by: sampler, batchSize: 64) { examples, step in
      try transform(images(of: examples), seed: 7, step: step)
    }

    #expect(try loader.batch(ofStep: 0).shape == [8, 3, 16, 16])
  }

  @Test func gradientAccumulationListing() throws {
    let model = Dense(2, 1)
    let batches = (0..<8).map { _ in Tensor.ones([3, 2]) }

    let optimizer = GradientAccumulation(Adam(for: model), for: model, of: 4)
    for batch in batches { try optimizer.update(along: valueAndGradient(of: model) { loss($0, batch) }.gradients) }

    #expect(optimizer.stepCount > 0)
  }

  @Test func lookaheadListing() throws {
    let model = Dense(2, 1)

    let optimizer = Lookahead(AdamW(for: model), for: model)

    try optimizer.update(along: valueAndGradient(of: model) { $0(.ones([3, 2])).square().mean() }.gradients)
  }

  @Test func meanLossListing() throws {
    var metrics: [any Metric<RegressionBatch>] = [MeanLoss.logCosh, MeanLoss.absolutePercentage]
    let relative = MeanLoss("relative error") { prediction, target in abs(prediction / target - 1) }

    metrics.append(relative)
    #expect(metrics.count == 3)
  }
}
