@testable import Tensors

/// Systems of equations, factors and functions of matrices.
let linearAlgebraCases: [OperationCase] = systemCases + factorCases + functionCases

/// 1, 2, 3, … on the diagonal and small numbers elsewhere: far from singular, with different singular values.
private func regular(_ x: Tensor) -> Tensor {
  let size = Swift.min(x.shape[-1], x.shape[-2])
  let diagonal = (0..<size).map { Float($0 + 1) }
  let spread = Tensor(diagonal, shape: [size, 1]).cast(to: x.dtype) * .eye(size, dtype: x.dtype)
  let rest = [x.shape[-2] - size, x.shape[-1] - size]
  return 0.2 * x + spread.padded(before: [0, 0], after: rest)
}
/// The same, symmetric and positive definite.
private func symmetric(_ x: Tensor) -> Tensor { 0.5 * (regular(x) + regular(x).transposed) }

private let systemCases: [OperationCase] = [
  OperationCase("solve", [3, 3], [3, 2]) { regular($0[0]).solve($0[1]) },
  OperationCase("solve one", [1, 1], [1, 3]) { regular($0[0]).solve($0[1]) },
  OperationCase("solve for a vector", [4, 4], [4]) { regular($0[0]).solve($0[1]) },
  OperationCase("solve batches", [2, 1, 3, 3], [2, 3, 1]) { regular($0[0]).solve($0[1]) },
  OperationCase("solve transposed", [3, 3], [2, 3]) { regular($0[0]).transposed.solve($0[1].transposed) },
  OperationCase("solve for nothing", [2, 2], [2, 0]) { regular($0[0]).solve($0[1]) },
  OperationCase("solve no equations", [0, 0], [0, 2]) { $0[0].solve($0[1]) },
  OperationCase("solve no batches", [0, 2, 2], [2, 1]) { regular($0[0]).solve($0[1]) },
  OperationCase("solveTriangular below", [3, 3], [3, 2]) { regular($0[0]).solveTriangular($0[1], isUpper: false) },
  OperationCase("solveTriangular above", [2, 3, 3], [3]) { regular($0[0]).solveTriangular($0[1], isUpper: true) },
  OperationCase("solveTriangular with ones", [4, 4], [4, 2]) {
    $0[0].solveTriangular($0[1], isUpper: false, isUnit: true)
  },
  OperationCase("solveTriangular above with ones", [3, 3], [3, 2]) {
    $0[0].solveTriangular($0[1], isUpper: true, isUnit: true)
  },
  OperationCase("choleskySolve", [3, 3], [3, 2]) { symmetric($0[0]).cholesky().choleskySolve($0[1]) },
  OperationCase("inverse", [2, 3, 3]) { regular($0[0]).inverse() },
  OperationCase("leastSquares", [4, 2], [4, 3]) { regular($0[0]).leastSquares($0[1]) },
  OperationCase("leastSquares of a wide matrix", [2, 4], [2]) { regular($0[0]).leastSquares($0[1]) },
  OperationCase("tensorSolve", [2, 3, 6], [2, 3]) {
    ($0[0].reshaped(to: [6, 6]) + 4 * .eye(6, dtype: $0[0].dtype)).reshaped(to: [2, 3, 6]).tensorSolve($0[1])
  },
  OperationCase("tensorInverse", [4, 2, 2]) {
    ($0[0].reshaped(to: [4, 4]) + 3 * .eye(4, dtype: $0[0].dtype)).reshaped(to: [4, 2, 2]).tensorInverse(count: 1)
  },
]

private let factorCases: [OperationCase] = [
  // Not of the factor itself, the sum of whose squares is linear.
  OperationCase("cholesky", [4, 4]) { symmetric($0[0]).cholesky().sin() },
  OperationCase("cholesky of batches", [2, 2, 2]) { symmetric($0[0]).cholesky().sin() },
  OperationCase("cholesky of nothing", [0, 0]) { $0[0].cholesky() },
  OperationCase("lu", [4, 4]) {
    let factors = $0[0].lu()
    return factors.lower + 0.5 * factors.upper.transposed
  },
  OperationCase("lu, solve", [2, 3, 3], [3, 2]) { regular($0[0]).lu().solve($0[1]) },
  OperationCase("qr", [3, 3]) {
    let (q, r) = regular($0[0]).qr()
    return q + 0.5 * r
  },
  OperationCase("qr of a tall matrix", [2, 4, 2]) {
    let (q, r) = regular($0[0]).qr()
    return q.square() + 0.5 * r.sum(axes: [-2, -1], keepingAxes: true)
  },
  OperationCase("qr of a wide matrix", [2, 4]) {
    let (q, r) = regular($0[0]).qr()
    return q.matmul(r.square())
  },
  OperationCase("qr of nothing", [3, 0]) { $0[0].qr().q },
  OperationCase("svd", [3, 3]) {
    let (u, values, v) = regular($0[0]).svd()
    return u * values.unsqueezed(axis: -2) + 0.5 * v.transposed
  },
  OperationCase("svd of a tall matrix", [2, 4, 2]) {
    let (u, values, v) = regular($0[0]).svd()
    return u.square() + values.unsqueezed(axis: -2) * v.sum(axes: [-2, -1], keepingAxes: true)
  },
  OperationCase("svd of a wide matrix", [2, 4]) {
    let (u, values, v) = regular($0[0]).svd()
    return v.square() + values.unsqueezed(axis: -2) * u.sum()
  },
  OperationCase("eigh", [3, 3]) {
    let (values, vectors) = symmetric($0[0]).eigh()
    return vectors + values.unsqueezed(axis: -1)
  },
  OperationCase("eigh of batches", [2, 2, 2]) { symmetric($0[0]).eigh().eigenvectors },
  OperationCase("polarFactors", [4, 3]) {
    let (u, p) = regular($0[0]).polarFactors()
    return u + p.sum(axes: [0])
  },
]

private let functionCases: [OperationCase] = [
  OperationCase("determinant", [2, 3, 3]) { regular($0[0]).determinant() },
  OperationCase("determinant of nothing", [0, 0]) { $0[0].determinant() },
  OperationCase("logDeterminant", [2, 3, 3]) {
    let (sign, logarithm) = (-regular($0[0])).logDeterminant()
    return sign + logarithm
  },
  OperationCase("singularValues", [3, 2]) { $0[0].singularValues() },
  OperationCase("singularValues of nothing", [3, 0]) { $0[0].singularValues() },
  OperationCase("eigvalsh", [2, 3, 3]) { symmetric($0[0]).eigvalsh() },
  OperationCase("pseudoInverse", [4, 2]) { regular($0[0]).pseudoInverse() },
  OperationCase("pseudoInverse of a wide matrix", [2, 3]) { regular($0[0]).pseudoInverse() },
  OperationCase("pseudoInverse of lower rank", [4, 2], [2, 3]) {
    regular($0[0]).matmul(regular($0[1])).pseudoInverse(tolerance: 1e-4)
  },
  OperationCase("matrixExp", [3, 3]) { $0[0].matrixExp() },
  OperationCase("matrixExp of batches", [2, 2, 2]) { (2 * $0[0]).matrixExp() },
  OperationCase("matrixPower", [2, 2]) { $0[0].matrixPower(5) },
  OperationCase("matrixPower below 0", [2, 3, 3]) { regular($0[0]).matrixPower(-2) },
  OperationCase("matrixPower 0", [2, 2]) { $0[0].matrixPower(0) + $0[0] },
  OperationCase("matrixSquareRoot", [3, 3]) { symmetric($0[0]).matrixSquareRoot().sin() },
  OperationCase("conditionNumber", [3, 3]) { regular($0[0]).conditionNumber() },
  OperationCase("matrixNorm", [2, 3]) { x in
    Tensor.stacked(MatrixNorm.allCases.map { regular(x[0]).matrixNorm($0) })
  },
  OperationCase("vecdot", [2, 3], [3]) { $0[0].vecdot($0[1]) },
  OperationCase("multiDot", [3], [3, 2], [2, 5], [5]) { Tensor.multiDot($0) },
  OperationCase("vandermonde", [2, 3]) { $0[0].vandermonde(columns: 4) },
  OperationCase("diagonalMatrix", [2, 3]) { $0[0].diagonalMatrix().square() },
]
