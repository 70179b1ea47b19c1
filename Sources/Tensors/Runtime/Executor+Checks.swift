extension Executor {
  /// Throws where a variable is assigned two values at once: one of them would be lost.
  static func checkAssignments(_ assignments: [(Variable, Tensor)]) throws(TensorError) {
    var seen = Set<ObjectIdentifier>()
    for (variable, _) in assignments where !seen.insert(ObjectIdentifier(variable)).inserted {
      throw TensorError("\(variable.name) is assigned twice in one evaluation; give it one value")
    }
  }

  /// The largest intermediate result of these tensors, for messages: `subtract, float32 [2000, 2000]`.
  static func largestResult(of tensors: [Tensor]) -> String {
    func size(_ type: TensorType) -> Int { type.shape.elementCount }
    let results = nodesReachable(from: tensors).flatMap { node in node.types.map { (node.op.name, $0) } }
    guard let (name, type) = results.max(by: { size($0.1) < size($1.1) }) else { return "nothing" }
    return "\(name), \(type)"
  }
}
