import LAPACKShim

/// The factors of a = q r, q's columns orthonormal and r an upper triangle without negative numbers on its diagonal: q [m, k]
/// above rᵀ [n, k], with k = min(m, n).
///
/// operands: a [..., m, n] → [..., m + n, k]
struct QR: MatrixOperation {
  var name: String { "qr" }
  var routine: backprop_matrix_routine { BACKPROP_QR }
  var isForSquare: Bool { false }
  func size(rows m: Int, columns n: Int, others k: Int) -> (Int, Int) { (m + n, min(m, n)) }

  /// (∂q + q c) r⁻ᵀ, where c is the lower triangle of r ∂rᵀ − ∂qᵀ q, mirrored upwards. What is right of a square part of r is
  /// a product with q, and adds to its gradient.
  func gradients(_ step: BackwardStep) -> [Tensor?] {
    let (m, n) = (step.operands[0].shape[-2], step.operands[0].shape[-1])
    let k = Swift.min(m, n)
    func parts(_ packed: Tensor) -> (q: Tensor, r: Tensor) {
      (packed[.ellipsis, ..<m, 0...], packed[.ellipsis, m..., 0...].transposed)
    }
    let ((q, r), (dq, dr)) = (parts(step.results[0]), parts(step.upstream))
    let (square, rest) = (r[.ellipsis, ..<k], dr[.ellipsis, k...])
    let whole = n > k ? dq + step.operands[0][.ellipsis, k...].matmul(rest.transposed) : dq
    let inner = square.matmul(dr[.ellipsis, ..<k].triu().transposed) - whole.transposed.matmul(q)
    let mirrored = inner.tril() + inner.tril(diagonal: -1).transposed
    let left = whole + q.matmul(mirrored)
    let solved = Tensor.record(SolveTriangular(isUpper: true, givesNaN: true), [square, left.transposed]).transposed
    return [n > k ? .concatenated([solved, q.matmul(rest)], axis: -1) : solved]
  }

  /// Gram and Schmidt's process, twice.
  func result(_ a: Matrix, _ b: Matrix?) -> Matrix {
    let k = min(a.rows, a.columns)
    var q = Matrix(a.rows, k)
    for j in 0..<k {
      var column = (0..<a.rows).map { a[$0, j] }
      for _ in 0..<2 {
        for other in 0..<j {
          let product = column.indices.reduce(0) { $0 + q[$1, other] * column[$1] }
          for i in column.indices { column[i] -= product * q[i, other] }
        }
      }
      let norm = column.reduce(0) { $0 + $1 * $1 }.squareRoot()
      for i in column.indices { q[i, j] = column[i] / norm }
    }
    var r = q.transposed * a
    for i in 0..<k { for j in 0..<i { r[i, j] = 0 } }
    return q.above(r.transposed)
  }
}

extension Tensor {
  /// The QR factors of matrices a [..., m, n]: q [..., m, k] with orthonormal columns and upper triangles r [..., k, n], k =
  /// min(m, n), with a = q r.
  ///
  /// They are unique where the first k columns are independent, as the diagonal of r has no negative numbers, unlike NumPy's;
  /// elsewhere there is no gradient (NaN).
  ///
  /// Source of the gradient: Walter, Lehmann & Lamour, "On evaluating higher-order derivatives of the QR decomposition of
  /// tall matrices with full column rank in forward and reverse mode algorithmic differentiation", Optimization Methods
  /// and Software 27 (2012).
  public func qr(file: StaticString = #fileID, line: UInt = #line) -> (q: Tensor, r: Tensor) {
    let packed = Tensor.record(QR(), [self], CallSite(file, line))
    guard packed.failure == nil else { return (packed, packed) }
    return (packed[.ellipsis, ..<shape[-2], 0...], packed[.ellipsis, shape[-2]..., 0...].transposed)
  }
}
