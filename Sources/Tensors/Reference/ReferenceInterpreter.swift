/// Computes graphs with loops that anyone can check by eye, in double precision: what kernels and gradients are tested
/// against. Slow on purpose; shares no code with the compiler or the kernels.
struct ReferenceInterpreter {
  /// Whether results are rounded to single precision, to see how much rounding errors grow.
  var rounds = false

  private typealias KnownValues = [ObjectIdentifier: [HostArray]]

  /// The values of these tensors. `feeding` replaces the values of nodes.
  func evaluate(_ tensors: [Tensor], feeding: [ObjectIdentifier: [Double]] = [:]) throws(TensorError) -> [HostArray] {
    try evaluate(tensors, knowing: feeding.mapValues { [.floats($0)] })
  }

  private func evaluate(_ tensors: [Tensor], knowing known: KnownValues) throws(TensorError) -> [HostArray] {
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
      return [Executor.using(variable) { read(storage, node.types[0]) }]
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
    func elements<Element: BitwiseCopyable>(_: Element.Type) -> [Element] {
      storage.elements(count: type.shape.elementCount)
    }
    func whole(_ type: (some FixedWidthInteger & BitwiseCopyable).Type) -> HostArray {
      .ints(elements(type).map { Int64($0) })
    }
    return switch type.dtype {
    case .float32: .floats(elements(Float.self).map { Double($0) })
    case .float64: .floats(elements(Double.self))
    case .bfloat16: .floats(elements(UInt16.self).map { Double(DType.bfloat16($0)) })
    case .float16: .floats(elements(UInt16.self).map { Double(DType.float16($0)) })
    case .bool: whole(UInt8.self)
    case .int8, .uint8, .int32, .int64: whole(type.dtype.whole)
    }
  }
}

extension HostArray {
  fileprivate var rounded: HostArray {
    if case .floats(let values) = self { .floats(values.map { Double(Float($0)) }) } else { self }
  }
}
