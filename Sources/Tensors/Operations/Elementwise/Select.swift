import CKernels

/// The second operand where the first is true, or not 0, elsewhere the third.
///
/// operands: condition, where true, where false. All broadcast.
struct Select: ElementwiseOperation {
  var name: String { "where" }
  var isCheap: Bool { true }

  func types(of operands: [TensorType]) throws(TensorError) -> [TensorType] {
    guard operands[0].dtype == .bool || operands[0].dtype == .float32, operands[1].dtype == operands[2].dtype else {
      throw wrongType(operands, needs: "a bool condition and two operands of one type", hint: "use cast(to:)")
    }
    guard let branches = operands[1].shape.broadcast(with: operands[2].shape),
      let shape = operands[0].shape.broadcast(with: branches)
    else {
      throw TensorError(
        "where: shapes \(operands[0].shape), \(operands[1].shape) and \(operands[2].shape) do not broadcast")
    }
    return [TensorType(shape, operands[1].dtype)]
  }

  /// u where it was taken, 0 elsewhere; none for the condition.
  func gradients(_ step: BackwardStep) -> [Tensor?] {
    let (condition, u) = (step.operands[0], step.upstream)
    let zero = Tensor.fill(0, [], u.dtype)
    return [nil, Tensor.where(condition, u, zero), Tensor.where(condition, zero, u)]
  }

  func reference(_ operands: ReferenceOperands) -> HostArray {
    let condition = operands.spread(0).floats
    switch (operands.spread(1), operands.spread(2)) {
    case (.ints(let a), .ints(let b)): return .ints(condition.indices.map { condition[$0] != 0 ? a[$0] : b[$0] })
    case (let a, let b):
      let (a, b) = (a.floats, b.floats)
      return .floats(condition.indices.map { condition[$0] != 0 ? a[$0] : b[$0] })
    }
  }

  func instruction(for operands: [DType]) -> backprop_opcode? {
    operands[1] == .float32 || operands[1] == .int32 ? BACKPROP_SELECT : nil
  }

  func lower(_ instruction: IR.Instruction, in lowering: inout Lowering) throws(TensorError) {
    try lowering.emitPlain(.select, instruction)
  }
}

extension Tensor {
  /// Itself as a condition: true where it is not 0.
  var isNotZero: Tensor { dtype == .float32 ? self : cast(to: .bool) }

  /// `a` where the condition is true, elsewhere `b`. All three broadcast; `a` and `b` are of one type, which a number
  /// among them takes. The condition is bool; numbers other than 0 count as true.
  ///
  /// The gradient passes to the operand that was taken, and none to the condition; what was not taken may be NaN.
  public static func `where`(
    _ condition: Tensor, _ a: Tensor, _ b: Tensor, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    let condition = condition.dtype == .bool ? condition : condition.isNotZero
    let (a, b) = (a.matching(b.dtype), b.matching(a.dtype))
    return .record(Select(), [condition, a, b], CallSite(file, line))
  }
}
