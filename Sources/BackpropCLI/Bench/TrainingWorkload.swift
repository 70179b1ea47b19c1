import Backprop

/// A network, its optimizer and fixed input: a step is forward, backward and update.
struct TrainingWorkload: Workload {
  /// The network, and what one example is.
  enum Network: Sendable {
    /// Images of this shape, in ten classes.
    case image(ModelDescription.Kind, Shape)
    /// Windows of a text.
    case text(LanguageModelDescription)
  }

  let name: String
  let network: Network
  let batchSize: Int
  let optimizer: String
  var momentum: Float?
  var weightDecay: Float?
  let learningRate: Float
  /// Multiply-adds of one example's forward pass, for each weighted layer.
  let multiplyAdds: [Int]
  /// Whether the first layer's input is data, which needs no gradient.
  let startsAtData: Bool

  static let mlp = TrainingWorkload(
    name: "mlp", network: .image(.mlp, [1, 28, 28]), batchSize: 64, optimizer: "adam", learningRate: 1e-3,
    multiplyAdds: [784 * 128, 128 * 10], startsAtData: true)

  static let cnn = TrainingWorkload(
    name: "cnn", network: .image(.cnn, [1, 28, 28]), batchSize: 64, optimizer: "adam", learningRate: 1e-3,
    multiplyAdds: [
      convolution(side: 28, 1, 32), convolution(side: 14, 32, 64), 64 * 7 * 7 * 128, 128 * 10,
    ], startsAtData: true)

  static let resnet20 = TrainingWorkload(
    name: "resnet20", network: .image(.resnet20, [3, 32, 32]), batchSize: 128, optimizer: "sgd", momentum: 0.9,
    weightDecay: 1e-4, learningRate: 0.1,
    multiplyAdds: [convolution(side: 32, 3, 16)]
      + Array(repeating: convolution(side: 32, 16, 16), count: 6)
      + [convolution(side: 16, 16, 32), convolution(side: 16, 16, 32, kernel: 1)]
      + Array(repeating: convolution(side: 16, 32, 32), count: 5)
      + [convolution(side: 8, 32, 64), convolution(side: 8, 32, 64, kernel: 1)]
      + Array(repeating: convolution(side: 8, 64, 64), count: 5) + [64 * 10], startsAtData: true)

  static let lstm = TrainingWorkload(
    name: "lstm",
    network: .text(LanguageModelDescription(kind: .lstm, vocabulary: 65, context: 64, width: 256, layers: 2)),
    batchSize: 32, optimizer: "adam", learningRate: 1e-3,
    multiplyAdds: [128 * 1024, 256 * 1024, 256 * 1024, 256 * 1024, 256 * 65].map { 64 * $0 }, startsAtData: false)

  static let gptSmall = transformer("gpt-small", context: 64, width: 128, heads: 4, layers: 4, batchSize: 12)
  static let gptMedium = transformer("gpt-medium", context: 256, width: 384, heads: 6, layers: 6, batchSize: 4)

  private static func transformer(
    _ name: String, context: Int, width: Int, heads: Int, layers: Int, batchSize: Int
  ) -> TrainingWorkload {
    // Four products of width² for attention, eight for the feed-forward network; scores and weighted sums, half of them
    // masked.
    let block = [4 * width * width, 8 * width * width, (context + 1) * width]
    return TrainingWorkload(
      name: name,
      network: .text(
        LanguageModelDescription(
          kind: .transformer, vocabulary: 65, context: context, width: width, layers: layers, heads: heads)),
      batchSize: batchSize, optimizer: "adamw", learningRate: 1e-3,
      multiplyAdds: (Array(repeating: block, count: layers).flatMap { $0 } + [width * 65]).map { context * $0 },
      startsAtData: false)
  }

  private static func convolution(side: Int, _ input: Int, _ output: Int, kernel: Int = 3) -> Int {
    side * side * input * output * kernel * kernel
  }

  /// Two operations a multiply-add, three passes: forward, gradient of the input, gradient of the weights.
  var flopsPerStep: Int {
    2 * batchSize * (3 * multiplyAdds.reduce(0, +) - (startsAtData ? multiplyAdds.first ?? 0 : 0))
  }

  func prepare() throws -> Job {
    var generator = SeededGenerator(seed: 0)
    func whole(_ range: Range<Int32>, _ shape: [Int]) -> Tensor {
      Tensor((0..<shape.reduce(1, *)).map { _ in Int32.random(in: range, using: &generator) }, shape: shape)
    }
    switch network {
    case .image(let kind, let shape):
      let model = try ModelDescription(kind: kind, inputShape: shape, classes: 10).makeModel()
      let images = Tensor(
        (0..<batchSize * shape.elementCount).map { _ in Float.random(in: 0..<1, using: &generator) },
        shape: [batchSize] + shape.dimensions)
      return try job(model, on: images, labels: whole(0..<10, [batchSize]))
    case .text(let description):
      let tokens = 0..<Int32(description.vocabulary)
      return try job(
        try description.makeModel(), on: whole(tokens, [batchSize, description.context]),
        labels: whole(tokens, [batchSize * description.context]))
    }
  }

  /// As what several processes send each other gradients.
  @TaskLocal static var gradientType = DType.float32

  private func job<Model: Layer>(_ model: Model, on inputs: Tensor, labels: Tensor) throws -> Job {
    let optimizer = try makeOptimizer(
      named: optimizer, for: model, learningRate: learningRate, momentum: momentum, weightDecay: weightDecay)
    let processes = try Distributed.world()
    let step = CompiledStep(with: optimizer) { inputs in
      valueAndGradient(of: model) { model in
        crossEntropy(logits: model(inputs[0]).reshaped(to: [labels.shape[0], -1]), labels: inputs[1])
      }.gradients.averaged(over: processes, sendingAs: Self.gradientType)
    }
    let batch = [inputs, labels]
    return Job(parameters: parameterCount(of: model)) { _ = try step(batch)[0].scalar() }
  }
}
