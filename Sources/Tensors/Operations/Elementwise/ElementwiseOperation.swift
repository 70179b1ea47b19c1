import CKernels

/// An operation that computes each element from those at the same position: by an instruction of fused kernels where the
/// types have one, otherwise by a plain kernel of its own.
protocol ElementwiseOperation: PrimitiveOperation {
  /// The instruction for operands of these types; `nil`: there is none.
  func instruction(for operands: [DType]) -> backprop_opcode?
  /// Whether it is less work than to fetch the operands, so that a large result is computed again rather than stored.
  var isCheap: Bool { get }
}

extension ElementwiseOperation {
  var elementwise: (any ElementwiseOperation)? { self }
  func mapped(_ step: MappedStep) -> [Tensor]? { step.aligned(self) }
}

/// An operation that applies a function: equal where the function is the same.
protocol FunctionOperation: ElementwiseOperation {
  var applied: any ElementwiseFunction.Type { get }
}

extension FunctionOperation {
  var name: String { applied.name }
  var isCheap: Bool { applied.isCheap }
  static func == (a: Self, b: Self) -> Bool { a.applied == b.applied }
  func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(applied)) }

  func instruction(for operands: [DType]) -> backprop_opcode? {
    operands[0] == .float32 ? applied.instruction : operands[0] == .int32 ? applied.integerInstruction : nil
  }

  func lower(_ instruction: IR.Instruction, in lowering: inout Lowering) throws(TensorError) {
    try lowering.emitPlain(.instruction(applied.instruction), instruction)
  }
}
