import Backprop

/// How time and memory of a training step grow with the network, compared with the arithmetic.
struct ScalingReport: Encodable {
  struct Line: Encodable {
    /// What grows, such as `mlp, width`.
    var grows: String
    var size: Int
    var milliseconds: Double
    /// Operations of products, two a multiply-add.
    var flops: Int
    /// It does not fall where time grows no more than the operations.
    var gflopsPerSecond: Double
    /// The plan's arena: saved activations, and intermediate results.
    var arenaBytes: Int
    /// The elements of the activations that the backward pass needs, and of the largest gradient of weights.
    var keptNumbers: Int
    /// It does not rise where memory grows no more than these.
    var bytesPerNumber: Double
  }

  let workload = "scaling"
  var lines: [Line] = []
  let threads = Threads.count

  init() throws {
    for batch in [16, 64, 256, 1024] { try add("mlp, batch", batch, Self.mlp(batch: batch)) }
    for width in [128, 256, 512, 1024] { try add("mlp, width", width, Self.mlp(width: width)) }
    for depth in [2, 4, 8, 16] { try add("mlp, depth", depth, Self.mlp(depth: depth)) }
    for batch in [2, 4, 8, 16] { try add("transformer, batch", batch, Self.transformer(batch: batch)) }
    for width in [64, 128, 256, 512] { try add("transformer, width", width, Self.transformer(width: width)) }
    for depth in [1, 2, 4, 8] { try add("transformer, depth", depth, Self.transformer(depth: depth)) }
    for context in [64, 128, 256, 512] {
      try add("transformer, context", context, Self.transformer(context: context))
    }
  }

  /// A step to be measured: its operations, and the elements of its saved activations.
  private struct Step {
    var flops: Int
    var kept: Int
    var run: () throws -> Void
  }

  private static func mlp(batch: Int = 64, width: Int = 512, depth: Int = 4) throws -> Step {
    let model = Sequential((0..<depth).map { _ in Dense(width, width, activation: .relu) })
    let images = Tensor(try Random.current.normal(count: batch * width), shape: [batch, width])
    return Step(
      flops: 2 * batch * width * width * (3 * depth - 1), kept: batch * width * depth + width * width,
      run: try step(model, images, [Int32](repeating: 1, count: batch)))
  }

  private static func transformer(
    batch: Int = 4, width: Int = 128, depth: Int = 4, context: Int = 128
  ) throws -> Step {
    let model = try LanguageModelDescription(
      kind: .transformer, vocabulary: 65, context: context, width: width, layers: depth, heads: width / 32
    ).makeModel()
    let tokens = batch * context
    let ids = Tensor((0..<Int32(tokens)).map { $0 % 65 }, shape: [batch, context])
    let multiplyAdds = depth * (12 * width * width + (context + 1) * width) + width * 65
    // Of each block: both normalizations, the projection, attention, both sums, the wide layer before and after GELU.
    return Step(
      flops: 6 * tokens * multiplyAdds, kept: tokens * (depth * 16 * width + 65),
      run: try step(model, ids, [Int32](repeating: 1, count: tokens)))
  }

  private static func step(_ model: some Layer, _ inputs: Tensor, _ labels: [Int32]) throws -> () throws -> Void {
    let step = CompiledStep(with: Adam(for: model, learningRate: 1e-4)) { inputs in
      valueAndGradient(of: model) { model in
        crossEntropy(logits: model(inputs[0]).reshaped(to: [labels.count, -1]), labels: inputs[1])
      }.gradients
    }
    let batch = [inputs, Tensor(labels, shape: [labels.count])]
    return { _ = try step(batch)[0].scalar() }
  }

  private mutating func add(_ grows: String, _ size: Int, _ step: Step) throws {
    let profile = Profile()
    try Profile.$current.withValue(profile, operation: step.run)
    let clock = ContinuousClock()
    let start = clock.now
    var times: [Double] = []
    while times.count < 5 || start.duration(to: clock.now) < .milliseconds(400) {
      let before = clock.now
      try step.run()
      times.append(before.duration(to: clock.now).milliseconds)
    }
    times.sort()
    let (time, arena) = (times[times.count / 2], profile.plans.map(\.arenaBytes).max() ?? 0)
    lines.append(
      Line(
        grows: grows, size: size, milliseconds: time, flops: step.flops,
        gflopsPerSecond: Double(step.flops) / 1e6 / time, arenaBytes: arena, keptNumbers: step.kept,
        bytesPerNumber: Double(arena) / Double(step.kept)))
  }

  /// The report as text.
  var text: String {
    let rows = lines.map { line in
      [
        line.grows, line.size.grouped, line.milliseconds.fixed(3), (Double(line.flops) / 1e9).fixed(3),
        line.gflopsPerSecond.fixed(1), line.arenaBytes.bytes, line.bytesPerNumber.fixed(1),
      ]
    }
    return table([["what grows", "to", "ms", "GFLOP", "GFLOP/s", "arena", "bytes a number"]] + rows, left: [0])
      .joined(separator: "\n")
  }
}
