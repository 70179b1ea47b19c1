/// The elements in the opposite order along some axes.
struct Reverse: PrimitiveOperation {
  let axes: [Int]
  var isRearrangement: Bool { true }

  func types(of operands: [TensorType]) throws(TensorError) -> [TensorType] {
    for axis in axes where !operands[0].shape.indices.contains(axis) { throw operands[0].shape.noAxis(axis, for: name) }
    return operands
  }

  /// u in the opposite order.
  func gradients(_ step: BackwardStep) -> [Tensor?] { [step.upstream.reversed(axes: axes)] }

  func mapped(_ step: MappedStep) -> [Tensor]? { step.batched(Reverse(axes: axes.map { $0 + 1 })) }

  func reference(_ operands: ReferenceOperands) -> HostArray {
    let (start, strides) = reversed(operands.shapes[0], operands.shapes[0].rowMajorStrides)
    return operands.arrays[0].gathering(offsets(operands.shapes[0], strides, from: start))
  }

  func rewritten(_ operands: [Int], in ir: inout IR) -> [Int]? {
    let shape = ir.types[operands[0]].shape
    return axes.allSatisfy { shape[$0] <= 1 } ? operands : nil
  }

  /// A copy, since kernels other than fused ones take no negative strides.
  func lower(_ instruction: IR.Instruction, in lowering: inout Lowering) throws(TensorError) {
    let source = try lowering.view(instruction.inputs[0])
    let (start, strides) = reversed(source.shape, source.strides)
    let reversed = source.with(shape: source.shape, strides: strides, offset: source.offset + start)
    lowering.emitCopy(from: reversed, to: lowering.result(instruction.firstOutput))
  }

  /// Where the first element is, and the strides from there.
  private func reversed(_ shape: Shape, _ strides: [Int]) -> (start: Int, strides: [Int]) {
    let start = axes.reduce(0) { $0 + max(shape[$1] - 1, 0) * strides[$1] }
    return (start, shape.indices.map { axes.contains($0) ? -strides[$0] : strides[$0] })
  }
}

extension Tensor {
  /// The elements in the opposite order along these axes, or along all; negative ones count from the end.
  public func reversed(axes: [Int]? = nil, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    checked(CallSite(file, line)) { () throws(TensorError) in
      .record(Reverse(axes: try shape.axes(axes, for: "reverse")), [self], CallSite(file, line))
    }
  }
}
