import CKernels

/// The same values as another type; to int32 toward zero.
struct Cast: ElementwiseOperation {
  let dtype: DType
  var isCheap: Bool { false }

  func types(of operands: [TensorType]) -> [TensorType] { [TensorType(operands[0].shape, dtype)] }

  /// u; whole numbers have none.
  func gradients(_ step: BackwardStep) throws(TensorError) -> [Tensor?] {
    guard dtype == .float32, step.operands[0].dtype == .float32 else {
      throw TensorError("cast: whole numbers have no derivative; use stoppingGradient() where none is meant")
    }
    return [step.upstream]
  }

  func reference<Scalar: Number>(_ operands: ReferenceOperands<Scalar>) -> HostArray<Scalar> {
    dtype == .int32 ? .ints(operands.arrays[0].ints) : .floats(operands.arrays[0].floats)
  }

  func instruction(for operand: DType) -> backprop_opcode {
    dtype == operand ? BACKPROP_COPY : operand == .float32 ? BACKPROP_FLOAT_TO_INT : BACKPROP_INT_TO_FLOAT
  }

  func simplified(_ operands: [Int], in ir: IR) -> Int? { ir.types[operands[0]].dtype == dtype ? operands[0] : nil }
}

extension Tensor {
  /// The same values as another type; to `int32` toward zero, saturating for numbers out of range, and
  /// 0 for NaN.
  public func cast(to dtype: DType) -> Tensor { dtype == self.dtype ? self : .record(Cast(dtype: dtype), [self]) }
}
