/// The same elements in row-major order under another shape.
struct Reshape: PrimitiveOperation {
  let shape: Shape
  var isRearrangement: Bool { true }

  func types(of operands: [TensorType]) throws(TensorError) -> [TensorType] {
    guard shape.elementCount == operands[0].shape.elementCount else {
      throw TensorError(
        "reshape: \(operands[0].shape) has \(operands[0].shape.elementCount) elements, \(shape) has \(shape.elementCount)"
      )
    }
    return [TensorType(shape, operands[0].dtype)]
  }

  func gradients(_ step: BackwardStep) -> [Tensor?] { [step.upstream.reshaped(to: step.operands[0].shape)] }

  func reference<Scalar: Number>(_ operands: ReferenceOperands<Scalar>) -> HostArray<Scalar> { operands.arrays[0] }

  func simplified(_ operands: [Int], in ir: IR) -> Int? { ir.types[operands[0]].shape == shape ? operands[0] : nil }

  func rewritten(_ operands: [Int], in ir: inout IR) throws(TensorError) -> [Int]? {
    let producer = ir.instruction(of: operands[0])
    return try producer.op.reshaped(producer.inputs, to: shape, in: &ir)
  }

  func reshaped(_ operands: [Int], to shape: Shape, in ir: inout IR) throws(TensorError) -> [Int]? {
    try ir.add(Reshape(shape: shape), operands)
  }

  func lower(_ instruction: IR.Instruction, in lowering: inout Lowering) throws(TensorError) {
    let source = try lowering.view(instruction.inputs[0])
    let dense = source.reshaped(to: shape) == nil ? lowering.rowMajor(source) : source
    lowering.views[instruction.firstOutput] = dense.reshaped(to: shape)
  }
}

extension Tensor {
  /// The same elements in row-major order under another shape; at most one size may be −1 and is then inferred.
  public func reshaped(to shape: Shape, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    if failure != nil || shape == self.shape { return self }
    var shape = shape
    if let open = shape.firstIndex(of: -1) {
      let known = Shape(shape.dimensions.enumerated().filter { $0.offset != open }.map(\.element)).elementCount
      shape.dimensions[open] = known > 0 ? self.shape.elementCount / known : 0
    }
    if let flaw = shape.flaw { return .failed(TensorError("reshape: \(flaw)", callSite: CallSite(file, line))) }
    return .record(Reshape(shape: shape), [self], CallSite(file, line))
  }

  /// All axes from `axis` on as one; a negative axis counts from the end.
  public func flattened(from axis: Int = 0, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    if failure != nil { return self }
    guard let axis = axis == shape.rank ? axis : shape.normalized(axis) else {
      return .failed(TensorError("flattened: \(shape) has no axis \(axis)", callSite: CallSite(file, line)))
    }
    let kept = shape.dimensions.prefix(axis)
    return reshaped(to: Shape(kept + [shape.dimensions.dropFirst(axis).reduce(1, *)]), file: file, line: line)
  }
}
