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

  func mapped(_ step: MappedStep) -> [Tensor]? { step.batched(Reshape(shape: Shape([step.count] + shape.dimensions))) }

  func reference(_ operands: ReferenceOperands) -> HostArray { operands.arrays[0] }

  func rewritten(_ operands: [Int], in ir: inout IR) throws(TensorError) -> [Int]? {
    if ir.types[operands[0]].shape == shape { return operands }
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
    checked(CallSite(file, line)) { () throws(TensorError) in
      // From behind the last axis on there are none, whose product is 1.
      let axis = axis == shape.rank ? axis : try shape.axis(axis, for: "flattened")
      let kept = shape.dimensions.prefix(axis)
      return reshaped(to: Shape(kept + [shape.dimensions.dropFirst(axis).reduce(1, *)]), file: file, line: line)
    }
  }

  /// With a new axis of size 1, which is axis `axis` of the result; a negative one counts from the end of the result's
  /// axes, so that -1 adds a last one.
  public func unsqueezed(axis: Int, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    checked(CallSite(file, line)) { () throws(TensorError) in
      var sizes = shape.dimensions
      sizes.insert(1, at: try shape.axis(axis, for: "unsqueezed", added: 1))
      return reshaped(to: Shape(sizes), file: file, line: line)
    }
  }

  /// Without these axes, which must have size 1, or without all that have; negative ones count from the end.
  ///
  /// An axis of another size is an error, so that a shape that is not what was expected is noticed.
  public func squeezed(axes: [Int]? = nil, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    checked(CallSite(file, line)) { () throws(TensorError) in
      let removed = try shape.axes(axes ?? shape.indices.filter { shape[$0] == 1 }, for: "squeezed")
      for axis in removed where shape[axis] != 1 {
        throw TensorError("squeezed: axis \(axis) of \(shape) has size \(shape[axis]), and only size 1 can be removed")
      }
      return reshaped(
        to: Shape(shape.indices.filter { !removed.contains($0) }.map { shape[$0] }), file: file, line: line)
    }
  }
}
