import CKernels

/// The product of a sparse matrix [m, k] and each line along an axis: [..., k, ...] → [..., m, ...].
struct SparseProduct: PrimitiveOperation {
  let axis: Int
  let matrix: SparseMatrix

  func types(of operands: [TensorType]) throws(TensorError) -> [TensorType] {
    var shape = operands[0].shape
    guard operands[0].dtype.isDifferentiable else { throw needsArithmetic(operands) }
    guard shape.indices.contains(axis) else { throw shape.noAxis(axis, for: name) }
    guard shape[axis] == matrix.columns else {
      throw TensorError("\(name): a matrix of \(matrix.columns) columns does not fit axis \(axis) of \(shape)")
    }
    shape.dimensions[axis] = matrix.rows
    return [TensorType(shape, operands[0].dtype)]
  }

  /// The product of the transposed matrix and u.
  func gradients(_ step: BackwardStep) -> [Tensor?] {
    [.record(SparseProduct(axis: axis, matrix: matrix.transposed), [step.upstream])]
  }

  func reference(_ operands: ReferenceOperands) -> HostArray {
    let x = operands.arrays[0].floats
    var y = [Double](repeating: 0, count: operands.type.shape.elementCount)
    guard !y.isEmpty else { return .floats(y) }
    for (from, to) in zip(lines(of: operands.shapes[0], along: axis), lines(of: operands.type.shape, along: axis)) {
      for row in 0..<matrix.rows {
        for element in matrix.elements(ofRow: row) {
          y[to[row]] += matrix.weights[element] * x[from[Int(matrix.indices[element])]]
        }
      }
    }
    return .floats(y)
  }

  /// In the order in which the operand's axes are stored: the channels of images are mostly contiguous, and lines of neighbors
  /// run together.
  func lower(_ instruction: IR.Instruction, in lowering: inout Lowering) throws(TensorError) {
    var x = try lowering.view(instruction.inputs[0])
    let order = x.denseOrder ?? x.shape.indices.sorted { (x.strides[$1], $0) < (x.strides[$0], $1) }
    if x.denseOrder == nil { x = lowering.copy(x, order: order) }
    let y = lowering.result(instruction.firstOutput, order: order)
    let lines = AxisLines(Shape(order.map { y.shape[$0] }), order.firstIndex(of: axis) ?? axis)
    lowering.emit(SparseProductKernel(type: x.dtype, lines: lines, matrix: matrix), [x], [y])
  }
}

/// A matrix of few elements other than 0, row by row.
struct SparseMatrix: Hashable, Sendable {
  let columns: Int
  /// Where the elements of each row begin, and the end of the last.
  private(set) var starts: [Int32] = [0]
  /// The column of each element.
  private(set) var indices: [Int32] = []
  private(set) var weights: [Double] = []

  var rows: Int { starts.count - 1 }

  /// Rows of elements, each with its column.
  init(columns: Int, rows: [[(column: Int, weight: Double)]]) {
    self.columns = columns
    for row in rows {
      for (column, weight) in row where weight != 0 {
        indices.append(Int32(column))
        weights.append(weight)
      }
      starts.append(Int32(indices.count))
    }
  }

  /// Whether its product with a line is the line.
  var isIdentity: Bool {
    rows == columns && indices.count == rows && weights.allSatisfy { $0 == 1 }
      && indices.indices.allSatisfy { indices[$0] == $0 && starts[$0] == $0 }
  }

  func elements(ofRow row: Int) -> Range<Int> { Int(starts[row])..<Int(starts[row + 1]) }

  var transposed: SparseMatrix {
    var lists = [[(column: Int, weight: Double)]](repeating: [], count: columns)
    for row in 0..<rows {
      for element in elements(ofRow: row) { lists[Int(indices[element])].append((row, weights[element])) }
    }
    return SparseMatrix(columns: rows, rows: lists)
  }
}

private struct SparseProductKernel: Kernel {
  let type: DType
  let lines: AxisLines
  let matrix: SparseMatrix

  var title: String { "sparse product \([matrix.rows, matrix.columns]) of \(lines)\(type.suffix)" }
  var threading: Threading { .bySize(cost) }
  var cost: Cost {
    let others = lines.outer * lines.inner
    return Cost(
      flops: 2 * others * matrix.indices.count, bytes: others * (matrix.rows + matrix.columns) * type.byteCount)
  }

  func load(_ step: Step, into loader: inout KernelLoader) -> any LoadedKernel {
    LoadedSparseProduct(
      type: type, lines: lines, columns: matrix.columns, starts: loader.tables.copy(matrix.starts),
      indices: loader.tables.copy(matrix.indices), weights: loader.tables.copy(matrix.weights))
  }
}

private struct LoadedSparseProduct: LoadedKernel {
  let type: DType
  let lines: AxisLines
  let columns: Int
  let starts: UnsafePointer<Int32>, indices: UnsafePointer<Int32>
  let weights: UnsafePointer<Double>

  func run(_ operands: KernelOperands) {
    backprop_sparse_product(
      type.code, Int64(lines.outer), Int64(lines.count), Int64(columns), Int64(lines.inner), starts, indices, weights,
      operands.start[0], operands.start[1])
  }
}

extension Tensor {
  /// The product of a matrix and each line along an axis.
  func product(_ matrix: SparseMatrix, along axis: Int) -> Tensor {
    matrix.isIdentity ? self : .record(SparseProduct(axis: axis, matrix: matrix), [self])
  }
}
