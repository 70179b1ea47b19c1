import CKernels

/// The rows of a table that a batch uses, each once, and the sum of what belongs to it: the compact form of
/// `ScatterAdd`.
///
/// operands: indices int32 [n], x [n, w] → rows int32 [n], −1 where an index came before or is outside of the table;
/// sums [n, w], zeros there
struct SumRows: KernelOperation {
  /// How many rows the table has.
  let rows: Int
  var resultCount: Int { 2 }

  func types(of operands: [TensorType]) throws(TensorError) -> [TensorType] {
    let (numbers, x) = (operands[0], operands[1])
    guard numbers.dtype == .int32, numbers.shape.rank == 1, x.dtype.isDifferentiable, x.shape.rank == 2,
      x.shape[0] == numbers.shape[0]
    else { throw TensorError("sumRows: needs int32 [n] and float32 or float64 [n, width], not \(numbers) and \(x)") }
    return [numbers, x]
  }

  /// The rows are added up in the first place with their index.
  func definition(_ operands: [Tensor]) -> [Tensor] {
    let (numbers, x) = (operands[0], operands[1])
    let count = numbers.shape[0]
    guard count > 0 else { return operands }
    let (none, end) = (Tensor.fill(-1, [], .int32), Tensor.fill(Double(rows), [], .int32))
    let isEqual = numbers.unsqueezed(axis: 1).equal(to: numbers.unsqueezed(axis: 0))
    let isInside = none.less(than: numbers) .& numbers.less(than: end)
    let first = Tensor.where(isInside, isEqual.cast(to: .int32).argmax(axis: 1), none)
    return [
      .where(first.equal(to: .iota([count], axis: 0)), numbers, none), .record(ScatterAdd(rows: count), [first, x]),
    ]
  }

  func lower(_ instruction: IR.Instruction, in lowering: inout Lowering) throws(TensorError) {
    let shape = lowering.ir.types[instruction.inputs[1]]
    let kernel = SumRowsKernel(type: shape.dtype, rows: rows, count: shape.shape[0], width: shape.shape[1])
    lowering.emit(kernel, try lowering.contiguous(instruction.inputs), instruction)
  }
}

private struct SumRowsKernel: PlainKernel {
  let type: DType
  let rows: Int, count: Int, width: Int

  var title: String { "sum rows \([count, width])\(type.suffix)" }
  var cost: Cost { Cost(flops: count * width, bytes: 2 * count * width * type.byteCount + 8 * count) }

  func run(_ operands: KernelOperands) throws(TensorError) {
    let status = backprop_sum_rows(
      Int64(type.byteCount), Int64(rows), Int64(width), Int64(count), operands.ints(0), operands.start[1],
      operands.start[2]?.assumingMemoryBound(to: Int32.self), operands.start[3])
    guard status == 0 else { throw TensorError("sumRows: no memory is left for the places of \(count) rows") }
  }
}

/// A table with other rows in some places.
///
/// operands: table [rows, w], indices int32 [n], each once, rows [n, w] → the type of the table; indices outside are
/// ignored
struct ReplaceRows: KernelOperation {
  func types(of operands: [TensorType]) throws(TensorError) -> [TensorType] {
    let (table, numbers, x) = (operands[0], operands[1], operands[2])
    guard table.shape.rank == 2, numbers.dtype == .int32, numbers.shape.rank == 1, x.dtype == table.dtype,
      x.shape == [numbers.shape[0], table.shape[1]]
    else { throw TensorError("replaceRows: \(x) at \(numbers) does not fit into \(table)") }
    return [table]
  }

  func definition(_ operands: [Tensor]) -> [Tensor] {
    let numbers = operands[1].unsqueezed(axis: 1).broadcast(to: operands[2].shape)
    return [operands[0].scatter(operands[2], at: numbers, along: 0)]
  }

  func replacedRows(_ operands: [Tensor]) -> (numbers: Tensor, rows: Tensor)? {
    (operands[1], operands[0].rows(maximum(operands[1], .zeros([], dtype: .int32))))
  }

  /// In place where a variable is assigned its own value with rows replaced.
  func lower(_ instruction: IR.Instruction, in lowering: inout Lowering) throws(TensorError) {
    let inputs = instruction.inputs
    let source = try lowering.view(inputs[0])
    let others = try lowering.contiguous(Array(inputs.dropFirst()))
    let isInPlace = source.isRowMajor && lowering.isReplacedInPlace(inputs[0], by: instruction.firstOutput, source)
    if isInPlace { lowering.forgetCopies(of: source.buffer) }
    let target = isInPlace ? source : lowering.copy(source)
    lowering.views[instruction.firstOutput] = target
    let shape = lowering.ir.types[inputs[2]].shape
    let kernel = ReplaceRowsKernel(type: target.dtype, rows: source.shape[0], count: shape[0], width: shape[1])
    lowering.emit(kernel, others, [target])
  }
}

private struct ReplaceRowsKernel: PlainKernel {
  let type: DType
  let rows: Int, count: Int, width: Int

  var title: String { "replace \(count) rows of \([rows, width])\(type.suffix)" }
  var cost: Cost { Cost(bytes: 2 * count * width * type.byteCount) }

  func run(_ operands: KernelOperands) {
    backprop_replace_rows(
      Int64(width * type.byteCount), Int64(rows), Int64(count), operands.ints(0), operands.start[1], operands.start[2])
  }
}

extension Tensor {
  /// The rows of this gradient of a table that are not zero, where it is made of the rows that `rows(_:)` gave or is the
  /// sum of such: each once, with −1 in the place of repeated ones, and their values. `nil` for other tensors.
  package var usedRows: (numbers: Tensor, values: Tensor)? {
    guard let parts = addedRows, let first = parts.first, failure == nil else { return nil }
    let (numbers, rows) =
      parts.count == 1
      ? first
      : (Tensor.concatenated(parts.map(\.numbers), axis: 0), Tensor.concatenated(parts.map(\.rows), axis: 0))
    let found = Tensor.recordAll(SumRows(rows: shape[0]), [numbers, rows])
    return (found[0], found[1])
  }

  /// The rows that are added to zeros: indices [n] and rows [n, w], of each use of the table.
  private var addedRows: [(numbers: Tensor, rows: Tensor)]? {
    if shape.rank == 2, ScatterAdd(rows: shape[0]).isEqual(to: node.op) {
      let (numbers, x) = (node.inputs[0], node.inputs[1])
      let count = numbers.shape.elementCount
      return [(numbers.reshaped(to: [count]), x.reshaped(to: [count, x.shape[-1]]))]
    }
    guard Binary(Add.self).isEqual(to: node.op), let a = node.inputs[0].addedRows, let b = node.inputs[1].addedRows
    else { return nil }
    return a + b
  }

  /// This table [rows, w] with `rows` [n, w] in the places that int32 indices [n] name, each once; indices outside are
  /// ignored. A variable that is assigned its own value with rows replaced is written in place.
  package func replacingRows(_ numbers: Tensor, with rows: Tensor) -> Tensor {
    .record(ReplaceRows(), [self, numbers, rows])
  }
}
