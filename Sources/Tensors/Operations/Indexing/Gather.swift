import CKernels

/// The rows of a table with these indices.
///
/// operands: table [rows, w], indices int32 [...] → [..., w]; an index outside the table gives NaN.
struct Gather: PrimitiveOperation {
  var indices: IndexOperand? { IndexOperand(operand: 1, axis: 0) }

  func types(of operands: [TensorType]) throws(TensorError) -> [TensorType] {
    let (table, numbers) = (operands[0], operands[1])
    guard table.shape.rank == 2, table.dtype == .float32, numbers.dtype == .int32 else {
      throw TensorError("gather: needs a float32 table [rows, width] and int32 numbers, not \(table) and \(numbers)")
    }
    return [TensorType(Shape(numbers.shape.dimensions + [table.shape[1]]))]
  }

  /// `ScatterAdd` of the indices and u.
  func gradients(_ step: BackwardStep) -> [Tensor?] {
    let (table, numbers) = (step.operands[0], step.operands[1])
    return [.record(ScatterAdd(rows: table.shape[0]), [numbers, step.upstream]), nil]
  }

  func reference<Scalar: Number>(_ operands: ReferenceOperands<Scalar>) -> HostArray<Scalar> {
    let (table, rows, width) = (operands.arrays[0].floats, operands.shapes[0][0], operands.shapes[0][1])
    return .floats(
      operands.arrays[1].ints.flatMap { number in
        (0..<width).map { 0..<rows ~= Int(number) ? table[Int(number) * width + $0] : .nan }
      })
  }

  /// The rows of indices in the other shape, where rows stay whole.
  func reshaped(_ operands: [Int], to shape: Shape, in ir: inout IR) throws(TensorError) -> [Int]? {
    let width = ir.types[operands[0]].shape[1]
    guard shape.rank > 0, shape[-1] == width, width > 0 else { return nil }
    let numbers = try ir.add(Reshape(shape: Shape(shape.dropLast())), [operands[1]])
    return try ir.add(Gather(), [operands[0]] + numbers)
  }

  func lower(_ instruction: IR.Instruction, in lowering: inout Lowering) throws(TensorError) {
    let (table, numbers) = (instruction.inputs[0], instruction.inputs[1])
    let shape = lowering.ir.types[table].shape
    let kernel = GatherKernel(rows: shape[0], width: shape[1], count: lowering.ir.types[numbers].shape.elementCount)
    let operands = [try lowering.contiguous(table), try lowering.contiguous(numbers)]
    lowering.emit(kernel, operands, instruction)
  }
}

private struct GatherKernel: PlainKernel {
  let rows: Int, width: Int, count: Int

  var title: String { "gather \(count) of \([rows, width])" }
  var cost: Cost { Cost(elements: 2 * count * width + count) }

  func run(_ operands: KernelOperands) {
    backprop_gather(Int64(rows), Int64(width), Int64(count), operands[0], operands.ints(1), operands[2])
  }
}

extension Tensor {
  /// The rows of this table [rows, width] with these indices, int32 [...] → [..., width]. An index outside the table
  /// gives NaN.
  public func rows(_ numbers: Tensor, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    .record(Gather(), [self, numbers], CallSite(file, line))
  }
}
