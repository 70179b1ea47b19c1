import CKernels

/// The position of the first greatest element along an axis, which is removed; int32.
struct Argmax: PrimitiveOperation {
  let axis: Int

  func types(of operands: [TensorType]) throws(TensorError) -> [TensorType] {
    guard operands[0].dtype.hasArithmetic else { throw needsArithmetic(operands, integers: true) }
    var shape = operands[0].shape
    guard shape.indices.contains(axis) else { throw shape.noAxis(axis, for: name) }
    guard shape[axis] > 0 else { throw TensorError("argmax: axis \(axis) of \(shape) is empty and has no maximum") }
    shape.dimensions.remove(at: axis)
    return [TensorType(shape, .int32)]
  }

  func gradients(_ step: BackwardStep) throws(TensorError) -> [Tensor?] {
    throw TensorError("argmax has no derivative: its result is a position")
  }

  func mapped(_ step: MappedStep) -> [Tensor]? { step.batched(Argmax(axis: axis + 1)) }

  func reference(_ operands: ReferenceOperands) -> HostArray {
    let shape = operands.shapes[0]
    return switch operands.arrays[0] {
    case .floats(let x): .ints(positions(x, shape) { $0 > $1 || $0.isNaN && !$1.isNaN })
    case .ints(let x): .ints(positions(x, shape, >))
    }
  }

  private func positions<Element>(
    _ x: [Element], _ shape: Shape, _ isGreater: (Element, Element) -> Bool
  ) -> [Int64] {
    let strides = shape.rowMajorStrides
    var rest = shape
    rest.dimensions[axis] = 1
    return offsets(rest, strides).map { start in
      var best = 0
      for index in 0..<shape[axis]
      where isGreater(x[start + index * strides[axis]], x[start + best * strides[axis]]) { best = index }
      return Int64(best)
    }
  }

  func lower(_ instruction: IR.Instruction, in lowering: inout Lowering) throws(TensorError) {
    let type = lowering.ir.types[instruction.inputs[0]]
    let sizes = type.shape.dimensions
    let kernel = ArgmaxKernel(
      type: type.dtype, outer: sizes[..<axis].reduce(1, *), count: sizes[axis], inner: sizes[(axis + 1)...].reduce(1, *)
    )
    lowering.emit(kernel, [try lowering.contiguous(instruction.inputs[0])], instruction)
  }
}

private struct ArgmaxKernel: PlainKernel {
  let type: DType
  let outer: Int, count: Int, inner: Int

  var title: String { "argmax \([outer, count, inner])" }
  var cost: Cost { Cost(flops: outer * count * inner, elements: outer * (count + 1) * inner) }
  var threading: Threading { .bySize(cost) }

  func run(_ operands: KernelOperands) {
    let (outer, count, inner) = (Int64(outer), Int64(count), Int64(inner))
    if type == .float32 {
      backprop_argmax(outer, count, inner, operands[0], operands.ints(1))
    } else {
      backprop_plain_argmax(type.code, outer, count, inner, operands.start[0], operands.ints(1))
    }
  }
}

extension Tensor {
  /// The position of the first greatest element along an axis, as int32; the axis is removed.
  public func argmax(axis: Int = -1, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    .record(Argmax(axis: shape.normalized(axis) ?? axis), [self], CallSite(file, line))
  }
}
