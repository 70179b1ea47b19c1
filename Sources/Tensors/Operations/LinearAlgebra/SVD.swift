import LAPACKShim

/// The singular value decomposition a = u s vᵀ with k = min(m, n): the singular values from the greatest on, above u [m, k]
/// and v [n, k]. The component of greatest magnitude of each column of v is positive.
///
/// operands: a [..., m, n] → [..., 1 + m + n, k]
struct SVD: MatrixOperation {
  var name: String { "svd" }
  var routine: backprop_matrix_routine { BACKPROP_SVD }
  var flaw: String { "has no singular value decomposition that converges" }
  var isForSquare: Bool { false }
  func size(rows m: Int, columns n: Int, others k: Int) -> (Int, Int) { (1 + m + n, min(m, n)) }

  /// u (∂s + (f ∘ (uᵀ∂u − ∂uᵀu)) s + s (f ∘ (vᵀ∂v − ∂vᵀv))) vᵀ with f = 1 / (sⱼ² − sᵢ²), 0 on the diagonal, and what of ∂u and
  /// ∂v is not among the columns of u and v.
  func gradients(_ step: BackwardStep) -> [Tensor?] {
    let (m, n) = (step.operands[0].shape[-2], step.operands[0].shape[-1])
    let (y, upstream) = (SVDParts(step.results[0], m), SVDParts(step.upstream, m))
    let (row, column) = (y.values.unsqueezed(axis: -2), y.values.unsqueezed(axis: -1))
    let factors = differenceFactors(y.values.square())
    func rotation(_ x: Tensor, _ dx: Tensor) -> Tensor {
      let product = x.transposed.matmul(dx)
      return factors * (product - product.transposed)
    }
    /// What is not among the columns of x, divided by the singular values.
    func outside(_ x: Tensor, _ dx: Tensor) -> Tensor { (dx - x.matmul(x.transposed.matmul(dx))) / row }
    var inner = rotation(y.u, upstream.u) * row + column * rotation(y.v, upstream.v) + upstream.values.diagonalMatrix()
    inner = inner.matmul(y.v.transposed)
    if n > y.count { inner = inner + outside(y.v, upstream.v).transposed }
    var result = y.u.matmul(inner)
    if m > y.count { result = result + outside(y.u, upstream.u).matmul(y.v.transposed) }
    return [result]
  }

  /// Jacobi's rotations of pairs of columns until all are perpendicular.
  func result(_ a: Matrix, _ b: Matrix?) -> Matrix {
    let isWide = a.columns > a.rows
    var x = isWide ? a.transposed : a
    var v = Matrix.identity(x.columns)
    for _ in 0..<60 {
      for p in 0..<x.columns {
        for q in (p + 1)..<max(x.columns, p + 1) {
          guard let (cosine, sine) = Matrix.rotation(x.dot(p, p), x.dot(q, q), x.dot(p, q)) else { continue }
          x.rotateColumns(p, q, cosine: cosine, sine: sine)
          v.rotateColumns(p, q, cosine: cosine, sine: sine)
        }
      }
    }
    let norms = (0..<x.columns).map { x.dot($0, $0).squareRoot() }
    for j in norms.indices { for i in 0..<x.rows { x[i, j] /= norms[j] } }
    let order = norms.indices.sorted { norms[$0] > norms[$1] }
    let (left, right) = isWide ? (v, x) : (x, v)
    return Matrix(1, order.count, order.map { norms[$0] }).above(
      left.columns(order, signsOf: right), right.columns(order, signsOf: right))
  }
}

/// 1 / (xⱼ − xᵢ) of each pair, 0 on the diagonal: [..., n] → [..., n, n].
func differenceFactors(_ x: Tensor) -> Tensor {
  let isDiagonal = Tensor.eye(x.shape[-1], dtype: .bool)
  let (zero, one) = (Tensor.fill(0, [], x.dtype), Tensor.fill(1, [], x.dtype))
  let differences = x.unsqueezed(axis: -2) - x.unsqueezed(axis: -1)
  return .where(isDiagonal, zero, one / .where(isDiagonal, one, differences))
}

/// The singular values [..., k], and the vectors u [..., m, k] and v [..., n, k] of matrices with m rows.
private struct SVDParts {
  let values: Tensor, u: Tensor, v: Tensor
  var count: Int { values.shape[-1] }

  init(_ packed: Tensor, _ m: Int) {
    values = packed[.ellipsis, 0, 0...]
    u = packed[.ellipsis, 1..<(1 + m), 0...]
    v = packed[.ellipsis, (1 + m)..., 0...]
  }
}

/// The singular values of matrices from the greatest on, whose gradient is also known where they are equal.
///
/// operands: a [..., m, n] → [..., min(m, n)]
struct SingularValues: CompositeOperation {
  func types(of operands: [TensorType]) throws(TensorError) -> [TensorType] {
    let packed = try SVD().types(of: operands)[0].shape
    return [TensorType(Shape(packed.dropLast(2) + [packed[-1]]), operands[0].dtype)]
  }

  /// (u of each singular value) times left · right vectorᵀ.
  func gradients(_ step: BackwardStep) -> [Tensor?] {
    let parts = SVDParts(.record(SVD(), step.operands), step.operands[0].shape[-2])
    return [(parts.u * step.upstream.unsqueezed(axis: -2)).matmul(parts.v.transposed)]
  }

  func definition(_ operands: [Tensor]) -> [Tensor] {
    [SVDParts(.record(SVD(), operands), operands[0].shape[-2]).values]
  }
}

/// The Moore–Penrose inverse v s⁺ uᵀ, where s⁺ has the reciprocals of the singular values above `tolerance` times the
/// greatest.
///
/// operands: a [..., m, n] → [..., n, m]
struct PseudoInverse: CompositeOperation {
  let tolerance: Constant

  func types(of operands: [TensorType]) throws(TensorError) -> [TensorType] {
    _ = try SVD().types(of: operands)
    return [
      TensorType(
        Shape(operands[0].shape.dropLast(2) + [operands[0].shape[-1], operands[0].shape[-2]]), operands[0].dtype)
    ]
  }

  /// −yᵀ u yᵀ + (1 − a y) uᵀ y yᵀ + yᵀ y uᵀ (1 − y a), as long as the rank does not change.
  func gradients(_ step: BackwardStep) -> [Tensor?] {
    let (a, y, up) = (step.operands[0], step.results[0], step.upstream)
    let (yt, upt) = (y.transposed, up.transposed)
    let left = upt.matmul(y).matmul(yt)
    let right = yt.matmul(y).matmul(upt)
    return [
      left - a.matmul(y).matmul(left) + right - right.matmul(y).matmul(a) - yt.matmul(up).matmul(yt)
    ]
  }

  func definition(_ operands: [Tensor]) -> [Tensor] {
    let parts = SVDParts(.record(SVD(), operands), operands[0].shape[-2])
    guard parts.count > 0 else {
      return [.zeros(Shape(operands[0].transposed.shape.dimensions), dtype: operands[0].dtype)]
    }
    let (zero, one) = (Tensor.fill(0, [], operands[0].dtype), Tensor.fill(1, [], operands[0].dtype))
    let limit = parts.values.max(axes: [-1], keepingAxes: true) * .fill(tolerance.value)
    let isIn = parts.values.greater(than: limit)
    let reciprocals = Tensor.where(isIn, one / .where(isIn, parts.values, one), zero)
    return [(parts.v * reciprocals.unsqueezed(axis: -2)).matmul(parts.u.transposed)]
  }
}

extension Tensor {
  /// The thin singular value decomposition of matrices a [..., m, n] = u s vᵀ: u [..., m, k] and v [..., n, k] with orthonormal
  /// columns, and the singular values [..., k] from the greatest on, k = min(m, n).
  ///
  /// Unlike elsewhere the signs of the vectors are fixed: the component of greatest magnitude of each column of v is
  /// positive. The gradient of the vectors is not finite where two singular values are equal, or where one is 0 and a is not square; that
  /// of `singularValues()` always is.
  ///
  /// Source of the gradient: Townsend, "Differentiating the Singular Value Decomposition", 2016.
  public func svd(
    file: StaticString = #fileID, line: UInt = #line
  ) -> (u: Tensor, singularValues: Tensor, v: Tensor) {
    let packed = Tensor.record(SVD(), [self], CallSite(file, line))
    guard packed.failure == nil else { return (packed, packed, packed) }
    let parts = SVDParts(packed, shape[-2])
    return (parts.u, parts.values, parts.v)
  }

  /// The singular values of matrices [..., m, n] from the greatest on: [..., min(m, n)].
  public func singularValues(file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    .record(SingularValues(), [self], CallSite(file, line))
  }

  /// The Moore–Penrose inverses of matrices [..., m, n]: [..., n, m]. Singular values of at most `tolerance` times the greatest
  /// count as 0; by default max(m, n) times the distance from 1 to the next number.
  ///
  /// Source of the gradient: Golub & Pereyra, "The Differentiation of Pseudo-Inverses and Nonlinear Least Squares
  /// Problems Whose Variables Separate", SIAM Journal on Numerical Analysis 10 (1973).
  public func pseudoInverse(
    tolerance: Double? = nil, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    .record(PseudoInverse(tolerance: Constant(rankTolerance(tolerance))), [self], CallSite(file, line))
  }

  /// The x [..., n, k] that minimize |a x − b|² for matrices a [..., m, n], which this tensor holds, and b [..., m, k] or one
  /// vector [m]; of several those with the least |x|. `tolerance` as for `pseudoInverse`.
  public func leastSquares(
    _ b: Tensor, tolerance: Double? = nil, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    columns(of: b) { pseudoInverse(tolerance: tolerance, file: file, line: line).matmul($0, file: file, line: line) }
  }

  /// How many singular values of matrices [..., m, n] are above `tolerance` times the greatest: int32 [...]; the default as for
  /// `pseudoInverse`.
  public func matrixRank(
    tolerance: Double? = nil, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    let values = singularValues(file: file, line: line)
    guard values.failure == nil, values.shape[-1] > 0 else {
      return values.failure == nil ? .zeros(Shape(values.shape.dropLast()), dtype: .int32) : values
    }
    let limit = values.max(axes: [-1], keepingAxes: true) * .fill(rankTolerance(tolerance))
    return values.greater(than: limit).cast(to: .int32).sum(axes: [-1])
  }

  /// The greatest singular value of matrices [..., m, n] over the least: [...]; how much an error of b can grow in a x = b.
  public func conditionNumber(file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    let values = singularValues(file: file, line: line)
    guard values.failure == nil else { return values }
    return values.max(axes: [-1], file: file, line: line) / values.min(axes: [-1], file: file, line: line)
  }

  private func rankTolerance(_ tolerance: Double?) -> Double {
    tolerance
      ?? Double(Swift.max(shape[-2], shape[-1])) * (dtype == .float64 ? Double.ulpOfOne : Double(Float.ulpOfOne))
  }
}
