@testable import Tensors

/// The functions of the rows of `Edges/algebra.json`; see `edgeOperations`.
let algebraEdges: [String: @Sendable ([Tensor]) -> Tensor] = [
  "solve": { $0[0].solve($0[1]) },
  "solveTriangular": { $0[0].solveTriangular($0[1], isUpper: false) },
  "inverse": { $0[0].inverse() },
  "lu upper": { $0[0].lu().upper },
  "qr triangle": { $0[0].qr().r },
  "svd values": { $0[0].svd().singularValues },
  "singularValues": { $0[0].singularValues() },
  "eigh values": { $0[0].eigh().eigenvalues },
  "eigvalsh": { $0[0].eigvalsh() },
  "cholesky": { ($0[0] * .eye(2)).cholesky() },
  "logDeterminant": { $0[0].logDeterminant().logarithm },
  "determinant": { $0[0].determinant() },
  "matrixExp": { $0[0].matrixExp() },
  "pseudoInverse": { $0[0].pseudoInverse(tolerance: 1e-6) },
]
