import CKernels

extension Op {
  /// The instruction of a fused elementwise kernel that does this on operands of a type.
  func opcode(operand: DType) throws(TensorError) -> backprop_opcode {
    let float = operand == .float32
    switch self {
    case .unary(let kind): return try float ? kind.function.instruction : known(kind.function.integerInstruction)
    case .binary(let kind): return try float ? kind.function.instruction : known(kind.function.integerInstruction)
    case .select: return BACKPROP_SELECT
    case .cast(let dtype):
      return dtype == operand ? BACKPROP_COPY : float ? BACKPROP_FLOAT_TO_INT : BACKPROP_INT_TO_FLOAT
    default: throw TensorError("internal error: \(name) is not elementwise")
    }
  }

  private func known(_ instruction: backprop_opcode?) throws(TensorError) -> backprop_opcode {
    guard let instruction else { throw TensorError("\(name): not for int32") }
    return instruction
  }
}
