// Made by tools/make_listings.py from tools/comments.md, where changes belong.
import Backprop
import Testing

private struct Classifier: Layer {
  let hidden = Dense(784, 128, activation: .relu)
  let output = Dense(128, 10)
  func callAsFunction(_ x: Tensor) -> Tensor { output(hidden(x)) }
}

private func loss(_ model: Dense, _ batch: ImageBatch) -> Tensor {
  crossEntropy(logits: model(batch.images.flattened(from: 1)), labels: batch.labels)
}

private func train(_ model: Dense) throws -> Int {
  let optimizer = GradientDescent(for: model)
  try optimizer.update(along: valueAndGradient(of: model) { $0(.ones([2, 4])).square().mean() }.gradients)
  return Threads.count
}

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

  @Test func distributedListing() throws {
    let model = Dense(4, 3)
    let optimizer = GradientDescent(for: model)
    let data = try ImageSet(pixels: [UInt8](repeating: 1, count: 8), labels: [0, 1], imageShape: [1, 2, 2])
    let batches = data.batches(of: 2)

    let processes = try Distributed.world()
    for batch in batches {  // of this process' part of the examples
      let gradients = valueAndGradient(of: model) { loss($0, batch) }.gradients
      try optimizer.update(along: gradients.averaged(over: processes))
    }

    #expect(optimizer.stepCount == 1)
  }

  @Test func ruleOptimizerShardListing() throws {
    let model = Dense(4, 3)
    let processes = try Distributed.world()
    let (_, gradients) = valueAndGradient(of: model) { $0(.ones([2, 4])).square().mean() }

    let optimizer = Adam(for: model)
    try optimizer.shard(over: processes)
    try optimizer.update(along: gradients.averaged(over: processes))

    #expect(optimizer.stepCount == 1 && optimizer.stateVariables.count == 4)
  }

  @Test func valueAndGradientListing() throws {
    let model = Dense(4, 3)
    let optimizer = GradientDescent(for: model)
    let (images, labels) = (Tensor.ones([2, 4]), Tensor([0, 2] as [Int32], shape: [2]))

    let (loss, gradients) = valueAndGradient(of: model) { crossEntropy(logits: $0(images), labels: labels) }
    try optimizer.update(along: gradients)

    #expect(try loss.scalar().isFinite)
  }

  @Test func predictorListing() throws {
    let (model, image) = (Dense(4, 3), Tensor.ones([1, 4]))

    let predictor = try Predictor(model)
    let probabilities = try predictor(image).softmax()

    #expect(abs(try probabilities.sum().scalar() - 1) < 1e-6)
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

  @Test func gradientListing() throws {
    let time = Tensor([0, 1, 2], shape: [3])
    let position = time.square() * 0.5

    let velocity = position.sum().gradient(withRespectTo: time)
    let acceleration = velocity.sum().gradient(withRespectTo: time)

    #expect(try velocity.values() == [0, 1, 2] && acceleration.values() == [1, 1, 1])
  }
}
