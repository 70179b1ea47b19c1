extension IR {
  /// The sum of two neighboring parts, each padded with zeros to the whole, as the two joined and padded together; `nil`
  /// where the pattern does not match.
  ///
  /// Such sums are the gradients of a tensor that was split, such as one projection into queries, keys and values.
  mutating func addJoined(_ op: Op, _ inputs: [Int]) throws(TensorError) -> [Int]? {
    guard op == .binary(.add), types[inputs[0]] == types[inputs[1]],
      let a = paddedPart(inputs[0]), let b = paddedPart(inputs[1])
    else { return nil }
    let apart = a.shape.indices.filter { a.before[$0] != b.before[$0] || a.shape[$0] != b.shape[$0] }
    guard apart.count == 1, let axis = apart.first else { return nil }
    let (first, second) = a.before[axis] <= b.before[axis] ? (a, b) : (b, a)
    guard first.before[axis] + first.shape[axis] == second.before[axis] else { return nil }
    let joined = try add(.concatenate(axis: axis), pieces(first.value, axis) + pieces(second.value, axis))
    let whole = types[inputs[0]].shape
    let after = whole.indices.map { whole[$0] - second.before[$0] - second.shape[$0] }
    return try add(.pad(before: first.before, after: after, Constant(0)), joined)
  }

  /// A value without the zeros it is padded with.
  private func paddedPart(_ value: Int) -> (value: Int, before: [Int], shape: Shape)? {
    let instruction = instructions[producer[value]]
    guard case .pad(let before, _, let constant) = instruction.op, constant.value == 0 else { return nil }
    return (instruction.inputs[0], before, types[instruction.inputs[0]].shape)
  }

  /// The parts of a value that was joined along this axis, or the value.
  private func pieces(_ value: Int, _ axis: Int) -> [Int] {
    let instruction = instructions[producer[value]]
    return instruction.op == .concatenate(axis: axis) ? instruction.inputs : [value]
  }
}
