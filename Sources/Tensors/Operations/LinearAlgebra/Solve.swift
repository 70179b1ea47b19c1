import LAPACKShim

/// The solution x of a x = b, by Gauss's elimination with exchanges of rows.
///
/// operands: a [..., n, n], b [..., n, k] → [..., n, k]
struct Solve: MatrixOperation {
  var givesNaN = false
  var routine: backprop_matrix_routine { BACKPROP_SOLVE }
  var flaw: String { "is singular, so that there is no one solution" }
  func size(rows m: Int, columns n: Int, others k: Int) -> (Int, Int) { (n, k) }

  /// g of b and −g xᵀ of a, where aᵀ g = u.
  func gradients(_ step: BackwardStep) -> [Tensor?] {
    let g = Tensor.record(self, [step.operands[0].transposed, step.upstream])
    return [-g.matmul(step.results[0].transposed), g]
  }

  func result(_ a: Matrix, _ b: Matrix?) -> Matrix { a.solved(b ?? .identity(a.rows)) }
}

/// The solution x of t x = b for the lower or upper triangle t of a, whose diagonal is a's or ones.
///
/// operands: a [..., n, n], b [..., n, k] → [..., n, k]
struct SolveTriangular: MatrixOperation {
  let isUpper: Bool
  var isUnit = false
  var givesNaN = false
  var routine: backprop_matrix_routine {
    isUpper
      ? isUnit ? BACKPROP_SOLVE_UPPER_UNIT : BACKPROP_SOLVE_UPPER
      : isUnit ? BACKPROP_SOLVE_LOWER_UNIT : BACKPROP_SOLVE_LOWER
  }
  var flaw: String { "has a 0 on its diagonal, so that there is no one solution" }
  func size(rows m: Int, columns n: Int, others k: Int) -> (Int, Int) { (n, k) }

  /// g of b and the triangle of −g xᵀ of a, where tᵀ g = u.
  func gradients(_ step: BackwardStep) -> [Tensor?] {
    let transposed = SolveTriangular(isUpper: !isUpper, isUnit: isUnit, givesNaN: givesNaN)
    let g = Tensor.record(transposed, [step.operands[0].transposed, step.upstream])
    let whole = -g.matmul(step.results[0].transposed)
    return [isUpper ? whole.triu(diagonal: isUnit ? 1 : 0) : whole.tril(diagonal: isUnit ? -1 : 0), g]
  }

  func result(_ a: Matrix, _ b: Matrix?) -> Matrix {
    let isSingular = !isUnit && (0..<a.rows).contains { a[$0, $0] == 0 }
    let x = a.substituted(b ?? .identity(a.rows), isUpper: isUpper, isUnit: isUnit)
    return isSingular ? x.scaled(by: .nan) : x
  }
}

extension Tensor {
  /// The solutions x of a x = b for square matrices a, which this tensor holds: [..., n, n] and right sides [..., n, k], or
  /// one vector [n], whose leading axes broadcast. The solutions have the right sides' shape.
  ///
  /// n³ · 2/3 operations a matrix: better, and more accurate, than a product with the inverse. A singular matrix is an error
  /// when values are requested, or, with `givesNaN`, its solution is NaN. float32 or float64, here as in all of linear algebra.
  ///
  /// Source of the gradient: Giles, "Collected Matrix Derivative Results for Forward and Reverse Mode Algorithmic
  /// Differentiation", 2008, section 2.3.1.
  public func solve(
    _ b: Tensor, givesNaN: Bool = false, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    columns(of: b) { matrices(Solve(givesNaN: givesNaN), $0, CallSite(file, line)) }
  }

  /// The solutions x of t x = b for the lower, or upper, triangles t of square matrices, which this tensor holds: what is
  /// in the other triangle is not looked at. `isUnit`: ones stand for the diagonal, too. Shapes as for `solve`.
  ///
  /// n² operations a matrix and right side. A 0 on the diagonal is an error when values are requested, or, with `givesNaN`, gives NaN.
  public func solveTriangular(
    _ b: Tensor, isUpper: Bool, isUnit: Bool = false, givesNaN: Bool = false, file: StaticString = #fileID,
    line: UInt = #line
  ) -> Tensor {
    columns(of: b) {
      matrices(SolveTriangular(isUpper: isUpper, isUnit: isUnit, givesNaN: givesNaN), $0, CallSite(file, line))
    }
  }

  /// The solutions x of l lᵀ x = b, where this tensor is the factor l of `cholesky()`. Shapes as for `solve`; half the work.
  public func choleskySolve(_ b: Tensor, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    transposed.solveTriangular(
      solveTriangular(b, isUpper: false, file: file, line: line), isUpper: true, file: file, line: line)
  }

  /// The inverses of square matrices [..., n, n]. `solve` is better where the inverse is only multiplied by something.
  ///
  /// A singular matrix is an error when values are requested, or, with `givesNaN`, its inverse is NaN.
  public func inverse(givesNaN: Bool = false, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    solve(.eye(shape[-1], dtype: dtype.isDifferentiable ? dtype : .float32), givesNaN: givesNaN, file: file, line: line)
  }

  /// Calls `body` with b as matrices; a vector is one column.
  func columns(of b: Tensor, _ body: (Tensor) -> Tensor) -> Tensor {
    guard b.failure == nil, b.shape.rank == 1 else { return body(b) }
    let solved = body(b.unsqueezed(axis: 1))
    return solved.failure == nil ? solved.squeezed(axes: [-1]) : solved
  }

  /// The matrices with these elements on the diagonal and 0 elsewhere: [..., n] → [..., n, n].
  public func diagonalMatrix(file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    checked(CallSite(file, line)) { () throws(TensorError) in
      guard shape.rank >= 1, dtype.isDifferentiable else {
        throw TensorError("diagonalMatrix: needs float32 or float64 [..., n], not \(type)")
      }
      return unsqueezed(axis: -1) * .eye(shape[-1], dtype: dtype)
    }
  }
}
