/// The matrix product: [..., m, k] · [..., k, n] → [..., m, n]
struct Matmul: PrimitiveOperation {
  func types(of operands: [TensorType]) throws(TensorError) -> [TensorType] {
    let (a, b) = (operands[0], operands[1])
    let text = "matmul: \(a.shape) · \(b.shape)"
    guard a.dtype == b.dtype else { throw wrongType([a, b], needs: "operands of one type", hint: "use cast(to:)") }
    guard a.dtype.hasArithmetic else { throw needsArithmetic([a, b], integers: true) }
    guard a.shape.rank >= 2, b.shape.rank >= 2 else { throw TensorError("\(text) — both need at least two axes") }
    guard a.shape[-1] == b.shape[-2] else {
      throw TensorError("\(text) — inner dimensions \(a.shape[-1]) and \(b.shape[-2]) differ")
    }
    guard let batch = Shape(a.shape.dropLast(2)).broadcast(with: Shape(b.shape.dropLast(2))) else {
      throw TensorError("\(text) — the leading axes do not broadcast")
    }
    return [TensorType(Shape(batch.dimensions + [a.shape[-2], b.shape[-1]]), a.dtype)]
  }

  /// u · bᵀ and aᵀ · u, for [m, k] · [k, n] -> [m, n].
  func gradients(_ step: BackwardStep) -> [Tensor?] {
    let (a, b) = (step.operands[0], step.operands[1])
    return [step.upstream.matmul(b.transposed), a.transposed.matmul(step.upstream)]
  }

  func mapped(_ step: MappedStep) -> [Tensor]? {
    // One product of all examples' rows where the right factor is the same.
    let (a, b) = (step.operands[0], step.operands[1])
    return !step.isMapped[1] && b.shape.rank == 2 ? [a.matmul(b)] : step.aligned(self)
  }

  func reference(_ operands: ReferenceOperands) -> HostArray {
    switch (operands.arrays[0], operands.arrays[1]) {
    case (.ints(let a), .ints(let b)): .ints(products(a, b, operands, from: 0) { $0 &+ $1 &* $2 })
    case (let a, let b): .floats(products(a.floats, b.floats, operands, from: 0) { $0 + $1 * $2 })
    }
  }

  private func products<Element>(
    _ a: [Element], _ b: [Element], _ operands: ReferenceOperands, from zero: Element,
    _ multiplyAdd: (Element, Element, Element) -> Element
  ) -> [Element] {
    let (aShape, bShape) = (operands.shapes[0], operands.shapes[1])
    let (m, k, n) = (aShape[-2], aShape[-1], bShape[-1])
    let batch = Shape(operands.type.shape.dropLast(2))
    // Where the matrices of each product begin.
    let aStarts = offsets(batch, Shape(aShape.dropLast(2)).strides(spreadTo: batch)).map { $0 * m * k }
    let bStarts = offsets(batch, Shape(bShape.dropLast(2)).strides(spreadTo: batch)).map { $0 * k * n }
    var c: [Element] = []
    for (aStart, bStart) in zip(aStarts, bStarts) {
      for i in 0..<m {
        for j in 0..<n {
          var sum = zero
          for p in 0..<k { sum = multiplyAdd(sum, a[aStart + i * k + p], b[bStart + p * n + j]) }
          c.append(sum)
        }
      }
    }
    return c
  }

  private static let rowsWorthReordering = 256

  func lower(_ instruction: IR.Instruction, in lowering: inout Lowering) throws(TensorError) {
    let type = lowering.ir.types[instruction.firstOutput]
    let (a, b) = (try lowering.view(instruction.inputs[0]), try lowering.view(instruction.inputs[1]))
    var (left, leftTransposed, lda) = lowering.matrix(a)
    var (right, rightTransposed, ldb) = lowering.matrix(b)
    // A right factor is reordered once for many rows: products that read it across its rows are 10 to 40 % slower. For
    // AMX it is packed anyway.
    let worth = type.dtype == .float32 ? Matmul.rowsWorthReordering : .max
    let sizes = MatrixShape(m: type.shape[-2], n: type.shape[-1], k: left.shape[-1])
    if rightTransposed, sizes.m >= worth, lowering.target.method(for: sizes) != .amx {
      (right, rightTransposed, ldb) = lowering.matrix(lowering.rowMajor(right))
    }
    if leftTransposed, !rightTransposed, sizes.k >= worth {
      if sizes.n >= worth { (left, leftTransposed, lda) = lowering.matrix(lowering.spaced(left, down: 1)) }
      if sizes.m >= worth { (right, rightTransposed, ldb) = lowering.matrix(lowering.spaced(right, down: 0)) }
    }
    let product = MatrixShape(
      m: sizes.m, n: sizes.n, k: sizes.k, transposeA: leftTransposed, transposeB: rightTransposed, lda: lda, ldb: ldb)
    let result = lowering.result(instruction.firstOutput)
    let method = type.dtype == .float32 ? lowering.target.method(for: product) : .plain
    let batches = batches(left, right, result)
    lowering.emit(
      MatrixProduct(shape: product, method: method, type: type.dtype, batches: batches), [left, right], [result])
  }

  /// Where the matrices of each product begin, from the first elements on.
  private func batches(_ a: View, _ b: View, _ c: View) -> [MatrixProduct.Batch] {
    let batch = Shape(c.shape.dropLast(2).map { $0 })
    func starts(_ view: View) -> [Int] {
      let strides = view.with(shape: Shape(view.shape.dropLast(2).map { $0 }), strides: view.strides.dropLast(2))
        .broadcast(to: batch).strides
      return offsets(batch, strides)
    }
    let bytes = c.dtype.byteCount
    return zip(zip(starts(a), starts(b)), starts(c)).map {
      MatrixProduct.Batch(a: bytes * $0.0, b: bytes * $0.1, c: bytes * $1)
    }
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
