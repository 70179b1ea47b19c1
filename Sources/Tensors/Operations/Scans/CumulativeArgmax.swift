import CKernels

/// The position of the greatest element up to each one along an axis, the last of equal ones; int32. Or of the least.
struct CumulativeArgmax: PrimitiveOperation {
  let axis: Int
  var isMinimum = false

  func types(of operands: [TensorType]) throws(TensorError) -> [TensorType] {
    guard operands[0].dtype.hasArithmetic else { throw needsArithmetic(operands, integers: true) }
    guard operands[0].shape.indices.contains(axis) else { throw operands[0].shape.noAxis(axis, for: name) }
    return [TensorType(operands[0].shape, .int32)]
  }

  func gradients(_ step: BackwardStep) throws(TensorError) -> [Tensor?] {
    throw TensorError("cumulativeArgmax has no derivative: its result is a position")
  }

  func mapped(_ step: MappedStep) -> [Tensor]? { step.batched(CumulativeArgmax(axis: axis + 1, isMinimum: isMinimum)) }

  func reference(_ operands: ReferenceOperands) -> HostArray {
    func positions<Element: Comparable>(_ x: [Element], _ isNaN: (Element) -> Bool) -> HostArray {
      var y = [Int64](repeating: 0, count: x.count)
      for line in lines(of: operands.shapes[0], along: axis) {
        var best = 0
        for (position, place) in line.enumerated() {
          let (value, extreme) = (x[place], x[line[best]])
          if isNaN(value) || !isNaN(extreme) && (isMinimum ? value <= extreme : value >= extreme) { best = position }
          y[place] = Int64(best)
        }
      }
      return .ints(y)
    }
    return switch operands.arrays[0] {
    case .floats(let x): positions(x, \.isNaN)
    case .ints(let x): positions(x) { _ in false }
    }
  }

  func lower(_ instruction: IR.Instruction, in lowering: inout Lowering) throws(TensorError) {
    let x = try lowering.contiguous(instruction.inputs[0])
    let kernel = CumulativeArgmaxKernel(type: x.dtype, isMinimum: isMinimum, lines: AxisLines(x.shape, axis))
    lowering.emit(kernel, [x], instruction)
  }
}

private struct CumulativeArgmaxKernel: PlainKernel {
  let type: DType
  let isMinimum: Bool
  let lines: AxisLines

  var title: String { "cumulative argm\(isMinimum ? "in" : "ax") \(lines)\(type.suffix)" }
  var cost: Cost { Cost(flops: lines.elementCount, bytes: lines.elementCount * (type.byteCount + 4)) }
  var threading: Threading { .bySize(cost) }

  func run(_ operands: KernelOperands) {
    backprop_cumulative_argmax(
      type.code, isMinimum ? 1 : 0, Int64(lines.outer), Int64(lines.count), Int64(lines.inner), operands.start[0],
      operands.ints(1))
  }
}
