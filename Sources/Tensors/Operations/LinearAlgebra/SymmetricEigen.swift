import LAPACKShim

/// The eigenvalues of a symmetric matrix in ascending order, above its orthonormal eigenvectors in columns; from the lower
/// triangle alone. The component of greatest magnitude of each vector is positive.
///
/// operands: a [..., n, n] → [..., 1 + n, n]
struct SymmetricEigen: MatrixOperation {
  var routine: backprop_matrix_routine { BACKPROP_EIGH }
  var flaw: String { "has no eigenvalues that converge" }
  func size(rows m: Int, columns n: Int, others k: Int) -> (Int, Int) { (1 + n, n) }

  /// v (∂w + f ∘ (vᵀ ∂v)) vᵀ with f = 1 / (wⱼ − wᵢ), 0 on the diagonal, made symmetric.
  func gradients(_ step: BackwardStep) -> [Tensor?] {
    func parts(_ packed: Tensor) -> (Tensor, Tensor) { (packed[.ellipsis, 0, 0...], packed[.ellipsis, 1..., 0...]) }
    let ((values, v), (dvalues, dv)) = (parts(step.results[0]), parts(step.upstream))
    let inner = dvalues.diagonalMatrix() + differenceFactors(values) * v.transposed.matmul(dv)
    let whole = v.matmul(inner).matmul(v.transposed)
    return [0.5 * (whole + whole.transposed)]
  }

  /// Jacobi's rotations of pairs of rows and columns until all other elements than the diagonal's are 0.
  func result(_ a: Matrix, _ b: Matrix?) -> Matrix {
    var (x, v) = (a, Matrix.identity(a.rows))
    for i in 0..<a.rows { for j in 0..<i { x[j, i] = x[i, j] } }
    for _ in 0..<60 {
      for p in 0..<x.rows {
        for q in (p + 1)..<max(x.rows, p + 1) {
          guard x[p, q] != 0, abs(x[p, q]) > 1e-18 * (abs(x[p, p]) + abs(x[q, q])),
            let (cosine, sine) = Matrix.rotation(x[p, p], x[q, q], x[p, q])
          else { continue }
          x.rotateColumns(p, q, cosine: cosine, sine: sine)
          x = x.transposed
          x.rotateColumns(p, q, cosine: cosine, sine: sine)
          v.rotateColumns(p, q, cosine: cosine, sine: sine)
        }
      }
    }
    let order = (0..<x.rows).sorted { x[$0, $0] < x[$1, $1] }
    return Matrix(1, x.rows, order.map { x[$0, $0] }).above(v.columns(order, signsOf: v))
  }
}

/// The eigenvalues of a symmetric matrix in ascending order, whose gradient is also known where they are equal.
///
/// operands: a [..., n, n] → [..., n]
struct SymmetricEigenvalues: CompositeOperation {
  func types(of operands: [TensorType]) throws(TensorError) -> [TensorType] {
    _ = try SymmetricEigen().types(of: operands)
    return [TensorType(Shape(operands[0].shape.dropLast()), operands[0].dtype)]
  }

  /// v ∂w vᵀ.
  func gradients(_ step: BackwardStep) -> [Tensor?] {
    let v = Tensor.record(SymmetricEigen(), step.operands)[.ellipsis, 1..., 0...]
    return [(v * step.upstream.unsqueezed(axis: -2)).matmul(v.transposed)]
  }

  func definition(_ operands: [Tensor]) -> [Tensor] { [Tensor.record(SymmetricEigen(), operands)[.ellipsis, 0, 0...]] }
}

extension Tensor {
  /// The eigenvalues [..., n] of symmetric matrices [..., n, n] in ascending order, and their orthonormal eigenvectors in
  /// columns: [..., n, n]. Only the lower triangles are looked at; the gradient is symmetric.
  ///
  /// Unlike elsewhere the signs of the vectors are fixed: the component of greatest magnitude of each is positive. The gradient of the
  /// vectors is not finite where two eigenvalues are equal; that of `eigvalsh()` always is.
  ///
  /// Source of the gradient: Giles, "Collected Matrix Derivative Results for Forward and Reverse Mode Algorithmic
  /// Differentiation", 2008, section 3.1.
  public func eigh(
    file: StaticString = #fileID, line: UInt = #line
  ) -> (eigenvalues: Tensor, eigenvectors: Tensor) {
    let packed = Tensor.record(SymmetricEigen(), [self], CallSite(file, line))
    guard packed.failure == nil else { return (packed, packed) }
    return (packed[.ellipsis, 0, 0...], packed[.ellipsis, 1..., 0...])
  }

  /// The eigenvalues of symmetric matrices [..., n, n] in ascending order: [..., n].
  public func eigvalsh(file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    .record(SymmetricEigenvalues(), [self], CallSite(file, line))
  }

  /// The symmetric square roots of symmetric matrices [..., n, n] without negative eigenvalues; NaN of others.
  public func matrixSquareRoot(file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    let (values, vectors) = eigh(file: file, line: line)
    guard values.failure == nil else { return values }
    return (vectors * values.sqrt().unsqueezed(axis: -2)).matmul(vectors.transposed)
  }

  /// The factors of matrices [..., m, n] = u p, m ≥ n: u with orthonormal columns [..., m, n], and p symmetric without
  /// negative eigenvalues [..., n, n].
  public func polarFactors(
    file: StaticString = #fileID, line: UInt = #line
  ) -> (orthogonal: Tensor, symmetric: Tensor) {
    let (u, values, v) = svd(file: file, line: line)
    guard u.failure == nil else { return (u, u) }
    return (u.matmul(v.transposed), (v * values.unsqueezed(axis: -2)).matmul(v.transposed))
  }
}
