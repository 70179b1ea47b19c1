import CKernels

/// The position of the first greatest element along an axis, which is removed; int32.
struct Argmax: PrimitiveOperation {
  let axis: Int

  func types(of operands: [TensorType]) throws(TensorError) -> [TensorType] {
    guard operands[0].dtype == .float32 else { throw wrongType(operands, needs: "float32") }
    var shape = operands[0].shape
    guard shape.indices.contains(axis) else { throw shape.noAxis(axis, for: name) }
    guard shape[axis] > 0 else { throw TensorError("argmax: axis \(axis) of \(shape) is empty and has no maximum") }
    shape.dimensions.remove(at: axis)
    return [TensorType(shape, .int32)]
  }

  func gradients(_ step: BackwardStep) throws(TensorError) -> [Tensor?] {
    throw TensorError("argmax has no derivative: its result is a position")
  }

  func reference<Scalar: Number>(_ operands: ReferenceOperands<Scalar>) -> HostArray<Scalar> {
    let (x, shape) = (operands.arrays[0].floats, operands.shapes[0])
    let strides = shape.rowMajorStrides
    var rest = shape
    rest.dimensions[axis] = 1
    return .ints(
      offsets(rest, strides).map { start in
        var best = 0
        for index in 0..<shape[axis] {
          let (value, greatest) = (x[start + index * strides[axis]], x[start + best * strides[axis]])
          if value > greatest || (value.isNaN && !greatest.isNaN) { best = index }
        }
        return Int32(best)
      })
  }

  func lower(_ instruction: IR.Instruction, in lowering: inout Lowering) throws(TensorError) {
    let sizes = lowering.ir.types[instruction.inputs[0]].shape.dimensions
    let kernel = ArgmaxKernel(
      outer: sizes[..<axis].reduce(1, *), count: sizes[axis], inner: sizes[(axis + 1)...].reduce(1, *))
    lowering.emit(kernel, [try lowering.contiguous(instruction.inputs[0])], instruction)
  }
}

private struct ArgmaxKernel: PlainKernel {
  let outer: Int, count: Int, inner: Int

  var title: String { "argmax \([outer, count, inner])" }
  var cost: Cost { Cost(flops: outer * count * inner, elements: outer * (count + 1) * inner) }
  var threading: Threading { .bySize(cost) }

  func run(_ operands: KernelOperands) {
    backprop_argmax(Int64(outer), Int64(count), Int64(inner), operands[0], operands.ints(1))
  }
}

extension Tensor {
  /// The position of the first greatest element along an axis, as int32; the axis is removed.
  public func argmax(axis: Int = -1, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    .record(Argmax(axis: shape.normalized(axis) ?? axis), [self], CallSite(file, line))
  }
}
