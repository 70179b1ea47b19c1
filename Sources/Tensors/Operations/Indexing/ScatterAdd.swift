import CKernels

/// The transpose of `Gather`: rows of one index add up.
///
/// operands: indices int32 [...], x [..., w] → [rows, w]
struct ScatterAdd: PrimitiveOperation {
  let rows: Int

  func types(of operands: [TensorType]) throws(TensorError) -> [TensorType] {
    let (numbers, x) = (operands[0], operands[1])
    guard numbers.dtype == .int32, x.dtype.hasArithmetic, x.shape.rank == numbers.shape.rank + 1,
      Array(x.shape.dropLast()) == numbers.shape.dimensions
    else { throw TensorError("scatterAdd: needs int32 numbers and a row for each, not \(numbers) and \(x)") }
    return [TensorType([rows, x.shape[-1]], x.dtype)]
  }

  /// The rows of u; indices outside the table add nothing.
  func gradients(_ step: BackwardStep) -> [Tensor?] {
    let numbers = step.operands[0].reshaped(to: Shape(step.operands[0].shape + [1]))
    let isInside =
      Tensor.fill(-1, [], .int32).less(than: numbers) .& numbers.less(than: .fill(Double(rows), [], .int32))
    return [nil, Tensor.where(isInside, step.upstream.rows(step.operands[0]), Tensor.fill(0))]
  }

  func mapped(_ step: MappedStep) -> [Tensor]? {
    let all = Tensor.record(
      ScatterAdd(rows: step.count.times(rows)), [step.batched(0).counted(fromExample: rows), step.batched(1)])
    return [all.reshaped(to: [step.count, rows, step.batched(1).shape[-1]])]
  }

  func reference(_ operands: ReferenceOperands) -> HostArray {
    let width = operands.type.shape[1]
    func sums<Element>(_ x: [Element], from zero: Element, _ add: (Element, Element) -> Element) -> [Element] {
      var sums = [Element](repeating: zero, count: rows * width)
      for (row, number) in operands.arrays[0].ints.enumerated() where 0..<rows ~= Int(number) {
        for column in 0..<width {
          let place = Int(number) * width + column
          sums[place] = add(sums[place], x[row * width + column])
        }
      }
      return sums
    }
    return switch operands.arrays[1] {
    case .floats(let x): .floats(sums(x, from: 0, +))
    case .ints(let x): .ints(sums(x, from: 0, &+))
    }
  }

  /// Sums of rows of a product with a smaller table: scatterAdd(n, D · V) = scatterAdd(n, D) · V. See `SmallTable.swift`.
  func rewritten(_ operands: [Int], in ir: inout IR) throws(TensorError) -> [Int]? {
    let (numbers, x) = (operands[0], operands[1])
    if let (_, source) = ir.producer(of: x, as: Reshape.self), ir.types[source[0]].shape.rank == 2,
      ir.types[source[0]].shape[1] == ir.types[x].shape[-1], ir.types[x].shape[-1] > 0
    {
      let flat = try ir.add(Reshape(shape: [ir.types[numbers].shape.elementCount]), [numbers])
      return try ir.add(self, flat + [source[0]])
    }
    guard ir.types[x].shape.rank == 2, rows < ir.types[x].shape[0],
      let (_, factors) = ir.producer(of: x, as: Matmul.self), factors.allSatisfy({ ir.types[$0].shape.rank == 2 })
    else { return nil }
    return try ir.add(Matmul(), try ir.add(self, [numbers, factors[0]]) + [factors[1]])
  }

  func lower(_ instruction: IR.Instruction, in lowering: inout Lowering) throws(TensorError) {
    let numbers = try lowering.contiguous(instruction.inputs[0])
    let type = lowering.ir.types[instruction.firstOutput]
    var x = try lowering.view(instruction.inputs[1])
    x = type.dtype == .float32 ? lowering.matrixOfRows(x, width: type.shape[1]) : lowering.rowMajor(x)
    let kernel = ScatterAddKernel(
      type: type.dtype, rows: rows, width: type.shape[1], count: numbers.shape.elementCount, row: x.strides[0])
    lowering.emit(kernel, [numbers, x], instruction)
  }
}

/// `row` elements from one row that is added to the next, in float32; elsewhere there are no gaps.
private struct ScatterAddKernel: PlainKernel {
  let type: DType
  let rows: Int, width: Int, count: Int, row: Int

  var title: String { "scatter-add \(count) to \([rows, width])\(type.suffix)" }
  var cost: Cost { Cost(flops: count * width, bytes: (rows + count) * width * type.byteCount + 4 * count) }

  func run(_ operands: KernelOperands) throws(TensorError) {
    let (rows, width, numbers) = (Int64(rows), Int64(width), operands.ints(0))
    guard type == .float32 else {
      return backprop_plain_scatter_add(
        type.code, rows, width, Int64(count), numbers, operands.start[1], operands.start[2])
    }
    let status = backprop_scatter_add(rows, width, Int64(count), numbers, operands[1], Int64(row), operands[2])
    guard status == 0 else { throw TensorError("scatterAdd: no memory is left for the order of \(count) rows") }
  }
}

extension Tensor {
  /// The indices [examples, ...] of rows of each example's table as those of one table of all: `rows` for each example.
  /// Indices outside of an example's table remain outside.
  func counted(fromExample rows: Int) -> Tensor {
    let isInside = Tensor.fill(-1, [], .int32).less(than: self) .& less(than: .fill(Double(rows), [], .int32))
    let starts = Tensor.iota(shape, axis: 0) * Tensor.fill(Double(rows), [], .int32)
    return .where(isInside, self + starts, .fill(-1, [], .int32))
  }
}
