import CKernels

/// How many elements of an ascending row are below each value, or not above it; int32.
///
/// operands: rows [..., n], or one row [n] for all, values [..., m] → [..., m]
struct SearchSorted: PrimitiveOperation {
  let isRight: Bool

  func types(of operands: [TensorType]) throws(TensorError) -> [TensorType] {
    let (row, values) = (operands[0], operands[1])
    guard row.dtype == values.dtype else {
      throw wrongType(operands, needs: "rows and values of one type", hint: "use cast(to:)")
    }
    guard row.dtype.hasArithmetic else { throw needsArithmetic(operands, integers: true) }
    guard row.shape.rank == 1 || row.shape.rank > 0 && values.shape.fits(row.shape, but: row.shape.rank - 1) else {
      throw TensorError(
        "\(name): needs one sorted row, or values in as many rows: \(row.shape) and \(values.shape) differ on another "
          + "axis than the last")
    }
    return [TensorType(values.shape, .int32)]
  }

  func gradients(_ step: BackwardStep) throws(TensorError) -> [Tensor?] {
    throw TensorError("searchSorted has no derivative: its result is positions")
  }

  func mapped(_ step: MappedStep) -> [Tensor]? {
    guard step.rank(0) == 1 else { return step.batched(self) }
    guard step.isMapped[0] else { return [.record(self, [step.operands[0], step.batched(1)])] }
    // A row for each example: all values of an example are one row of values.
    let values = step.batched(1)
    let rows = Shape([step.count, Shape(Array(values.shape.dropFirst())).elementCount])
    return [Tensor.record(self, [step.operands[0], values.reshaped(to: rows)]).reshaped(to: values.shape)]
  }

  func reference(_ operands: ReferenceOperands) -> HostArray {
    let (width, isShared) = (operands.shapes[0][-1], operands.shapes[0].rank == 1)
    let columns = max(operands.shapes[1][-1], 1)
    func counts<Element>(_ rows: [Element], _ values: [Element], _ isLess: (Element, Element) -> Bool) -> HostArray {
      .ints(
        values.enumerated().map { index, value in
          let start = isShared ? 0 : index / columns * width
          return Int64(rows[start..<start + width].count { isRight ? !isLess(value, $0) : isLess($0, value) })
        })
    }
    return switch (operands.arrays[0], operands.arrays[1]) {
    case (.ints(let rows), .ints(let values)): counts(rows, values, <)
    case (let rows, let values): counts(rows.floats, values.floats) { $0 < $1 || $1.isNaN && !$0.isNaN }
    }
  }

  func lower(_ instruction: IR.Instruction, in lowering: inout Lowering) throws(TensorError) {
    let rows = try lowering.contiguous(instruction.inputs[0])
    let values = try lowering.contiguous(instruction.inputs[1])
    let isShared = rows.shape.rank == 1
    let count = isShared ? values.shape.elementCount : values.shape[-1]
    let kernel = SearchSortedKernel(
      type: rows.dtype, isRight: isRight, isShared: isShared, width: rows.shape[-1], count: count,
      rows: count == 0 ? 0 : values.shape.elementCount / count)
    lowering.emit(kernel, [rows, values], instruction)
  }
}

private struct SearchSortedKernel: PlainKernel {
  let type: DType
  let isRight: Bool, isShared: Bool
  let width: Int, count: Int, rows: Int

  var title: String { "search \(rows * count) in rows of \(width)\(type.suffix)" }
  var cost: Cost { Cost(flops: 8 * rows * count, bytes: rows * (width + count) * type.byteCount + 4 * rows * count) }
  var threading: Threading { .bySize(cost) }

  func run(_ operands: KernelOperands) {
    guard rows * count > 0 else { return }
    backprop_search_sorted(
      type.code, isRight ? 1 : 0, isShared ? 1 : 0, Int64(rows), Int64(width), Int64(count), operands.start[0],
      operands.start[1], operands.ints(2))
  }
}

extension Tensor {
  /// Where each value belongs in this ascending tensor: how many of its elements are below the value, or, with `right`,
  /// not above it. int32 of the shape of `values`.
  ///
  /// The tensor is one row [n] for all values, or [..., n] for values [..., m] with equal leading axes. Both are of one
  /// type; NaN is greater than all numbers. What is not sorted gives positions without a meaning. A binary search each.
  public func searchSorted(
    _ values: Tensor, right: Bool = false, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    .record(SearchSorted(isRight: right), [self, values], CallSite(file, line))
  }
}
