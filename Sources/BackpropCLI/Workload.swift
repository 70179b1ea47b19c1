import Backprop

/// A network, its optimizer and fixed input, as `bench` measures them: one training step each.
struct Workload {
  let name: String
  let inputShape: Shape
  let batchSize: Int
  let optimizer: String
  let momentum: Float?
  let weightDecay: Float?
  let learningRate: Float
  /// Multiply-adds of one example's way forward, a number a weighted layer.
  let multiplyAdds: [Int]

  static let all = [mlp, cnn, resnet20]

  static let mlp = Workload(
    name: "mlp", inputShape: [1, 28, 28], batchSize: 64, optimizer: "adam", momentum: nil, weightDecay: nil,
    learningRate: 1e-3, multiplyAdds: [784 * 128, 128 * 10])

  static let cnn = Workload(
    name: "cnn", inputShape: [1, 28, 28], batchSize: 64, optimizer: "adam", momentum: nil, weightDecay: nil,
    learningRate: 1e-3,
    multiplyAdds: [
      convolution(side: 28, 1, 32), convolution(side: 14, 32, 64), 64 * 7 * 7 * 128, 128 * 10,
    ])

  static let resnet20 = Workload(
    name: "resnet20", inputShape: [3, 32, 32], batchSize: 128, optimizer: "sgd", momentum: 0.9, weightDecay: 1e-4,
    learningRate: 0.1,
    multiplyAdds: [convolution(side: 32, 3, 16)]
      + Array(repeating: convolution(side: 32, 16, 16), count: 6)
      + [convolution(side: 16, 16, 32), convolution(side: 16, 16, 32, kernel: 1)]
      + Array(repeating: convolution(side: 16, 32, 32), count: 5)
      + [convolution(side: 8, 32, 64), convolution(side: 8, 32, 64, kernel: 1)]
      + Array(repeating: convolution(side: 8, 64, 64), count: 5) + [64 * 10])

  private static func convolution(side: Int, _ input: Int, _ output: Int, kernel: Int = 3) -> Int {
    side * side * input * output * kernel * kernel
  }

  /// Two operations a multiply-add, three passes (forward, gradient of the input, gradient of the weights); the first
  /// layer's input needs no gradient.
  var flopsPerStep: Int { 2 * batchSize * (3 * multiplyAdds.reduce(0, +) - (multiplyAdds.first ?? 0)) }

  /// Runs steps for about `seconds` and measures each. `first` counts from the model's making.
  func measure(seconds: Double) throws -> Measurement {
    let clock = ContinuousClock()
    let begin = clock.now
    resetPeakBytes()
    let description = try ModelDescription.image(name, inputShape: inputShape, classes: 10)
    return try measure(try description.makeModel(), seconds: seconds, clock, begin)
  }

  private func measure<Model: Layer>(
    _ model: Model, seconds: Double, _ clock: ContinuousClock, _ begin: ContinuousClock.Instant
  ) throws -> Measurement {
    let optimizer = try makeOptimizer(
      named: optimizer, for: model, learningRate: learningRate, momentum: momentum, weightDecay: weightDecay)
    var generator = SeededGenerator(seed: 0)
    let images = Tensor(
      (0..<batchSize * inputShape.elementCount).map { _ in Float.random(in: 0..<1, using: &generator) },
      shape: [batchSize] + inputShape.dimensions)
    let labels = Tensor(
      (0..<batchSize).map { _ in Int32.random(in: 0..<10, using: &generator) }, shape: [batchSize])

    func step() throws -> Float {
      let (loss, gradients) = valueAndGradient(of: model) { crossEntropy(logits: $0(images), labels: labels) }
      try optimizer.update(along: gradients, evaluating: [loss])
      return try loss.scalar()
    }

    _ = try step()
    let first = begin.duration(to: clock.now).milliseconds
    for _ in 0..<3 { _ = try step() }

    var times: [Double] = []
    let start = clock.now
    while times.count < 5 || start.duration(to: clock.now).milliseconds < seconds * 1000 {
      let before = clock.now
      _ = try step()
      times.append(before.duration(to: clock.now).milliseconds)
    }
    times.sort()
    let median = times[times.count / 2]
    return Measurement(
      workload: name, millisecondsPerStep: median, minimum: times[0], firstStepMilliseconds: first,
      parameters: parameterCount(of: model), flopsPerStep: flopsPerStep,
      gflopsPerSecond: Double(flopsPerStep) / (median * 1e6), peakBytes: peakBytes(), threads: Threads.count)
  }
}

/// A line of `bench`.
struct Measurement: Encodable {
  var workload: String
  var millisecondsPerStep: Double
  var minimum: Double
  var firstStepMilliseconds: Double
  var parameters: Int
  var flopsPerStep: Int
  var gflopsPerSecond: Double
  var peakBytes: Int
  var threads: Int
}

extension Duration {
  var milliseconds: Double { Double(components.seconds) * 1e3 + Double(components.attoseconds) * 1e-15 }
}
