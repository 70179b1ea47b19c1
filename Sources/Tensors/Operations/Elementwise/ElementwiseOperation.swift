import CKernels

/// An operation that fused kernels compute, by one of their instructions.
protocol ElementwiseOperation: PrimitiveOperation {
  func instruction(for operand: DType) throws(TensorError) -> backprop_opcode
  /// Whether it is less work than to fetch the operands, so that a large result is computed again rather than stored.
  var isCheap: Bool { get }
}

extension ElementwiseOperation {
  var elementwise: (any ElementwiseOperation)? { self }

  func lower(_ instruction: IR.Instruction, in lowering: inout Lowering) throws(TensorError) {
    throw TensorError("internal error: \(name) is not lowered alone")
  }

  func known(_ instruction: backprop_opcode?) throws(TensorError) -> backprop_opcode {
    guard let instruction else { throw TensorError("\(name): not for int32") }
    return instruction
  }
}
