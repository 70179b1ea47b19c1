/// An assignment to a variable of its own values with some rows replaced, and what to compute with it so that the values
/// before it can be had again: the rows' numbers and what they were. That costs what the rows do, and not a copy of the
/// table for a step's graph, which whoever takes the step still holds and hardly ever reads.
struct RowChange {
  let variable: Variable
  /// int32 [n], −1 for none, and [n, width].
  let tensors: [Tensor]
  private let values: Storage

  /// `nil` for another assignment.
  init?(_ variable: Variable, of tensor: Tensor) {
    guard case .variable(let own, let values) = tensor.node.inputs.first?.node.leaf, own === variable,
      let found = tensor.node.op.replacedRows(tensor.node.inputs)
    else { return nil }
    (self.variable, self.values) = (variable, values)
    tensors = [found.numbers, found.rows]
  }

  /// Whether the rows are replaced in the values that the variable has now. The runtime's lock is held.
  var isOfCurrentValues: Bool { variable.holds(values) }
}
