import LAPACKShim

/// A primitive operation on each matrix of a batch, which LAPACK computes: of matrices a [..., m, n], or of square ones and
/// others b [..., n, k].
///
/// Matrices with elements that are not finite give NaN. So do those without a result, such as the inverse of a singular
/// one, where the operation `givesNaN`; otherwise they are an error when values are requested.
protocol MatrixOperation: PrimitiveOperation, BitwiseCopyable {
  var routine: backprop_matrix_routine { get }
  /// What matrices without a result are, for the error.
  var flaw: String { get }
  var givesNaN: Bool { get }
  var isForSquare: Bool { get }
  /// Rows and columns of the result for matrices of these sizes.
  func size(rows m: Int, columns n: Int, others k: Int) -> (Int, Int)
  /// The result for one matrix, by loops.
  func result(_ a: Matrix, _ b: Matrix?) -> Matrix
}

/// More rows or columns than LAPACK counts the workspace of.
private let mostRows = 1 << 14

extension MatrixOperation {
  var flaw: String { "has no result" }
  var givesNaN: Bool { false }
  var isForSquare: Bool { true }

  func types(of operands: [TensorType]) throws(TensorError) -> [TensorType] {
    let a = operands[0]
    guard operands.allSatisfy({ $0.dtype == a.dtype }) else {
      throw wrongType(operands, needs: "operands of one type", hint: "use cast(to:)")
    }
    guard a.dtype.isDifferentiable else { throw needsArithmetic(operands) }
    guard operands.allSatisfy({ $0.shape.rank >= 2 }) else {
      throw TensorError(
        "\(name): needs matrices [..., m, n], not \(operands.map { "\($0.shape)" }.joined(separator: " and "))")
    }
    guard !isForSquare || a.shape[-2] == a.shape[-1] else {
      throw TensorError("\(name): needs square matrices, not \(a.shape)")
    }
    guard max(a.shape[-2], a.shape[-1]) <= mostRows else {
      throw TensorError("\(name): the matrices \(a.shape) have more than \(mostRows) rows or columns")
    }
    if let b = operands.dropFirst().first?.shape {
      guard b.dropLast(2).elementsEqual(a.shape.dropLast(2)), b[-2] == a.shape[-2], b[-1] <= Int(Int32.max) else {
        throw TensorError(
          "\(name): the right sides \(b) need as many rows as the matrices \(a.shape), and their leading axes")
      }
    }
    let (rows, columns) = size(rows: a.shape[-2], columns: a.shape[-1], others: operands.last?.shape[-1] ?? 0)
    return [TensorType(Shape(a.shape.dropLast(2) + [rows, columns]), a.dtype)]
  }

  func reference(_ operands: ReferenceOperands) -> HostArray {
    let arrays = zip(operands.arrays, operands.shapes).map { array, shape in Matrix.all(array.floats, shape) }
    let results = arrays[0].indices.map { index in
      let (a, b) = (arrays[0][index], arrays.count > 1 ? arrays[1][index] : nil)
      let isFinite = a.values.allSatisfy(\.isFinite)
      let (rows, columns) = size(rows: a.rows, columns: a.columns, others: b?.columns ?? 0)
      return isFinite ? result(a, b).values : Array(repeating: Double.nan, count: rows * columns)
    }
    return .floats(results.flatMap { $0 })
  }

  func lower(_ instruction: IR.Instruction, in lowering: inout Lowering) throws(TensorError) {
    let operands = try lowering.contiguous(instruction.inputs)
    let type = lowering.ir.types[instruction.inputs[0]]
    let (m, n) = (type.shape[-2], type.shape[-1])
    let others = instruction.inputs.count > 1 ? lowering.ir.types[instruction.inputs[1]].shape[-1] : 0
    let kernel = MatrixKernel(
      operation: self, isDouble: type.dtype == .float64, batch: m * n == 0 ? 0 : type.shape.elementCount / (m * n),
      m: m, n: n, k: others)
    lowering.emit(kernel, operands, instruction)
  }
}

private struct MatrixKernel<Operation: MatrixOperation>: PlainKernel {
  let operation: Operation
  let isDouble: Bool
  let batch: Int, m: Int, n: Int, k: Int

  var title: String {
    "\(operation.name) \([batch, m, n])\(k > 0 ? " with \(k)" : "")\(isDouble ? " float64" : "")"
  }
  /// Multiply-adds, but for a factor of each algorithm.
  var cost: Cost {
    let (rows, columns) = operation.size(rows: m, columns: n, others: k)
    return Cost(
      flops: batch * m * n * (min(m, n) + 2 * k), bytes: batch * (m * n + n * k + rows * columns) * (isDouble ? 8 : 4))
  }
  var threading: Threading { .bySize(cost) }

  func run(_ operands: KernelOperands) throws(TensorError) {
    let second = k > 0 ? operands.start[1] : nil
    let status = backprop_matrices(
      operation.routine, isDouble ? 1 : 0, Int64(batch), Int64(m), Int64(n), Int64(k), operands.start[0], second,
      operands.start[operands.count - 1])
    guard status >= 0 else { throw TensorError("\(operation.name): no memory is left for matrices [\(m), \(n)]") }
    guard status == 0 || operation.givesNaN else {
      let which = batch == 1 ? "the matrix [\(m), \(n)]" : "matrix \(status - 1) of the \(batch) [\(m), \(n)]"
      throw TensorError("\(operation.name): \(which) \(operation.flaw)")
    }
  }
}

extension Tensor {
  /// An operation on matrices with others, whose leading axes broadcast.
  func matrices(_ operation: some MatrixOperation, _ other: Tensor, _ site: CallSite?) -> Tensor {
    if let failed = [self, other].first(where: { $0.failure != nil }) { return failed }
    guard shape.rank >= 2, other.shape.rank >= 2,
      let batch = Shape(shape.dropLast(2)).broadcast(with: Shape(other.shape.dropLast(2)))
    else { return .record(operation, [self, other], site) }
    let operands = [self, other].map { $0.broadcast(to: Shape(batch + $0.shape.suffix(2))) }
    return .record(operation, operands, site)
  }
}
