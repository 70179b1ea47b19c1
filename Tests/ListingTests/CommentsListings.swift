// Made by tools/make_listings.py from tools/comments.md, where changes belong.
import Backprop
import Foundation
import Testing

private struct Classifier: Layer {
  let hidden = Dense(784, 128, activation: .relu)
  let output = Dense(128, 10)
  func callAsFunction(_ x: Tensor) -> Tensor { output(hidden(x)) }
}

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

private func train(_ model: Dense) throws -> Int {
  let optimizer = GradientDescent(for: model)
  try optimizer.update(along: valueAndGradient(of: model) { $0(.ones([2, 4])).square().mean() }.gradients)
  return Threads.count
}

private final class EpochCounter: TrainingCallback {
  var epochs = 0
  func epochDidEnd(_ epoch: Int, of training: RunningTraining) { epochs += 1 }
}

private func images(of examples: [Float]) -> Tensor {
  Tensor(examples.flatMap { Array(repeating: $0, count: 192) }, shape: [examples.count, 3, 8, 8])
}

private func loss(_ model: Dense, _ batch: Tensor) -> Tensor { (model(batch) - 1).square().mean() }

@Suite struct CommentsListings {
  @Test func layerListing() throws {
    #expect(Classifier()(.ones([2, 784])).shape == [2, 10])
  }

  @Test func sequentialListing() throws {
    let model = Sequential {
      Flatten()
      Dense(784, 128, activation: .relu)
      Dense(128, 10)
    }

    #expect(model(.ones([2, 1, 28, 28])).shape == [2, 10])
  }

  @Test func recurrentListing() throws {
    let x = Tensor.ones([2, 3, 128])

    let layer = Recurrent.lstm(128, 256, layers: 2)
    let (output, state) = layer(x, state: nil)

    #expect(output.shape == [2, 3, 256] && state.hidden.count == 2 && state.cell.count == 2)
  }

  @Test func valueAndGradientListing() throws {
    let model = Dense(4, 3)
    let optimizer = GradientDescent(for: model)
    let (images, labels) = (Tensor.ones([2, 4]), Tensor([0, 2] as [Int32], shape: [2]))

    let (loss, gradients) = valueAndGradient(of: model) { crossEntropy(logits: $0(images), labels: labels) }
    try optimizer.update(along: gradients)

    #expect(try loss.scalar().isFinite)
  }

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
  }

  @Test func predictorListing() throws {
    let (model, image) = (Dense(4, 3), Tensor.ones([1, 4]))

    let predictor = try Predictor(model)
    let probabilities = try predictor(image).softmax()

    #expect(abs(try probabilities.sum().scalar() - 1) < 1e-6)
  }

  @Test func parameterGroupListing() throws {
    let model = Dense(4, 3)

    let optimizer = AdamW(for: model, learningRate: 1e-3) {
      ParameterGroup(where: { $0.name.hasSuffix("bias") }, weightDecay: 0)
      ParameterGroup(where: { $0.name.hasPrefix("features.") }, learningRate: 1e-4)
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

  @Test func threadsListing() async throws {
    let models = [Dense(4, 3), Dense(4, 3)]

    async let first = Threads.withCount(1) { try train(models[0]) }
    async let second = Threads.withCount(1) { try train(models[1]) }

    let counts = try await [first, second]
    #expect(counts == [1, 1])
  }

  @Test func profileListing() throws {
    let model = Dense(4, 3)
    let optimizer = GradientDescent(for: model)
    let (_, gradients) = valueAndGradient(of: model) { $0(.ones([2, 4])).square().mean() }

    let profile = Profile()
    try Profile.$current.withValue(profile) { try optimizer.update(along: gradients) }

    #expect(profile.plans.count == 1)
  }

  @Test func subscriptListing() throws {
    let x = Tensor((0..<40).map { Float($0) }, shape: [10, 4])

    let row = x[0]  // the first row: an integer removes its axis
    let block = x[1..., .newAxis, ..<3]  // all rows but the first, a new axis, the first three columns
    let last = x[.ellipsis, -1]  // the last element along the last axis
    let backward = x[.stride(from: 8, to: 2, by: -2)]  // rows 8, 6 and 4

    #expect(try row.values() == [0, 1, 2, 3])
    #expect(block.shape == [9, 1, 3])
    #expect(try last.values() == stride(from: 3, to: 40, by: 4).map { Float($0) })
    #expect(try backward[.ellipsis, 0].values() == [32, 24, 16])
  }

  @Test func customGradientListing() throws {
    let (a, b, x) = (Tensor(3), Tensor(5), Tensor([0.2, 1.7], shape: [2]))

    // The product, of which only the first factor learns.
    let product = Tensor.customGradient(of: [a, b]) {
      $0[0] * $0[1]
    } gradient: { inputs, y, upstream in
      [upstream * inputs[1], nil]
    }

    // Straight-through estimator (Bengio, Léonard & Courville 2013): rounds, with the gradient of the identity.
    let rounded = Tensor.customGradient(of: x) {
      ($0 + 0.5).floor()
    } gradient: { x, y, upstream in
      upstream
    }

    // Gradient reversal (Ganin & Lempitsky 2015): the identity, with the opposite gradient.
    let reversed = Tensor.customGradient(of: x) {
      $0
    } gradient: { x, y, upstream in
      -upstream
    }

    // Gradient clipping at one place of a network.
    let clipped = Tensor.customGradient(of: x) {
      $0
    } gradient: { x, y, upstream in
      upstream.clamped(to: -1...1)
    }

    let parts = gradients(of: product, withRespectTo: [a, b])
    #expect(try parts[0]?.scalar() == 5 && parts[1] == nil)
    #expect(try rounded.values() == [0, 2])
    let upstream = Tensor([2, -0.5], shape: [2])
    let expected: [(Tensor, [Float])] = [(rounded, [2, -0.5]), (reversed, [-2, 0.5]), (clipped, [1, -0.5])]
    for (y, gradient) in expected {
      #expect(try gradients(of: (y * upstream).sum(), withRespectTo: [x])[0]?.values() == gradient)
    }
  }

  @Test func gradientCheckListing() throws {
    let layer = Dense(2, 3, activation: .tanh)

    let result = try gradientCheck({ layer($0[0]) }, at: [Tensor([0.5, -1.25], shape: [1, 2])])
    #expect(result.passes(tolerance: 1e-6), "\(result)")
  }

  @Test func copyListing() throws {
    let (model, images) = (Dense(4, 3), Tensor.ones([2, 4]))

    let precise = try model.copy(as: .float64)
    let logits = precise(images.cast(to: .float64))

    #expect(logits.dtype == .float64)
    #expect(try (logits.cast(to: .float32) - model(images)).abs().max().scalar() < 1e-5)
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

  @Test func weightNormListing() throws {
    let layer = WeightNorm(Dense(64, 10), of: \.weight, axis: 1)
    let images = WeightNorm(Conv2D(3, 16, kernelSize: 3), of: \.weight, axis: 0)

    #expect(layer(.ones([2, 64])).shape == [2, 10] && images(.ones([1, 3, 4, 4])).shape == [1, 16, 2, 2])
  }

  @Test func spectralNormListing() throws {
    let layer = SpectralNorm(Dense(64, 1), of: \.weight, axis: 1)

    #expect(layer(.ones([2, 64])).shape == [2, 1])
  }

  @Test func mappedListing() throws {
    let inputs = Tensor([1, 2, 3, 4], shape: [2, 2])
    let targets = Tensor([1, -1], shape: [2])
    let w = Tensor([0.5, -1], shape: [2])

    // The gradient for each example by itself, where `gradients(of:withRespectTo:)` gives their sum.
    let perExample = mapped(over: [inputs, targets]) { example in
      gradients(of: (example[0].dot(w) - example[1]).square(), withRespectTo: [w]).compactMap { $0 }
    }

    #expect(perExample.map(\.shape) == [[2, 2]])
  }

  @Test func checkpointedListing() throws {
    let blocks = [Dense(3, 3, activation: .tanh), Dense(3, 3, activation: .tanh)]
    var x = Tensor.ones([2, 3])

    // One block's values at a time are in memory, beside what each block begins with.
    for block in blocks { x = checkpointed([x]) { [block($0[0])] }[0] }

    #expect(x.shape == [2, 3])
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

  @Test func encoderDecoderTransformerListing() throws {
    let source = Tensor.ones([2, 5, 64])
    let target = Tensor.ones([2, 3, 64])
    let lengths = Tensor([5, 4] as [Int32], shape: [2])

    let model = EncoderDecoderTransformer(64, heads: 4, blocks: 2, hidden: 128)
    let output = model(source, target, sourceLengths: lengths)  // [batch, time of the target, 64]

    #expect(output.shape == [2, 3, 64])
  }

  @Test func rNNCellListing() throws {
    let steps = [Tensor.ones([2, 8]), Tensor.ones([2, 8])]

    let cell = RNNCell(8, 16)
    var hidden: Tensor?
    for x in steps { hidden = cell(x, hidden) }  // each [batch, 8] → [batch, 16]

    #expect(hidden?.shape == [2, 16])
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

  @Test func gradientListing() throws {
    let time = Tensor([0, 1, 2], shape: [3])
    let position = time.square() * 0.5

    let velocity = position.sum().gradient(withRespectTo: time)
    let acceleration = velocity.sum().gradient(withRespectTo: time)

    #expect(try velocity.values() == [0, 1, 2] && acceleration.values() == [1, 1, 1])
  }

  @Test func meanLossListing() throws {
    var metrics: [any Metric<RegressionBatch>] = [MeanLoss.logCosh, MeanLoss.absolutePercentage]
    let relative = MeanLoss("relative error") { prediction, target in abs(prediction / target - 1) }

    metrics.append(relative)
    #expect(metrics.count == 3)
  }
}
