/// The axes in another order: axis i of the result is axis `order[i]`.
struct Permute: PrimitiveOperation {
  let order: [Int]
  var isRearrangement: Bool { true }

  func types(of operands: [TensorType]) throws(TensorError) -> [TensorType] {
    let (shape, dtype) = (operands[0].shape, operands[0].dtype)
    for axis in order where !shape.indices.contains(axis) { throw shape.noAxis(axis, for: name) }
    guard order.sorted() == Array(shape.indices) else {
      throw TensorError("permute: \(order) is not an order of the axes of \(shape), each of which is needed once")
    }
    return [TensorType(Shape(order.map { shape[$0] }), dtype)]
  }

  /// u with its axes in the order they had.
  func gradients(_ step: BackwardStep) -> [Tensor?] {
    [step.upstream.permuted(order.indices.map { axis in order.firstIndex(of: axis) ?? axis })]
  }

  func mapped(_ step: MappedStep) -> [Tensor]? { step.batched(Permute(order: [0] + order.map { $0 + 1 })) }

  func reference(_ operands: ReferenceOperands) -> HostArray {
    let strides = operands.shapes[0].rowMajorStrides
    return operands.arrays[0].gathering(offsets(operands.type.shape, order.map { strides[$0] }))
  }

  /// A permutation of a permutation is one.
  func rewritten(_ operands: [Int], in ir: inout IR) throws(TensorError) -> [Int]? {
    if order == Array(order.indices) { return operands }
    guard let (inner, source) = ir.producer(of: operands[0], as: Permute.self) else { return nil }
    return try ir.add(Permute(order: order.map { inner.order[$0] }), source)
  }

  func lower(_ instruction: IR.Instruction, in lowering: inout Lowering) throws(TensorError) {
    var view = try lowering.view(instruction.inputs[0])
    (view.shape, view.strides) = (Shape(order.map { view.shape[$0] }), order.map { view.strides[$0] })
    lowering.views[instruction.firstOutput] = view
  }
}

extension Tensor {
  /// The axes in another order: axis i of the result is axis `order[i]`; negative ones count from the end.
  public func permuted(_ order: [Int], file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    .record(Permute(order: order.map { shape.normalized($0) ?? $0 }), [self], CallSite(file, line))
  }

  /// The last two axes exchanged.
  public var transposed: Tensor {
    if failure != nil { return self }
    guard shape.rank >= 2 else { return .failed(TensorError("transposed: \(shape) has fewer than two axes")) }
    return permuted(Array(0..<(shape.rank - 2)) + [shape.rank - 1, shape.rank - 2])
  }

  /// Two axes exchanged; negative ones count from the end.
  public func transposed(_ first: Int, _ second: Int, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    checked(CallSite(file, line)) { () throws(TensorError) in
      var order = Array(shape.indices)
      order.swapAt(try shape.axis(first, for: "transposed"), try shape.axis(second, for: "transposed"))
      return permuted(order, file: file, line: line)
    }
  }
}
