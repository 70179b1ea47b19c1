import LAPACKShim

/// The factors l and u of a square matrix with exchanged rows, a[order] = l u, in one matrix, whose last columns are the
/// order, and −1 for each exchange of rows, 1 elsewhere. The diagonal of ones of l is left out.
///
/// operands: a [..., n, n] → [..., n, n + 2]
struct LU: MatrixOperation {
  var name: String { "lu" }
  var routine: backprop_matrix_routine { BACKPROP_LU }
  func size(rows m: Int, columns n: Int, others k: Int) -> (Int, Int) { (n, n + 2) }

  /// pᵀ l⁻ᵀ m u⁻ᵀ, where p are the exchanges and m is the strict lower triangle of lᵀ ∂l and the upper one of ∂u uᵀ.
  func gradients(_ step: BackwardStep) -> [Tensor?] {
    let n = step.operands[0].shape[-1]
    let (packed, upstream) = (step.results[0], step.upstream[.ellipsis, ..<n])
    let factors = LUFactors(packed: packed)
    let inner =
      factors.lower.transposed.matmul(upstream.tril(diagonal: -1)).tril(diagonal: -1)
      + upstream.triu().matmul(factors.upper.transposed).triu()
    let left = Tensor.record(SolveTriangular(isUpper: true, isUnit: true), [factors.lower.transposed, inner])
    let right = Tensor.record(SolveTriangular(isUpper: true, givesNaN: true), [factors.upper, left.transposed])
    return [factors.permutationMatrix.transposed.matmul(right.transposed)]
  }

  func result(_ a: Matrix, _ b: Matrix?) -> Matrix {
    let (factors, order, signs) = a.eliminated()
    var result = Matrix(a.rows, a.rows + 2)
    for i in 0..<a.rows {
      for j in 0..<a.rows { result[i, j] = factors[i, j] }
      (result[i, a.rows], result[i, a.rows + 1]) = (Double(order[i]), signs[i])
    }
    return result
  }
}

/// The factors of square matrices a [..., n, n] after exchanges of rows: see `Tensor.lu()`.
public struct LUFactors: Sendable {
  /// l, u, the order of the rows, and the exchanges: [..., n, n + 2].
  let packed: Tensor
  private var size: Int { packed.shape[-2] }
  private var both: Tensor { packed[.ellipsis, ..<size] }

  /// The lower triangles l, with ones on the diagonal: [..., n, n].
  public var lower: Tensor { both.tril(diagonal: -1) + .eye(size, dtype: packed.dtype) }
  /// The upper triangles u: [..., n, n].
  public var upper: Tensor { both.triu() }
  /// Which row of a each row of l u is: int32 [..., n].
  public var permutation: Tensor { packed[.ellipsis, size].cast(to: .int32) }
  /// The matrices p with p a = l u: [..., n, n].
  public var permutationMatrix: Tensor { permutation.oneHot(classes: size, dtype: packed.dtype) }
  /// 1, or −1 where the number of exchanges is odd: [...].
  var parity: Tensor { packed[.ellipsis, size + 1].stoppingGradient().product(axes: [-1]) }
  /// The determinants, by the product of the diagonal of u: [...].
  var determinant: Tensor { parity * both.diagonal().product(axes: [-1]) }

  /// The solutions x of a x = b; shapes and errors as of `Tensor.solve`. Costs 2 n² operations a right side, so that the
  /// factors serve for many of them.
  public func solve(_ b: Tensor, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    both.columns(of: b) { b in
      let exchanged = permutationMatrix.matmul(b, file: file, line: line)
      let inner = both.solveTriangular(exchanged, isUpper: false, isUnit: true, file: file, line: line)
      return both.solveTriangular(inner, isUpper: true, file: file, line: line)
    }
  }
}

/// The determinant of a square matrix, by its LU factors.
///
/// operands: a [..., n, n] → [...]
struct Determinant: CompositeOperation {
  func types(of operands: [TensorType]) throws(TensorError) -> [TensorType] { [try determinantType(operands)] }

  /// u y a⁻ᵀ; NaN where a is singular.
  func gradients(_ step: BackwardStep) -> [Tensor?] {
    let factor = (step.upstream * step.results[0]).unsqueezed(axis: -1).unsqueezed(axis: -1)
    return [factor * step.operands[0].inverse(givesNaN: true).transposed]
  }

  func definition(_ operands: [Tensor]) -> [Tensor] {
    [LUFactors(packed: .record(LU(), operands)).determinant]
  }
}

/// The sign of the determinant of a square matrix, and the logarithm of its magnitude, by its LU factors.
///
/// operands: a [..., n, n] → sign [...], logarithm [...]
struct LogDeterminant: CompositeOperation {
  var resultCount: Int { 2 }

  func types(of operands: [TensorType]) throws(TensorError) -> [TensorType] {
    let type = try determinantType(operands)
    return [type, type]
  }

  /// u a⁻ᵀ of the logarithm, NaN where a is singular; the sign is constant.
  func gradients(_ step: BackwardStep) -> [Tensor?] {
    guard let upstream = step.upstreams[1] else { return [nil] }
    let factor = upstream.unsqueezed(axis: -1).unsqueezed(axis: -1)
    return [factor * step.operands[0].inverse(givesNaN: true).transposed]
  }

  func definition(_ operands: [Tensor]) -> [Tensor] {
    let factors = LUFactors(packed: .record(LU(), operands))
    let diagonal = factors.upper.diagonal()
    return [
      factors.parity * diagonal.sign().product(axes: [-1]), diagonal.abs().log().sum(axes: [-1]),
    ]
  }
}

private func determinantType(_ operands: [TensorType]) throws(TensorError) -> TensorType {
  TensorType(Shape(try LU().types(of: operands)[0].shape.dropLast(2)), operands[0].dtype)
}

extension Tensor {
  /// The LU factors of square matrices a [..., n, n], also of singular ones: p a = l u, where p exchanges rows so that no
  /// element of l exceeds 1.
  ///
  /// Source of the gradient: de Hoog, Anderssen & Lukas, "Differentiation of matrix functionals using triangular
  /// factorization", Mathematics of Computation 80 (2011).
  public func lu(file: StaticString = #fileID, line: UInt = #line) -> LUFactors {
    LUFactors(packed: .record(LU(), [self], CallSite(file, line)))
  }

  /// The determinants of square matrices [..., n, n]: [...]; 1 of no rows. The gradient, det(a) a⁻ᵀ, is NaN where a matrix
  /// is singular. Large matrices leave the range of floats: see `logDeterminant()`.
  public func determinant(file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    .record(Determinant(), [self], CallSite(file, line))
  }

  /// The signs of the determinants of square matrices [..., n, n], and the logarithms of their magnitudes: both [...]. Of a
  /// singular matrix 0 and minus infinity. The gradient of the logarithm is a⁻ᵀ.
  public func logDeterminant(
    file: StaticString = #fileID, line: UInt = #line
  ) -> (sign: Tensor, logarithm: Tensor) {
    let results = Tensor.recordAll(LogDeterminant(), [self], CallSite(file, line))
    return (results[0], results[1])
  }
}
