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
}
