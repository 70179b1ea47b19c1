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

extension Tensor {
  /// Values that are known.
  init(_ values: Storage, _ type: TensorType) { self.init(leaf: .storage(values), type) }
  /// A leaf without values, which definitions are recorded with.
  static func placeholder(_ type: TensorType) -> Tensor { Tensor(leaf: .none, type) }
  /// A leaf whose values come from there.
  init(leaf: Node.Leaf, _ type: TensorType) {
    self.init(Node(Values(type: type), inputs: [], types: [type], leaf: leaf))
  }
}
