/// The same values; no gradient passes.
struct StopGradient: PrimitiveOperation {
  func types(of operands: [TensorType]) -> [TensorType] { operands }
  func gradients(_ step: BackwardStep) -> [Tensor?] { [nil] }
  func reference<Scalar: Number>(_ operands: ReferenceOperands<Scalar>) -> HostArray<Scalar> { operands.arrays[0] }
  func simplified(_ operands: [Int], in ir: IR) -> Int? { operands[0] }
  func lower(_ instruction: IR.Instruction, in lowering: inout Lowering) throws(TensorError) {
    lowering.views[instruction.firstOutput] = try lowering.view(instruction.inputs[0])
  }
}

extension Tensor {
  /// The same values, taken as constants by derivatives.
  public func stoppingGradient() -> Tensor { .record(StopGradient(), [self]) }
}
