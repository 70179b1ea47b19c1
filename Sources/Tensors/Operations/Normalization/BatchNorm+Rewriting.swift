// Batch normalization and its gradient as a kernel for the sums and elementwise arithmetic.
//
// The arithmetic is fused with the operations around it, such as a residual sum and ReLU, so the normalized values are
// written once. And it can be recomputed later from what is stored anyway (`recomputing`).

extension BatchNorm {
  func rewritten(_ operands: [Int], in ir: inout IR) throws(TensorError) -> [Int]? {
    let all = try ir.addInstruction(self, operands)
    let channels = try Channels(&ir, operands[0], mean: all[1], variance: all[2], scale: operands[1], epsilon)
    let offset = try ir.addAlongChannels(operands[2], like: operands[0])
    let centered = try ir.add(Binary(Subtract.self), [operands[0], channels.center])
    let scaled = try ir.add(Binary(Multiply.self), centered + [channels.factorAlong])
    return try ir.add(Binary(Add.self), scaled + [offset]) + [all[1], all[2]]
  }
}

extension BatchNormGradient {
  func rewritten(_ operands: [Int], in ir: inout IR) throws(TensorError) -> [Int]? {
    let (x, scale, upstream) = (operands[0], operands[3], operands[4])
    let channels = try Channels(&ir, x, mean: operands[1], variance: operands[2], scale: scale, epsilon)
    // The result of the forward pass would be stored for this: recomputing it from x costs nothing.
    let centered = try ir.addInstruction(Binary(Subtract.self), [x, channels.center], again: true)[0]
    guard let relu = ir.reluGradient(upstream, after: x, channels) else {
      let sums = try ir.addInstruction(self, operands)
      return try ir.addNormalizationGradient(upstream, centered, sums, channels) + sums.dropFirst()
    }
    let sums = try ir.addInstruction(self, operands.dropLast() + [relu.upstream, channels.factor, relu.shift])
    let scaled = try ir.addInstruction(Binary(Multiply.self), [centered, channels.factorAlong], again: true)
    let y = try ir.addInstruction(Binary(Add.self), scaled + [relu.offset], again: true)
    let isAbove = try ir.add(Binary(Less.self), [relu.zero] + y)
    let passed = try ir.add(Select(), isAbove + [relu.upstream, relu.zero])[0]
    return try ir.addNormalizationGradient(passed, centered, sums, channels) + sums.dropFirst()
  }
}

/// Values for each channel.
private struct Channels {
  let images: Int
  /// 1 / √(variance + ε), and the same times the scale.
  let inverse: Int, factor: Int
  /// Mean and factor, so that they broadcast with the images.
  let center: Int, factorAlong: Int

  init(_ ir: inout IR, _ images: Int, mean: Int, variance: Int, scale: Int, _ epsilon: Double) throws(TensorError) {
    self.images = images
    inverse = try ir.add(
      Unary(ReciprocalSquareRoot.self), try ir.add(Binary(Add.self), [variance, try ir.addNumber(epsilon)]))[0]
    factor = try ir.add(Binary(Multiply.self), [scale, inverse])[0]
    center = try ir.addAlongChannels(mean, like: images)
    factorAlong = try ir.addAlongChannels(factor, like: images)
  }
}

extension IR {
  /// dx = scale / √(variance + ε) · ((u − mean(u)) − (x − mean) · mean(u x̂) / √(variance + ε))
  fileprivate mutating func addNormalizationGradient(
    _ upstream: Int, _ centered: Int, _ sums: [Int], _ channels: Channels
  ) throws(TensorError) -> [Int] {
    let images = channels.images
    let share = try addNumber(Double(types[images].shape[1]) / Double(types[images].shape.elementCount))
    let mean = try add(Binary(Multiply.self), [sums[2], share])[0]
    let coefficient = try add(
      Binary(Multiply.self), try add(Binary(Multiply.self), [sums[1], share]) + [channels.inverse])[0]
    let level = try add(Binary(Subtract.self), [upstream, try addAlongChannels(mean, like: images)])
    let product = try add(Binary(Multiply.self), [centered, try addAlongChannels(coefficient, like: images)])
    return try add(Binary(Multiply.self), try add(Binary(Subtract.self), level + product) + [channels.factorAlong])
  }

  /// Where the upstream is the gradient of ReLU right after this normalization of x: the gradient of ReLU's result, and
  /// the zero, shift and offset it was recorded with.
  fileprivate func reluGradient(_ upstream: Int, after x: Int, _ channels: Channels) -> (
    upstream: Int, zero: Int, shift: Int, offset: Int
  )? {
    guard let chosen = operands(of: upstream, from: Select()), constant(chosen[2]) == 0, types[chosen[1]] == types[x],
      let compared = operands(of: chosen[0], from: Binary(Less.self)), constant(compared[0]) == 0,
      let activated = operands(of: compared[1], from: Unary(ReLU.self)),
      let sum = operands(of: activated[0], from: Binary(Add.self)),
      let shift = operands(of: sum[1], from: Reshape(shape: types[channels.center].shape)),
      types[shift[0]] == types[channels.factor], let product = operands(of: sum[0], from: Binary(Multiply.self)),
      product[1] == channels.factorAlong, operands(of: product[0], from: Binary(Subtract.self)) == [x, channels.center]
    else { return nil }
    return (chosen[1], chosen[2], shift[0], sum[1])
  }

  fileprivate mutating func addNumber(_ value: Double) throws(TensorError) -> Int {
    try add(Fill(number: Constant(value), type: TensorType([])), [])[0]
  }

  /// A value for each channel, so that it broadcasts with `images`.
  fileprivate mutating func addAlongChannels(_ value: Int, like images: Int) throws(TensorError) -> Int {
    let shape = types[images].shape
    return try add(Reshape(shape: Shape(shape.indices.map { $0 == 1 ? shape[1] : 1 })), [value])[0]
  }
}
