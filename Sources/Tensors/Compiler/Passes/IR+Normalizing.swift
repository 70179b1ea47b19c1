extension IR {
  /// Batch normalization, or its gradient, as a kernel for the sums and elementwise arithmetic: `nil` for other
  /// operations.
  ///
  /// The arithmetic is fused with the operations around it, such as a residual sum and ReLU, so the normalized values
  /// are written once. And it can be recomputed later from what is stored anyway (`recomputing`).
  mutating func addNormalized(_ op: Op, _ inputs: [Int]) throws(TensorError) -> [Int]? {
    switch op {
    case .batchNorm(let epsilon):
      let all = try addInstruction(op, inputs)
      let channels = try Channels(&self, inputs[0], mean: all[1], variance: all[2], scale: inputs[1], epsilon)
      let offset = try addAlongChannels(inputs[2], like: inputs[0])
      let centered = try add(.binary(.subtract), [inputs[0], channels.center])
      let scaled = try add(.binary(.multiply), centered + [channels.factorAlong])
      return try add(.binary(.add), scaled + [offset]) + [all[1], all[2]]
    case .batchNormGradient(let epsilon):
      let (x, scale, upstream) = (inputs[0], inputs[3], inputs[4])
      let channels = try Channels(&self, x, mean: inputs[1], variance: inputs[2], scale: scale, epsilon)
      // The result of the forward pass would be stored for this: recomputing it from x costs nothing.
      let centered = try addInstruction(.binary(.subtract), [x, channels.center], again: true)[0]
      guard let relu = reluGradient(upstream, after: x, channels) else {
        let sums = try addInstruction(op, inputs)
        return try addNormalizationGradient(upstream, centered, sums, channels) + sums.dropFirst()
      }
      let sums = try addInstruction(op, inputs.dropLast() + [relu.upstream, channels.factor, relu.shift])
      let scaled = try addInstruction(.binary(.multiply), [centered, channels.factorAlong], again: true)
      let y = try addInstruction(.binary(.add), scaled + [relu.offset], again: true)
      let isAbove = try add(.binary(.less), [relu.zero] + y)
      let passed = try add(.select, isAbove + [relu.upstream, relu.zero])[0]
      return try addNormalizationGradient(passed, centered, sums, channels) + sums.dropFirst()
    default: return nil
    }
  }

  /// Values for each channel.
  private struct Channels {
    let count: Int, images: Int
    /// 1 / √(variance + ε), and the same times the scale.
    let inverse: Int, factor: Int
    /// Mean and factor, so that they broadcast with the images.
    let center: Int, factorAlong: Int

    init(
      _ ir: inout IR, _ images: Int, mean: Int, variance: Int, scale: Int, _ epsilon: Double
    ) throws(TensorError) {
      self.images = images
      count = ir.types[scale].shape.elementCount
      inverse = try ir.add(.unary(.rsqrt), try ir.add(.binary(.add), [variance, try ir.addNumber(epsilon)]))[0]
      factor = try ir.add(.binary(.multiply), [scale, inverse])[0]
      center = try ir.addAlongChannels(mean, like: images)
      factorAlong = try ir.addAlongChannels(factor, like: images)
    }
  }

  /// dx = scale / √(variance + ε) · ((u − mean(u)) − (x − mean) · mean(u x̂) / √(variance + ε))
  private mutating func addNormalizationGradient(
    _ upstream: Int, _ centered: Int, _ sums: [Int], _ channels: Channels
  ) throws(TensorError) -> [Int] {
    let images = channels.images
    let share = try addNumber(Double(channels.count) / Double(types[images].shape.elementCount))
    let mean = try add(.binary(.multiply), [sums[2], share])[0]
    let coefficient = try add(.binary(.multiply), try add(.binary(.multiply), [sums[1], share]) + [channels.inverse])[0]
    let level = try add(.binary(.subtract), [upstream, try addAlongChannels(mean, like: images)])
    let product = try add(.binary(.multiply), [centered, try addAlongChannels(coefficient, like: images)])
    return try add(.binary(.multiply), try add(.binary(.subtract), level + product) + [channels.factorAlong])
  }

  /// Where the upstream is the gradient of ReLU right after this normalization of x: the gradient of ReLU's result, and
  /// the zero, shift and offset it was recorded with.
  private func reluGradient(
    _ upstream: Int, after x: Int, _ channels: Channels
  ) -> (upstream: Int, zero: Int, shift: Int, offset: Int)? {
    func inputs(_ value: Int, of op: Op) -> [Int]? {
      let instruction = instructions[producer[value]]
      return instruction.op == op ? instruction.inputs : nil
    }
    guard let chosen = inputs(upstream, of: .select), constant(chosen[2]) == 0, types[chosen[1]] == types[x],
      let compared = inputs(chosen[0], of: .binary(.less)), constant(compared[0]) == 0,
      let activated = inputs(compared[1], of: .unary(.relu)),
      let sum = inputs(activated[0], of: .binary(.add)),
      let shift = inputs(sum[1], of: .reshape(types[channels.center].shape)), types[shift[0]] == types[channels.factor],
      let product = inputs(sum[0], of: .binary(.multiply)), product[1] == channels.factorAlong,
      inputs(product[0], of: .binary(.subtract)) == [x, channels.center]
    else { return nil }
    return (chosen[1], chosen[2], shift[0], sum[1])
  }

  private mutating func addNumber(_ value: Double) throws(TensorError) -> Int {
    try add(.fill(Constant(value), TensorType([])), [])[0]
  }

  /// A value for each channel, so that it broadcasts with `images`.
  private mutating func addAlongChannels(_ value: Int, like images: Int) throws(TensorError) -> Int {
    let shape = types[images].shape
    return try add(.reshape(Shape(shape.indices.map { $0 == 1 ? shape[1] : 1 })), [value])[0]
  }
}
