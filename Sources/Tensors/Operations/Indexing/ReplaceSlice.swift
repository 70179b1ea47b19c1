import CKernels

/// A tensor with a block written over it from a position of an axis on, which is clamped so that the block fits.
///
/// operands: x, block, position int32 [] → the type of x
struct ReplaceSlice: PrimitiveOperation {
  let axis: Int

  func types(of operands: [TensorType]) throws(TensorError) -> [TensorType] {
    let (x, block) = (operands[0], operands[1])
    guard x.shape.indices.contains(axis) else { throw x.shape.noAxis(axis, for: name) }
    guard block.dtype == x.dtype,
      block.shape.rank == x.shape.rank, operands[2] == TensorType([], .int32),
      x.shape.indices.allSatisfy({ $0 == axis ? block.shape[$0] <= x.shape[$0] : block.shape[$0] == x.shape[$0] })
    else { throw TensorError("replaceSlice: \(block) at \(operands[2]) does not fit into \(x) along axis \(axis)") }
    return [x]
  }

  func gradients(_ step: BackwardStep) throws(TensorError) -> [Tensor?] {
    throw TensorError("replaceSlice has no derivative: it is meant for caches, in use")
  }

  func mapped(_ step: MappedStep) -> [Tensor]? {
    step.isMapped[2]
      ? nil : [.record(ReplaceSlice(axis: axis + 1), [step.batched(0), step.batched(1), step.operands[2]])]
  }

  func reference(_ operands: ReferenceOperands) -> HostArray {
    let (whole, block) = (operands.shapes[0], operands.shapes[1])
    let start = min(max(Int(operands.arrays[2].ints[0]), 0), whole[axis] - block[axis])
    let strides = whole.rowMajorStrides
    return operands.arrays[0].putting(operands.arrays[1], at: offsets(block, strides, from: start * strides[axis]))
  }

  /// In place where a variable is assigned its own value with a slice replaced.
  func lower(_ instruction: IR.Instruction, in lowering: inout Lowering) throws(TensorError) {
    let inputs = instruction.inputs
    let (source, block) = (try lowering.view(inputs[0]), try lowering.contiguous(inputs[1]))
    let position = try lowering.contiguous(inputs[2])
    let isInPlace = lowering.isReplacedInPlace(inputs[0], by: instruction.firstOutput, source)
    if isInPlace { lowering.forgetCopies(of: source.buffer) }
    let target = isInPlace ? source : lowering.copy(source)
    lowering.views[instruction.firstOutput] = target
    let sizes = source.shape.dimensions
    let (outer, inner) = (sizes[..<axis].reduce(1, *), sizes[(axis + 1)...].reduce(1, *))
    let kernel = ReplaceSliceKernel(
      type: target.dtype, outer: outer, size: sizes[axis], count: block.shape[axis], inner: inner)
    lowering.emit(kernel, [block, position], [target])
  }
}

private struct ReplaceSliceKernel: PlainKernel {
  let type: DType
  let outer: Int, size: Int, count: Int, inner: Int

  var title: String { "replace \(count) of \([outer, size, inner])\(type.suffix)" }
  var cost: Cost { Cost(bytes: 2 * outer * count * inner * type.byteCount) }

  func run(_ operands: KernelOperands) {
    let (outer, size, count, inner) = (Int64(outer), Int64(size), Int64(count), Int64(inner))
    if type.byteCount == 4 {
      backprop_replace_slice(outer, size, count, inner, operands[0], operands.ints(1), operands[2])
    } else {
      backprop_plain_replace_slice(
        Int64(type.byteCount), outer, size, count, inner, operands.start[0], operands.ints(1), operands.start[2])
    }
  }
}

extension Tensor {
  /// This tensor with `block` written over it from `position` (int32 []) of the axis on, such as a cache that a step
  /// appends to. The position changes without a new plan; it is clamped so that the block fits. No gradient passes.
  public func replacing(
    axis: Int, at position: Tensor, with block: Tensor, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    .record(ReplaceSlice(axis: shape.normalized(axis) ?? axis), [self, block, position], CallSite(file, line))
  }
}
