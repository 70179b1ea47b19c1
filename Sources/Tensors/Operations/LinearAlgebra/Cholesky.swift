import LAPACKShim

/// The lower triangle l with a positive diagonal and l lᵀ = a, from the lower triangle of a symmetric matrix a.
///
/// operands: a [..., n, n] → [..., n, n]
struct Cholesky: MatrixOperation {
  var givesNaN = false
  var routine: backprop_matrix_routine { BACKPROP_CHOLESKY }
  var flaw: String { "is not positive definite" }
  func size(rows m: Int, columns n: Int, others k: Int) -> (Int, Int) { (n, n) }

  /// (s + sᵀ) / 2 with s = l⁻ᵀ p l⁻¹, where p is the lower triangle of lᵀ u with half of its diagonal.
  func gradients(_ step: BackwardStep) -> [Tensor?] {
    let l = step.results[0]
    let product = l.transposed.matmul(step.upstream.tril()).tril()
    let half = product - 0.5 * product * .eye(l.shape[-1], dtype: l.dtype)
    let solve = SolveTriangular(isUpper: true, givesNaN: givesNaN)
    let left = Tensor.record(solve, [l.transposed, half])  // l⁻ᵀ p
    let s = Tensor.record(solve, [l.transposed, left.transposed])  // its transpose
    return [0.5 * (s + s.transposed)]
  }

  func result(_ a: Matrix, _ b: Matrix?) -> Matrix {
    var l = Matrix(a.rows, a.rows)
    for i in 0..<a.rows {
      for j in 0...i {
        let rest = (0..<j).reduce(a[i, j]) { $0 - l[i, $1] * l[j, $1] }
        l[i, j] = i == j ? rest.squareRoot() : rest / l[j, j]
      }
    }
    return l.values.contains(where: \.isNaN) ? l.scaled(by: .nan) : l
  }
}

extension Tensor {
  /// The Cholesky factors of symmetric, positive definite matrices a [..., n, n]: lower triangles l with positive diagonals and
  /// l lᵀ = a. Only the lower triangles of the matrices are looked at; the gradient is symmetric.
  ///
  /// A matrix that is not positive definite is an error when values are requested, or, with `givesNaN`, its factor is NaN.
  ///
  /// Source of the gradient: Murray, "Differentiation of the Cholesky decomposition", arXiv:1602.07527, 2016, equation 10.
  public func cholesky(givesNaN: Bool = false, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    .record(Cholesky(givesNaN: givesNaN), [self], CallSite(file, line))
  }
}
