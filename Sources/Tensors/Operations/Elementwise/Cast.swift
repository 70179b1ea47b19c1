import CKernels

/// The same values as another type.
struct Cast: ElementwiseOperation {
  let dtype: DType
  var isCheap: Bool { false }

  func types(of operands: [TensorType]) -> [TensorType] { [TensorType(operands[0].shape, dtype)] }

  /// u as the type of the operand; whole numbers have none.
  func gradients(_ step: BackwardStep) throws(TensorError) -> [Tensor?] {
    let from = step.operands[0].dtype
    if from == .bool { return [nil] }
    guard dtype.isFloatingPoint, from.isFloatingPoint else {
      throw TensorError("cast: whole numbers have no derivative; use stoppingGradient() where none is meant")
    }
    return [step.upstream.cast(to: from)]
  }

  func reference(_ operands: ReferenceOperands) -> HostArray {
    operands.arrays[0].cast(to: dtype)
  }

  func instruction(for operands: [DType]) -> backprop_opcode? {
    switch (operands[0], dtype) {
    case (.float32, .int32): BACKPROP_FLOAT_TO_INT
    case (.int32, .float32): BACKPROP_INT_TO_FLOAT
    default: nil
    }
  }

  /// Whether a number is not 0, by comparisons: in a plan a bool is the float 1 or 0.
  func rewritten(_ operands: [Int], in ir: inout IR) throws(TensorError) -> [Int]? {
    if ir.types[operands[0]].dtype == dtype { return operands }
    guard dtype == .bool else { return nil }
    let type = TensorType([], ir.types[operands[0]].dtype)
    let isZero = try ir.add(Binary(Equal.self), operands + ir.add(Fill(number: Constant(0), type: type), []))
    return try ir.add(Binary(Equal.self), isZero + ir.add(Fill(number: Constant(0), type: TensorType([])), []))
  }

  func lower(_ instruction: IR.Instruction, in lowering: inout Lowering) throws(TensorError) {
    let source = try lowering.contiguous(instruction.inputs[0])
    let kernel = PlainCast(from: source.dtype, to: dtype, count: source.shape.elementCount)
    lowering.emit(kernel, [source], instruction)
  }
}

extension Tensor {
  /// The same values as another type.
  ///
  /// Floats are rounded to nearest, ties to even, and become infinite beyond the greatest. As whole numbers they are cut
  /// off toward zero; numbers out of range become the nearest that fits, and NaN becomes 0, on every machine (PyTorch leaves
  /// that undefined). Integers that do not fit lose their upper bits. As `bool`, all but 0 is true, NaN too.
  ///
  /// The gradient passes between floats, as the type of the operand.
  public func cast(to dtype: DType) -> Tensor { dtype == self.dtype ? self : .record(Cast(dtype: dtype), [self]) }
}
