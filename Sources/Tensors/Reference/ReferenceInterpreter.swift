import RealModule

/// Computes graphs with loops that anyone can check by eye, in any precision: what kernels and gradients are tested
/// against. Slow on purpose; shares no code with the compiler or the kernels.
struct ReferenceInterpreter<Scalar: Number> {
  typealias HostArray = Tensors.HostArray<Scalar>
  typealias KnownValues = [ObjectIdentifier: [HostArray]]
  /// The values of these tensors. `feeding` replaces the values of nodes, in whatever precision this computes in.
  func evaluate(_ tensors: [Tensor], feeding: [ObjectIdentifier: [Scalar]] = [:]) throws(TensorError) -> [HostArray] {
    try evaluate(tensors, knowing: feeding.mapValues { [.floats($0)] })
  }

  private func evaluate(_ tensors: [Tensor], knowing known: KnownValues) throws(TensorError)
    -> [HostArray]
  {
    var values = known
    let nodes = nodesReachable(from: tensors) { known[ObjectIdentifier($0)] == nil }
    for node in nodes where known[ObjectIdentifier(node)] == nil {
      if let failure = node.failure { throw failure }
      var inputs: [HostArray] = []
      for tensor in node.inputs { inputs.append(try value(of: tensor, in: values)) }
      values[ObjectIdentifier(node)] = try results(of: node, inputs)
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
      return [op.reference(inPrecisionOf: operands).wrapped(to: node.types[0].dtype)]
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
    case .float32: .floats(elements(Float.self).map { Scalar($0) })
    case .float64: .floats(elements(Double.self).map { Scalar($0) })
    case .bfloat16: .floats(elements(UInt16.self).map { Scalar(DType.bfloat16($0)) })
    case .float16: .floats(elements(UInt16.self).map { Scalar(DType.float16($0)) })
    case .bool: whole(UInt8.self)
    case .int8, .uint8, .int32, .int64: whole(type.dtype.whole)
    }
  }
}

extension PrimitiveOperation {
  /// By the form that is compiled for the precision.
  fileprivate func reference<Scalar: Number>(inPrecisionOf operands: ReferenceOperands<Scalar>) -> HostArray<Scalar> {
    if let operands = operands as? ReferenceOperands<Double>,
      let result = reference(inDouble: operands) as? HostArray<Scalar>
    {
      return result
    }
    if let operands = operands as? ReferenceOperands<Float>,
      let result = reference(inFloat: operands) as? HostArray<Scalar>
    {
      return result
    }
    return reference(operands)
  }
}
