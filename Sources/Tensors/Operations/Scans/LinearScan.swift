import CKernels

/// A linear recurrence along an axis: y[t] = factors[t] · y[t − 1] + terms[t], from y[0] = terms[0] on. Reversed: y[t] =
/// factors[t + 1] · y[t + 1] + terms[t] from the last element on.
///
/// operands: factors, terms, both of one type → the same type
struct LinearScan: PrimitiveOperation {
  let axis: Int
  var isReversed = false

  func types(of operands: [TensorType]) throws(TensorError) -> [TensorType] {
    guard operands[1].dtype.hasArithmetic else { throw needsArithmetic([operands[1]], integers: true) }
    guard operands[1].shape.indices.contains(axis) else { throw operands[1].shape.noAxis(axis, for: name) }
    guard operands[0] == operands[1] else {
      throw wrongType(operands, needs: "factors and terms of one type and shape")
    }
    return [operands[1]]
  }

  /// g, which is the scan of u in the other direction with the same factors, of the terms; of the factors g times the
  /// result that each factor was multiplied by.
  func gradients(_ step: BackwardStep) -> [Tensor?] {
    let (factors, y) = (step.operands[0], step.results[0])
    let g = Tensor.record(LinearScan(axis: axis, isReversed: !isReversed), [factors, step.upstream])
    return [isReversed ? g.delayed(along: axis) * y : g * y.delayed(along: axis), g]
  }

  func mapped(_ step: MappedStep) -> [Tensor]? { step.batched(LinearScan(axis: axis + 1, isReversed: isReversed)) }

  func reference(_ operands: ReferenceOperands) -> HostArray {
    let shape = operands.type.shape
    func scanned<Element>(
      _ factors: [Element], _ terms: [Element], _ multiplyAdd: (Element, Element, Element) -> Element
    ) -> [Element] {
      var y = terms
      for line in lines(of: shape, along: axis) {
        for t in 1..<max(line.count, 1) {
          let (from, to) = isReversed ? (line[line.count - t], line[line.count - t - 1]) : (line[t - 1], line[t])
          y[to] = multiplyAdd(factors[isReversed ? from : to], y[from], terms[to])
        }
      }
      return y
    }
    return switch (operands.arrays[0], operands.arrays[1]) {
    case (.ints(let factors), .ints(let terms)): .ints(scanned(factors, terms) { $0 &* $1 &+ $2 })
    case (let factors, let terms): .floats(scanned(factors.floats, terms.floats) { $0 * $1 + $2 })
    }
  }

  func lower(_ instruction: IR.Instruction, in lowering: inout Lowering) throws(TensorError) {
    let (factors, terms) = (instruction.inputs[0], try lowering.contiguous(instruction.inputs[1]))
    let isSum = lowering.ir.constant(factors) == 1
    let kernel = LinearScanKernel(
      type: terms.dtype, isReversed: isReversed, isSum: isSum, lines: AxisLines(terms.shape, axis))
    lowering.emit(kernel, [isSum ? nil : try lowering.contiguous(factors), terms], instruction)
  }
}

private struct LinearScanKernel: PlainKernel {
  let type: DType
  let isReversed: Bool, isSum: Bool
  let lines: AxisLines

  var title: String { "\(isSum ? "cumulative sum" : "linear scan") \(lines)\(type.suffix)" }
  var cost: Cost {
    Cost(flops: (isSum ? 1 : 2) * lines.elementCount, bytes: (isSum ? 2 : 3) * lines.elementCount * type.byteCount)
  }
  var threading: Threading { .bySize(cost) }

  func run(_ operands: KernelOperands) {
    backprop_linear_scan(
      type.code, isReversed ? 1 : 0, Int64(lines.outer), Int64(lines.count), Int64(lines.inner), operands.start[0],
      operands.start[1], operands.start[2])
  }
}

extension Tensor {
  /// What was one position before along an axis, 0 in the first one.
  func delayed(along axis: Int) -> Tensor {
    guard shape[axis] > 0 else { return self }
    let none = shape.map { _ in 0 }
    let part = Shape(shape.indices.map { $0 == axis ? shape[$0] - 1 : shape[$0] })
    return sliced(starts: none, shape: part).padded(before: shape.indices.map { $0 == axis ? 1 : 0 }, after: none)
  }
}
