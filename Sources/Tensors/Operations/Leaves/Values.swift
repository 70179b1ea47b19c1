/// Values that were known when it was recorded.
struct Values: LeafOperation {
  let type: TensorType
  var name: String { "data" }
  func types(of operands: [TensorType]) -> [TensorType] { [type] }
  func lower(_ instruction: IR.Instruction, in lowering: inout Lowering) { lowering.bindSource(instruction) }
}

/// The values of a variable at the time the plan runs.
struct VariableValues: LeafOperation {
  let type: TensorType
  var name: String { "variable" }
  var isVariable: Bool { true }
  func types(of operands: [TensorType]) -> [TensorType] { [type] }
  func lower(_ instruction: IR.Instruction, in lowering: inout Lowering) { lowering.bindSource(instruction) }
}

/// An invalid operation; the node holds the error.
struct Failed: LeafOperation {
  func types(of operands: [TensorType]) -> [TensorType] { [TensorType([])] }
  func lower(_ instruction: IR.Instruction, in lowering: inout Lowering) throws(TensorError) {
    throw TensorError("internal error: a failed operation is not lowered")
  }
}
