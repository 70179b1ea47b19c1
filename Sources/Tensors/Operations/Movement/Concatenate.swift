/// Tensors joined along an axis.
struct Concatenate: PrimitiveOperation {
  let axis: Int

  func types(of operands: [TensorType]) throws(TensorError) -> [TensorType] {
    guard let first = operands.first else { throw TensorError("concatenate: needs at least one tensor") }
    guard first.shape.indices.contains(axis) else { throw first.shape.noAxis(axis, for: name) }
    var shape = first.shape
    for other in operands.dropFirst() {
      guard other.dtype == first.dtype else {
        throw wrongType(operands, needs: "tensors of one type", hint: "use cast(to:)")
      }
      guard other.shape.rank == shape.rank, shape.indices.allSatisfy({ $0 == axis || shape[$0] == other.shape[$0] })
      else { throw TensorError("concatenate: \(first.shape) and \(other.shape) differ on an axis other than \(axis)") }
      shape.dimensions[axis] = shape[axis].plus(other.shape[axis])
    }
    return [TensorType(shape, first.dtype)]
  }

  /// The parts of u.
  func gradients(_ step: BackwardStep) -> [Tensor?] {
    step.upstream.split(sizes: step.operands.map { $0.shape[axis] }, axis: axis)
  }

  func mapped(_ step: MappedStep) -> [Tensor]? { step.batched(Concatenate(axis: axis + 1)) }

  func reference(_ operands: ReferenceOperands) -> HostArray {
    let type = operands.type
    let strides = type.shape.rowMajorStrides
    var whole = HostArray.repeated(0, count: type.shape.elementCount, type.dtype)
    var start = 0
    for (part, shape) in zip(operands.arrays, operands.shapes) {
      whole = whole.putting(part, at: offsets(shape, strides, from: start * strides[axis]))
      start += shape[axis]
    }
    return whole
  }

  func rewritten(_ operands: [Int], in ir: inout IR) -> [Int]? { operands.count == 1 ? operands : nil }

  /// The step that computes a value writes it directly into its part of the result if nothing else uses the value;
  /// otherwise it is copied there.
  func lower(_ instruction: IR.Instruction, in lowering: inout Lowering) throws(TensorError) {
    let target = lowering.result(instruction.firstOutput)
    var starts = [Int](repeating: 0, count: target.shape.rank)
    for input in instruction.inputs {
      let source = try lowering.view(input)
      let part = target.box(starts, source.shape)
      if !lowering.redirect(source, to: part) { lowering.emitCopy(from: source, to: part) }
      starts[axis] += source.shape[axis]
    }
  }

  /// The parts of a value that was joined along this axis, or the value.
  static func parts(of value: Int, _ axis: Int, _ ir: IR) -> [Int] {
    ir.operands(of: value, from: Concatenate(axis: axis)) ?? [value]
  }
}

extension Tensor {
  /// Joined along an axis; a negative one counts from the end.
  public static func concatenated(_ tensors: [Tensor], axis: Int, file: StaticString = #fileID, line: UInt = #line)
    -> Tensor
  {
    let shape = tensors.first?.shape ?? []
    return .record(Concatenate(axis: shape.normalized(axis) ?? axis), tensors, CallSite(file, line))
  }

  /// Tensors of one shape joined along a new axis, whose size is their number; a negative one counts from the end of the
  /// result's axes.
  public static func stacked(
    _ tensors: [Tensor], axis: Int = 0, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    if let failed = tensors.first(where: { $0.failure != nil }) { return failed }
    return .checked(CallSite(file, line)) { () throws(TensorError) in
      guard let first = tensors.first else { throw TensorError("stacked: needs at least one tensor") }
      if let other = tensors.first(where: { $0.shape != first.shape }) {
        throw TensorError("stacked: the shapes must be equal, not \(first.shape) and \(other.shape)")
      }
      let axis = try first.shape.axis(axis, for: "stacked", added: 1)
      return concatenated(tensors.map { $0.unsqueezed(axis: axis) }, axis: axis, file: file, line: line)
    }
  }
}
