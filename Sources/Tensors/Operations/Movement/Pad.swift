/// The operand with elements of one value around it.
struct Pad: PrimitiveOperation {
  let before: [Int]
  let after: [Int]
  let value: Constant

  func types(of operands: [TensorType]) throws(TensorError) -> [TensorType] {
    let whole = operands[0].shape
    guard before.count == whole.rank, after.count == whole.rank, (before + after).allSatisfy({ $0 >= 0 }) else {
      throw TensorError("pad: needs an amount of at least 0 before and after each axis of \(whole)")
    }
    return [TensorType(Shape(whole.indices.map { before[$0].plus(whole[$0]).plus(after[$0]) }), operands[0].dtype)]
  }

  /// The part of u without the padding.
  func gradients(_ step: BackwardStep) -> [Tensor?] {
    [step.upstream.sliced(starts: before, shape: step.operands[0].shape)]
  }

  func mapped(_ step: MappedStep) -> [Tensor]? {
    step.batched(Pad(before: [0] + before, after: [0] + after, value: value))
  }

  func reference(_ operands: ReferenceOperands) -> HostArray {
    let strides = operands.type.shape.rowMajorStrides
    let start = zip(before, strides).reduce(0) { $0 + $1.0 * $1.1 }
    return .repeated(value.value, count: operands.type.shape.elementCount, operands.type.dtype).putting(
      operands.arrays[0], at: offsets(operands.shapes[0], strides, from: start))
  }

  func rewritten(_ operands: [Int], in ir: inout IR) -> [Int]? {
    (before + after).allSatisfy { $0 == 0 } ? operands : nil
  }

  func lower(_ instruction: IR.Instruction, in lowering: inout Lowering) throws(TensorError) {
    let type = lowering.ir.types[instruction.firstOutput]
    let target = lowering.result(instruction.firstOutput)
    lowering.emitCopy(from: lowering.number(value.value, type), to: target)
    let source = try lowering.view(instruction.inputs[0])
    lowering.emitCopy(from: source, to: target.box(before, source.shape))
  }
}

extension Add {
  /// The sum of two neighboring parts, each padded with zeros to the whole, as the two joined and padded together.
  ///
  /// Such sums are the gradients of a tensor that was split, such as one projection into queries, keys and values.
  static func rewritten(_ operands: [Int], in ir: inout IR) throws(TensorError) -> [Int]? {
    /// A value without the zeros it is padded with.
    func part(_ whole: Int) -> (pad: Pad, value: Int, shape: Shape)? {
      guard let (pad, source) = ir.producer(of: whole, as: Pad.self), pad.value.value == 0 else { return nil }
      return (pad, source[0], ir.types[source[0]].shape)
    }
    guard ir.types[operands[0]] == ir.types[operands[1]], let a = part(operands[0]), let b = part(operands[1]) else {
      return nil
    }
    let apart = a.shape.indices.filter { a.pad.before[$0] != b.pad.before[$0] || a.shape[$0] != b.shape[$0] }
    guard apart.count == 1, let axis = apart.first else { return nil }
    let (first, second) = a.pad.before[axis] <= b.pad.before[axis] ? (a, b) : (b, a)
    guard first.pad.before[axis] + first.shape[axis] == second.pad.before[axis] else { return nil }
    let joined = try ir.add(
      Concatenate(axis: axis),
      Concatenate.parts(of: first.value, axis, ir) + Concatenate.parts(of: second.value, axis, ir))
    return try ir.add(Pad(before: first.pad.before, after: second.pad.after, value: Constant(0)), joined)
  }
}

extension Tensor {
  /// The tensor with elements of one value around it: `before[i]` of them in front of axis i, `after[i]` behind it.
  /// Both have an entry for each axis.
  public func padded(
    before: [Int], after: [Int], with value: Double = 0, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    guard dtype.holds(value) else {
      return .failed(TensorError("padded: \(value) is no \(dtype) number", callSite: CallSite(file, line)))
    }
    return .record(Pad(before: before, after: after, value: Constant(value)), [self], CallSite(file, line))
  }
}
