/// Computes graphs with loops that anyone can check by eye, in double precision: what kernels and gradients are tested
/// against. Slow on purpose; shares no code with the compiler or the kernels.
struct ReferenceInterpreter {
  /// Whether results are rounded to single precision, to see how much rounding errors grow.
  var rounds = false

  typealias KnownValues = [ObjectIdentifier: [HostArray]]

  /// The values of these tensors. `known`: the results of nodes that are not computed.
  func evaluate(_ tensors: [Tensor], knowing known: KnownValues = [:]) throws(TensorError) -> [HostArray] {
    var values = known
    let nodes = nodesReachable(from: tensors) { known[ObjectIdentifier($0)] == nil }
    for node in nodes where known[ObjectIdentifier(node)] == nil {
      if let failure = node.failure { throw failure }
      var inputs: [HostArray] = []
      for tensor in node.inputs { inputs.append(try value(of: tensor, in: values)) }
      values[ObjectIdentifier(node)] = try results(of: node, inputs).map { rounds ? $0.rounded : $0 }
    }
    var found: [HostArray] = []
    for tensor in tensors { found.append(try value(of: tensor, in: values)) }
    return found
  }

  private func value(of tensor: Tensor, in values: KnownValues) throws(TensorError) -> HostArray {
    if let all = values[ObjectIdentifier(tensor.node)], all.indices.contains(tensor.output) {
      return all[tensor.output]
    }
    throw TensorError("\(tensor.node.op.name): the reference interpreter has no value for it")
  }

  private func results(of node: Node, _ inputs: [HostArray]) throws(TensorError) -> [HostArray] {
    switch node.leaf {
    case .failure(let error): throw error
    case .storage(let storage), .key(let storage): return [read(storage, node.types[0])]
    case .variable(let variable, let storage):
      return [Executor.using(variable) { read(variable.storage(of: storage), node.types[0]) }]
    case .none: break
    }
    switch node.op.meaning {
    case .leaf: throw TensorError("\(node.op.name): the reference interpreter has no value for it")
    case .primitive(let op):
      let operands = ReferenceOperands(arrays: inputs, shapes: node.inputs.map(\.shape), type: node.types[0])
      return [op.reference(operands).wrapped(to: node.types[0].dtype)]
    case .composite(let op):
      // Placeholders for the inputs end the walk through the definition.
      let standIns = node.inputs.map { Tensor.placeholder($0.type) }
      var known: KnownValues = [:]
      for (standIn, value) in zip(standIns, inputs) { known[ObjectIdentifier(standIn.node)] = [value] }
      return try evaluate(op.definition(standIns), knowing: known)
    }
  }

  private func read(_ storage: Storage, _ type: TensorType) -> HostArray {
    let count = type.shape.elementCount
    return type.dtype.isFloatingPoint
      ? .floats(storage.converted(from: type.dtype, count: count))
      : .ints(storage.converted(from: type.dtype, count: count))
  }
}

extension HostArray {
  fileprivate var rounded: HostArray {
    if case .floats(let values) = self { .floats(values.map { Double(Float($0)) }) } else { self }
  }
}
