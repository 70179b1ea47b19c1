import CKernels

extension Lowering {
  static let rowsWorthReordering = 256

  mutating func lowerMatmul(_ a: Int, _ b: Int, _ output: Int) throws(TensorError) {
    let shape = ir.types[output].shape
    var (left, leftTransposed, lda) = matrix(try view(a))
    var (right, rightTransposed, ldb) = matrix(try view(b))
    // A right factor is reordered once for many rows: products that read it across its rows are 10 to 40 % slower. For
    // AMX it is packed anyway.
    let onAMX = MatrixShape(m: shape[-2], n: shape[-1], k: left.shape[-1]).runsOnAMX
    if rightTransposed, shape[-2] >= Lowering.rowsWorthReordering, !onAMX {
      right = rowMajor(right)
      (right, rightTransposed, ldb) = matrix(right)
    }
    if leftTransposed, !rightTransposed, left.shape[-1] >= Lowering.rowsWorthReordering {
      if shape[-1] >= Lowering.rowsWorthReordering { (left, leftTransposed, lda) = matrix(spaced(left, down: 1)) }
      if shape[-2] >= Lowering.rowsWorthReordering { (right, rightTransposed, ldb) = matrix(spaced(right, down: 0)) }
    }
    let result = allocate(shape)
    views[output] = result
    let batch = Shape(shape.dropLast(2).map { $0 })
    func offsets(_ view: View) -> [Int] {
      let strides = View(
        buffer: 0, offset: 0, shape: Shape(view.shape.dropLast(2).map { $0 }), strides: view.strides.dropLast(2)
      ).broadcast(to: batch).strides
      var offsets = [0]
      for (size, stride) in zip(batch, strides) {
        offsets = offsets.flatMap { o in (0..<size).map { o + $0 * stride } }
      }
      return offsets
    }
    let batches = zip(zip(offsets(left), offsets(right)), offsets(result)).map { (a: $0.0, b: $0.1, c: $1) }
    steps.append(
      .matmul(
        MatrixProduct(
          shape: MatrixShape(
            m: shape[-2], n: shape[-1], k: left.shape[-1], transposeA: leftTransposed, transposeB: rightTransposed,
            lda: lda, ldb: ldb),
          a: Address(buffer: left.buffer, offset: left.offset),
          b: Address(buffer: right.buffer, offset: right.offset), c: Address(buffer: result.buffer),
          batches: batches)))
  }

  /// A view whose matrices have a unit stride along rows or, transposed, along columns.
  mutating func matrix(_ view: View) -> (View, transposed: Bool, leading: Int) {
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
