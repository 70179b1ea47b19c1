extension IR {
  /// Batch normalization as its statistics, which a kernel computes, and arithmetic: `nil` for other operations.
  ///
  /// The arithmetic joins the passes around it, such as a residual sum and ReLU, so the normalized values are written once.
  /// And it can be done again later from what is kept anyway (`recomputing`).
  mutating func addNormalized(_ op: Op, _ inputs: [Int]) throws(TensorError) -> [Int]? {
    guard case .batchNorm(let epsilon) = op else { return nil }
    let all = try addInstruction(op, inputs)
    let (x, scale, shift, mean, variance) = (inputs[0], inputs[1], inputs[2], all[1], all[2])
    let shape = types[x].shape
    let alongChannels = Shape(shape.indices.map { $0 == 1 ? shape[1] : 1 })
    let constant = try add(.fill(Constant(epsilon), TensorType([])), [])
    let inverse = try add(.unary(.rsqrt), try add(.binary(.add), [variance] + constant))
    let factor = try add(.reshape(alongChannels), try add(.binary(.multiply), [scale] + inverse))
    let center = try add(.reshape(alongChannels), [mean])
    let offset = try add(.reshape(alongChannels), [shift])
    let centered = try add(.binary(.subtract), [x] + center)
    return try add(.binary(.add), try add(.binary(.multiply), centered + factor) + offset) + [mean, variance]
  }
}
