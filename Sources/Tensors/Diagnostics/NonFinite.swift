/// The origin of a value that is not finite.
package struct NonFiniteOrigin: Hashable, Sendable {
  package enum Source: Hashable, Sendable {
    /// An operation produced it from finite values; the operation's name.
    case operation(String)
    /// It was in a variable before; the variable's name.
    case variable(String)
    /// It was in the data.
    case data
    /// A label that is not a class, or an index outside a table: its value, its position in row-major order and how
    /// many classes or rows there are.
    case index(Int32, position: Int, count: Int, isLabel: Bool)
  }

  package var source: Source
  package var shape: Shape
  /// Not a number, rather than infinite.
  package var isNaN: Bool
  /// The operation's position in the order of recording.
  package var position: Int
  /// The index of the tensor that was checked.
  package var index: Int
}
/// How many operations have been recorded: those recorded from now on have greater positions.
package var recordingPosition: Int { Node.latestNumber }

/// The origin of the non-finite values of the first of these tensors that has any; `nil` where all are finite.
///
/// Computes every operation by itself, in the order of recording, and stores a result as long as something needs it:
/// slow, and meant for diagnosis. Infinite constants (masks) are no origin unless nothing else is.
package func firstNonFinite(of tensors: [Tensor]) throws(TensorError) -> NonFiniteOrigin? {
  let nodes = nodesReachable(from: tensors)
  let flaws = try findFlaws(nodes, keeping: Set(tensors.map { ObjectIdentifier($0.node) }))
  func flaw(_ tensor: Tensor) -> Flaw { flaws[ObjectIdentifier(tensor.node)] ?? .none }

  // Of several, the one that was recorded first.
  guard
    let index = tensors.indices.filter({ flaw(tensors[$0]) != .none }).min(by: {
      tensors[$0].node.number < tensors[$1].node.number
    })
  else { return nil }
  var tensor = tensors[index]
  // Backwards along what is not finite. Inputs have smaller numbers, so this ends.
  while let worst = tensor.node.inputs.filter({ flaw($0) != .none && $0.node.op.constant == nil })
    .min(by: { (flaw($1).rawValue, $0.node.number) < (flaw($0).rawValue, $1.node.number) })
  {
    tensor = worst
  }
  let source: NonFiniteOrigin.Source =
    switch tensor.node.leaf {
    case .variable(let variable, _): .variable(variable.name)
    case .storage, .key: .data
    case .none, .failure: try wrongIndex(of: tensor.node) ?? .operation(tensor.node.op.name)
    }
  return NonFiniteOrigin(
    source: source, shape: tensor.shape, isNaN: flaw(tensor) == .notANumber, position: tensor.node.number, index: index)
}
/// The first index out of range that an operation was given, which gives NaN.
private func wrongIndex(of node: Node) throws(TensorError) -> NonFiniteOrigin.Source? {
  guard let operand = node.op.indices else { return nil }
  let count = node.inputs[0].shape[operand.axis]
  let indices = try node.inputs[operand.operand].values(as: Int32.self)
  guard let position = indices.firstIndex(where: { $0 < 0 || $0 >= count }) else { return nil }
  return .index(indices[position], position: position, count: count, isLabel: operand.isLabel)
}

private enum Flaw: Int { case none, infinite, notANumber }

private func flaw(of values: [some BinaryFloatingPoint]) -> Flaw {
  values.contains(where: \.isNaN) ? .notANumber : values.allSatisfy(\.isFinite) ? .none : .infinite
}

/// What is wrong with the results of each node.
private func findFlaws(_ nodes: [Node], keeping kept: Set<ObjectIdentifier>) throws(TensorError)
  -> [ObjectIdentifier: Flaw]
{
  var lastUse: [ObjectIdentifier: Int] = [:]
  for (place, node) in nodes.enumerated() {
    for input in node.inputs { lastUse[ObjectIdentifier(input.node)] = place }
  }
  var computed = Set<ObjectIdentifier>()
  var flaws: [ObjectIdentifier: Flaw] = [:]
  for (place, node) in nodes.enumerated() {
    let id = ObjectIdentifier(node)
    let results = node.types.indices.map { Tensor(node, output: $0) }
    if Executor.shared.withLock({ _ in node.results.isEmpty }), !kept.contains(id) { computed.insert(id) }
    try evaluate(results)
    for result in results where result.dtype.isFloatingPoint {
      let isDouble = result.dtype == .float64
      let flaw = isDouble ? flaw(of: try result.values(as: Double.self)) : flaw(of: try result.values())
      if flaw.rawValue > (flaws[id] ?? .none).rawValue { flaws[id] = flaw }
    }
    for input in node.inputs {
      let used = ObjectIdentifier(input.node)
      guard lastUse[used] == place, computed.contains(used) else { continue }
      Executor.shared.withLock { _ in input.node.results = [] }
    }
  }
  return flaws
}
