import RealModule

/// Computes graphs with loops that anyone can check by eye, in any precision: what kernels and gradients are tested
/// against. Slow on purpose; shares no code with the compiler or the kernels.
struct ReferenceInterpreter<Scalar: Number> {
  /// The elements of a tensor in row-major order.
  enum HostArray: Equatable {
    case floats([Scalar])
    case ints([Int32])

    var floats: [Scalar] {
      switch self {
      case .floats(let values): values
      case .ints(let values): values.map { Scalar($0) }
      }
    }

    var ints: [Int32] {
      switch self {
      case .floats(let values): values.map(truncated)
      case .ints(let values): values
      }
    }
  }

  typealias Values = [ObjectIdentifier: [HostArray]]

  /// The values of these tensors. `feeding` replaces the values of nodes, in whatever precision this computes in.
  func evaluate(_ tensors: [Tensor], feeding: [ObjectIdentifier: [Scalar]] = [:]) throws(TensorError) -> [HostArray] {
    try evaluate(tensors, knowing: feeding.mapValues { [.floats($0)] })
  }

  private func evaluate(_ tensors: [Tensor], knowing known: Values) throws(TensorError) -> [HostArray] {
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

  private func value(of tensor: Tensor, in values: Values) throws(TensorError) -> HostArray {
    if let all = values[ObjectIdentifier(tensor.node)], all.indices.contains(tensor.output) {
      return all[tensor.output]
    }
    throw TensorError("\(tensor.node.op.name): the reference interpreter has no value for it")
  }

  private func results(of node: Node, _ inputs: [HostArray]) throws(TensorError) -> [HostArray] {
    switch node.leaf {
    case .failure(let error): throw error
    case .storage(let storage), .key(let storage): return [read(storage, node.types[0])]
    case .variable(let variable, let version):
      guard version == variable.version else {
        throw TensorError("\(variable.name) has been given new values since this was recorded")
      }
      return [Executor.shared.withLock { _ in read(variable.storage, node.types[0]) }]
    case .none: break
    }
    // Placeholders for the inputs end the walk through the definition.
    let standIns = node.inputs.map { Tensor(Node(.data($0.type), inputs: [], types: [$0.type])) }
    if let definition = node.op.definition(standIns) {
      var known: Values = [:]
      for (standIn, value) in zip(standIns, inputs) { known[ObjectIdentifier(standIn.node)] = [value] }
      return try evaluate(definition, knowing: known)
    }
    return [try primitive(node.op, inputs, node.inputs.map(\.shape), node.types[0])]
  }

  private func read(_ storage: Storage, _ type: TensorType) -> HostArray {
    switch type.dtype {
    case .float32: .floats(storage.floats(count: type.shape.elementCount).map { Scalar($0) })
    case .int32: .ints(storage.ints(count: type.shape.elementCount))
    }
  }

  /// The result of a primitive operation. `shapes` are the inputs'.
  private func primitive(_ op: Op, _ inputs: [HostArray], _ shapes: [Shape], _ type: TensorType) throws(TensorError)
    -> HostArray
  {
    let count = type.shape.elementCount
    /// Input `index`, repeated to the result's shape.
    func spread(_ index: Int) -> HostArray { broadcast(inputs[index], shapes[index], to: type.shape) }

    switch op {
    case .fill(let constant, _):
      return type.dtype == .int32
        ? .ints(Array(repeating: truncated(constant.value), count: count))
        : .floats(Array(repeating: Scalar(constant.value), count: count))
    case .iota(let shape, let axis):
      let strides = shape.indices.map { $0 == axis ? 1 : 0 }
      return .ints(offsets(shape, strides).map { Int32($0) })
    case .random(let distribution, _):
      return .floats(random(distribution, count: count, key: inputs[0].ints.map { UInt32(bitPattern: $0) }))

    case .unary(let kind):
      switch inputs[0] {
      case .ints(let x): return .ints(x.map { kind.function.value($0) })
      case .floats(let x): return .floats(x.map { kind.function.value($0) })
      }
    case .binary(let kind):
      switch (spread(0), spread(1)) {
      case (.ints(let a), .ints(let b)):
        if kind.function.isComparison {
          return .floats(zip(a, b).map { kind.function.value(Scalar($0), Scalar($1)) })
        }
        return .ints(zip(a, b).map { kind.function.value($0, $1) })
      case (let a, let b):
        return .floats(zip(a.floats, b.floats).map { kind.function.value($0, $1) })
      }
    case .select:
      let condition = spread(0).floats
      switch (spread(1), spread(2)) {
      case (.ints(let a), .ints(let b)):
        return .ints(condition.indices.map { condition[$0] != 0 ? a[$0] : b[$0] })
      case (let a, let b):
        let (a, b) = (a.floats, b.floats)
        return .floats(condition.indices.map { condition[$0] != 0 ? a[$0] : b[$0] })
      }
    case .cast(let dtype):
      return dtype == .int32 ? .ints(inputs[0].ints) : .floats(inputs[0].floats)
    case .stopGradient, .reshape:
      return inputs[0]

    case .permute(let order):
      let strides = shapes[0].rowMajorStrides
      return inputs[0].gathering(offsets(type.shape, order.map { strides[$0] }))
    case .broadcast:
      return spread(0)
    case .slice(let starts, _):
      let strides = shapes[0].rowMajorStrides
      let start = zip(starts, strides).reduce(0) { $0 + $1.0 * $1.1 }
      return inputs[0].gathering(offsets(type.shape, strides, from: start))
    case .pad(let before, _, let constant):
      return pad(inputs[0], shapes[0], before: before, constant.value, to: type.shape)
    case .concatenate(let axis):
      return concatenate(inputs, shapes, axis: axis, to: type.shape)

    case .reduce(let kind, let axes):
      return .floats(reduce(kind, inputs[0].floats, shapes[0], axes: axes, to: type.shape))
    case .argmax(let axis):
      return .ints(argmax(inputs[0].floats, shapes[0], axis: axis))
    case .gather:
      let (table, width) = (inputs[0].floats, shapes[0][1])
      return .floats(
        inputs[1].ints.flatMap { number in
          (0..<width).map { 0..<shapes[0][0] ~= Int(number) ? table[Int(number) * width + $0] : .nan }
        })
    case .scatterAdd(let rows):
      let (x, width) = (inputs[1].floats, type.shape[1])
      var sums = [Scalar](repeating: 0, count: count)
      for (row, number) in inputs[0].ints.enumerated() where 0..<rows ~= Int(number) {
        for column in 0..<width { sums[Int(number) * width + column] += x[row * width + column] }
      }
      return .floats(sums)
    case .replaceSlice(let axis):
      var values = inputs[0].floats
      let count = shapes[1][axis]
      let start = min(max(Int(inputs[2].ints[0]), 0), shapes[0][axis] - count)
      let strides = shapes[0].rowMajorStrides
      for (index, offset) in offsets(shapes[1], strides, from: start * strides[axis]).enumerated() {
        values[offset] = inputs[1].floats[index]
      }
      return .floats(values)
    case .matmul:
      return .floats(matmul(inputs[0].floats, shapes[0], inputs[1].floats, shapes[1], to: type.shape))
    case .unfold(let window, let outside):
      let x = inputs[0].floats
      return .floats(windowSources(shapes[0], window).map { $0.map { x[$0] } ?? Scalar(outside.value) })
    case .fold(let window, _, _):
      let y = inputs[0].floats
      var x = [Scalar](repeating: 0, count: count)
      for (index, source) in windowSources(type.shape, window).enumerated() {
        if let source { x[source] += y[index] }
      }
      return .floats(x)

    case .data, .variable, .failed, .convolution, .convolutionInputGradient, .convolutionWeightGradient, .maxPool,
      .maxPoolGradient, .averagePool, .averagePoolGradient, .batchNorm, .batchNormGradient, .softmax, .logSoftmax,
      .crossEntropy, .crossEntropyGradient, .layerNorm, .layerNormGradient, .recurrence, .recurrenceGradient,
      .attention,
      .attentionGradient:
      throw TensorError("\(op.name): the reference interpreter has no value for it")
    }
  }
}

/// Toward zero, to the nearest that fits; NaN becomes 0.
private func truncated<Scalar: BinaryFloatingPoint>(_ x: Scalar) -> Int32 {
  if x.isNaN { return 0 }
  if x >= 2_147_483_648 { return .max }
  if x <= -2_147_483_648 { return .min }
  return Int32(x)
}
