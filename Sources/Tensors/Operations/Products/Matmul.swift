/// The matrix product: [..., m, k] · [..., k, n] → [..., m, n]
struct Matmul: PrimitiveOperation {
  func types(of operands: [TensorType]) throws(TensorError) -> [TensorType] {
    let (a, b) = (operands[0], operands[1])
    let text = "matmul: \(a.shape) · \(b.shape)"
    guard a.dtype == .float32, b.dtype == .float32 else { throw wrongType([a, b], needs: "float32") }
    guard a.shape.rank >= 2, b.shape.rank >= 2 else { throw TensorError("\(text) — both need at least two axes") }
    guard a.shape[-1] == b.shape[-2] else {
      throw TensorError("\(text) — inner dimensions \(a.shape[-1]) and \(b.shape[-2]) differ")
    }
    guard let batch = Shape(a.shape.dropLast(2)).broadcast(with: Shape(b.shape.dropLast(2))) else {
      throw TensorError("\(text) — the leading axes do not broadcast")
    }
    return [TensorType(Shape(batch.dimensions + [a.shape[-2], b.shape[-1]]))]
  }

  /// u · bᵀ and aᵀ · u, for [m, k] · [k, n] -> [m, n].
  func gradients(_ step: BackwardStep) -> [Tensor?] {
    let (a, b) = (step.operands[0], step.operands[1])
    return [step.upstream.matmul(b.transposed), a.transposed.matmul(step.upstream)]
  }

  func reference<Scalar: Number>(_ operands: ReferenceOperands<Scalar>) -> HostArray<Scalar> {
    let (a, b) = (operands.arrays[0].floats, operands.arrays[1].floats)
    let (aShape, bShape) = (operands.shapes[0], operands.shapes[1])
    let (m, k, n) = (aShape[-2], aShape[-1], bShape[-1])
    let batch = Shape(operands.type.shape.dropLast(2))
    // Where the matrices of each product begin.
    let aStarts = offsets(batch, Shape(aShape.dropLast(2)).strides(spreadTo: batch)).map { $0 * m * k }
    let bStarts = offsets(batch, Shape(bShape.dropLast(2)).strides(spreadTo: batch)).map { $0 * k * n }
    var c: [Scalar] = []
    for (aStart, bStart) in zip(aStarts, bStarts) {
      for i in 0..<m {
        for j in 0..<n {
          var sum: Scalar = 0
          for p in 0..<k { sum += a[aStart + i * k + p] * b[bStart + p * n + j] }
          c.append(sum)
        }
      }
    }
    return .floats(c)
  }

  private static let rowsWorthReordering = 256

  func lower(_ instruction: IR.Instruction, in lowering: inout Lowering) throws(TensorError) {
    let worth = Matmul.rowsWorthReordering
    let shape = lowering.ir.types[instruction.firstOutput].shape
    let (a, b) = (try lowering.view(instruction.inputs[0]), try lowering.view(instruction.inputs[1]))
    var (left, leftTransposed, lda) = lowering.matrix(a)
    var (right, rightTransposed, ldb) = lowering.matrix(b)
    // A right factor is reordered once for many rows: products that read it across its rows are 10 to 40 % slower. For
    // AMX it is packed anyway.
    let sizes = MatrixShape(m: shape[-2], n: shape[-1], k: left.shape[-1])
    if rightTransposed, sizes.m >= worth, lowering.target.method(for: sizes) != .amx {
      (right, rightTransposed, ldb) = lowering.matrix(lowering.rowMajor(right))
    }
    if leftTransposed, !rightTransposed, sizes.k >= worth {
      if sizes.n >= worth { (left, leftTransposed, lda) = lowering.matrix(lowering.spaced(left, down: 1)) }
      if sizes.m >= worth { (right, rightTransposed, ldb) = lowering.matrix(lowering.spaced(right, down: 0)) }
    }
    let result = lowering.allocate(shape)
    lowering.views[instruction.firstOutput] = result
    let batch = Shape(shape.dropLast(2).map { $0 })
    func starts(_ view: View) -> [Int] {
      let strides = View(
        buffer: 0, offset: 0, shape: Shape(view.shape.dropLast(2).map { $0 }), strides: view.strides.dropLast(2)
      ).broadcast(to: batch).strides
      return offsets(batch, strides)
    }
    let batches = zip(zip(starts(left), starts(right)), starts(result)).map {
      MatrixProduct.Batch(a: $0.0, b: $0.1, c: $1)
    }
    lowering.emit(
      MatrixShape(
        m: sizes.m, n: sizes.n, k: sizes.k, transposeA: leftTransposed, transposeB: rightTransposed, lda: lda, ldb: ldb),
      left.start, right.start, result.start, batches)
  }
}

extension Lowering {
  /// A view whose matrices have a unit stride along rows or, transposed, along columns.
  fileprivate mutating func matrix(_ view: View) -> (View, transposed: Bool, leading: Int) {
    let (rows, columns) = (view.shape[-2], view.shape[-1])
    let (down, across) = (view.strides[view.shape.rank - 2], view.strides[view.shape.rank - 1])
    if columns == 1 || across == 1, rows == 1 || down >= max(columns, 1) {
      return (view, false, rows == 1 ? max(columns, 1) : down)
    }
    if rows == 1 || down == 1, columns == 1 || across >= max(rows, 1) {
      return (view, true, columns == 1 ? max(rows, 1) : across)
    }
    return (rowMajor(view), false, max(columns, 1))
  }

  /// Products of matrices that begin at these offsets from a, b and c.
  fileprivate mutating func emit(
    _ shape: MatrixShape, _ a: Address, _ b: Address, _ c: Address, _ batches: [MatrixProduct.Batch]
  ) {
    var (a, b, c, batches) = (a, b, c, batches)
    if batches.count == 1 {
      (a.offset, b.offset, c.offset) = (a.offset + batches[0].a, b.offset + batches[0].b, c.offset + batches[0].c)
      batches[0] = MatrixProduct.Batch(a: 0, b: 0, c: 0)
    }
    steps.append(
      Step(
        kernel: MatrixProduct(shape: shape, method: target.method(for: shape), batches: batches), inputs: [a, b],
        outputs: [c]))
  }
}

extension Tensor {
  /// The matrix product over the last two axes; leading axes broadcast. 2·m·n·k operations.
  public func matmul(_ other: Tensor, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    if shape.rank > 2, other.shape.rank == 2, shape[-1] == other.shape[0] {  // one product instead of many
      let rows = Shape(shape.dropLast()).elementCount
      return Tensor.product(reshaped(to: [rows, shape[-1]]), other, CallSite(file, line)).reshaped(
        to: Shape(shape.dropLast() + [other.shape[1]]))
    }
    return .product(self, other, CallSite(file, line))
  }
}
