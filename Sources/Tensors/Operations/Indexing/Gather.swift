import CKernels

/// The rows of a table with these indices.
///
/// operands: table [rows, w], indices int32 [...] → [..., w]; an index outside the table gives NaN, and 0 of whole
/// numbers.
struct Gather: PrimitiveOperation {
  var indices: IndexOperand? { IndexOperand(operand: 1, axis: 0) }

  func types(of operands: [TensorType]) throws(TensorError) -> [TensorType] {
    let (table, numbers) = (operands[0], operands[1])
    guard table.shape.rank == 2, table.dtype != .bool, numbers.dtype == .int32 else {
      throw TensorError("gather: needs a table [rows, width] and int32 numbers, not \(table) and \(numbers)")
    }
    return [TensorType(Shape(numbers.shape.dimensions + [table.shape[1]]), table.dtype)]
  }

  /// `ScatterAdd` of the indices and u.
  func gradients(_ step: BackwardStep) -> [Tensor?] {
    let (table, numbers) = (step.operands[0], step.operands[1])
    return [.record(ScatterAdd(rows: table.shape[0]), [numbers, step.upstream]), nil]
  }

  func mapped(_ step: MappedStep) -> [Tensor]? {
    guard step.isMapped[0] else { return [.record(self, step.operands)] }
    // One table of all examples' rows.
    let rows = step.operands[0].shape[1]
    let all = step.operands[0].reshaped(to: [step.count * rows, step.operands[0].shape[2]])
    return [.record(self, [all, step.batched(1).counted(fromExample: rows)])]
  }

  func reference(_ operands: ReferenceOperands) -> HostArray {
    let (rows, width) = (operands.shapes[0][0], operands.shapes[0][1])
    func gathered<Element>(_ table: [Element], outside: Element) -> [Element] {
      operands.arrays[1].ints.flatMap { number in
        (0..<width).map { 0..<rows ~= Int(number) ? table[Int(number) * width + $0] : outside }
      }
    }
    return switch operands.arrays[0] {
    case .floats(let table): .floats(gathered(table, outside: .nan))
    case .ints(let table): .ints(gathered(table, outside: 0))
    }
  }

  /// The rows of indices in the other shape, where rows stay whole.
  func reshaped(_ operands: [Int], to shape: Shape, in ir: inout IR) throws(TensorError) -> [Int]? {
    let width = ir.types[operands[0]].shape[1]
    guard shape.rank > 0, shape[-1] == width, width > 0 else { return nil }
    let numbers = try ir.add(Reshape(shape: Shape(shape.dropLast())), [operands[1]])
    return try ir.add(Gather(), [operands[0]] + numbers)
  }

  func lower(_ instruction: IR.Instruction, in lowering: inout Lowering) throws(TensorError) {
    let (table, numbers) = (
      try lowering.contiguous(instruction.inputs[0]), try lowering.contiguous(instruction.inputs[1])
    )
    let kernel = GatherKernel(
      type: table.dtype, rows: table.shape[0], width: table.shape[1], count: numbers.shape.elementCount)
    lowering.emit(kernel, [table, numbers], instruction)
  }
}

private struct GatherKernel: PlainKernel {
  let type: DType
  let rows: Int, width: Int, count: Int

  var title: String { "gather \(count) of \([rows, width])\(type.suffix)" }
  var cost: Cost { Cost(bytes: 2 * count * width * type.byteCount + 4 * count) }

  func run(_ operands: KernelOperands) {
    let (rows, width, count, numbers) = (Int64(rows), Int64(width), Int64(count), operands.ints(1))
    if type == .float32 {
      backprop_gather(rows, width, count, operands[0], numbers, operands[2])
    } else {
      backprop_plain_gather(type.code, rows, width, count, operands.start[0], numbers, operands.start[2])
    }
  }
}

extension Tensor {
  /// The rows of this table [rows, width] with these indices, int32 [...] → [..., width]. An index outside the table
  /// gives NaN, in types without it 0 or false.
  public func rows(_ numbers: Tensor, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    if failure == nil, dtype == .bool { return cast(to: .uint8).rows(numbers, file: file, line: line).cast(to: .bool) }
    return .record(Gather(), [self, numbers], CallSite(file, line))
  }
}
