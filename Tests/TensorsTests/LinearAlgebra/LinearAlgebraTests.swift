import Foundation
import Testing

@testable import Tensors

/// A function of matrices with NumPy's and SciPy's results in float64.
private struct MatrixCase: Decodable, Sendable, CustomTestStringConvertible {
  struct Array: Decodable, Sendable {
    var shape: [Int]
    var values: [Double]
    var tensor: Tensor { Tensor(values, shape: shape) }
  }

  var function: String
  var name: String
  var inputs: [Array]
  var results: [Array]
  var testDescription: String { "\(function), \(name)" }

  static func all() throws -> [MatrixCase] {
    struct Content: Decodable { var cases: [MatrixCase] }
    let file = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "../../Fixtures/LinearAlgebra/matrices.json").standardizedFileURL
    return try JSONDecoder().decode(Content.self, from: Data(contentsOf: file)).cases
  }

  func found(_ x: [Tensor]) throws -> [Tensor] {
    switch function {
    case "solve": return [x[0].solve(x[1])]
    case "solveTriangular": return [x[0].solveTriangular(x[1], isUpper: name.contains("upper"))]
    case "inverse": return [x[0].inverse()]
    case "cholesky": return [x[0].cholesky(), x[0].cholesky().choleskySolve(x[1])]
    case "lu":
      let factors = x[0].lu()
      return [factors.permutationMatrix.transposed, factors.lower, factors.upper]
    case "qr":
      let (q, r) = x[0].qr()
      return [q, r]
    case "svd":
      let (u, values, v) = x[0].svd()
      return [values, u, v]
    case "eigh":
      let (values, vectors) = x[0].eigh()
      return [values, vectors, x[0].matrixSquareRoot()]
    case "determinant":
      let (sign, logarithm) = x[0].logDeterminant()
      return [x[0].determinant(), sign, logarithm]
    case "pseudoInverse": return [x[0].pseudoInverse(), x[0].matrixRank().cast(to: .float64)]
    case "leastSquares": return [x[0].leastSquares(x[1])]
    case "matrixExp": return [x[0].matrixExp()]
    case "matrixPower": return [x[0].matrixPower(7), x[0].matrixPower(-3), x[0].conditionNumber()]
    case "norms": return MatrixNorm.allCases.map { x[0].matrixNorm($0) }
    case "polar":
      let (u, p) = x[0].polarFactors()
      return [u, p]
    default: throw TensorError("no such function: \(function)")
    }
  }
}

@Suite struct LinearAlgebraTests {
  @Test func thereAreAllCases() throws {
    let cases = try MatrixCase.all()
    #expect(cases.count == 55)
    #expect(Set(cases.map(\.function)).count == 15)
  }

  /// To 1e-12 of the greatest number in float64, and to 1e-4 in float32.
  @Test(arguments: try MatrixCase.all(), [DType.float64, .float32])
  private func matchesNumPy(_ example: MatrixCase, type: DType) throws {
    let found = try example.found(example.inputs.map { $0.tensor.cast(to: type) })
    #expect(found.count == example.results.count)
    for (index, (result, expected)) in zip(found, example.results).enumerated() {
      #expect(result.shape.dimensions == expected.shape)
      let scale = max(expected.values.reduce(0) { max($0, abs($1)) }, 1)
      let error = zip(try result.numbers(), expected.values).reduce(0) { max($0, abs($1.0 - $1.1)) }
      #expect(error <= (type == .float64 ? 1e-12 : 1e-4) * scale, "result \(index): \(error / scale)")
    }
  }

  @Test(arguments: 1...12 as ClosedRange<UInt64>) func randomShapesMatchTheReference(seed: UInt64) throws {
    var numbers = TestNumbers(state: seed)
    let (m, n, k) = (
      Int.random(in: 1...12, using: &numbers), Int.random(in: 1...12, using: &numbers),
      Int.random(in: 0...5, using: &numbers)
    )
    let batch = (0..<Int.random(in: 0...2, using: &numbers)).map { _ in Int.random(in: 0...3, using: &numbers) }
    let operation = OperationCase("random", Shape(batch + [n, n]), Shape(batch + [n, k]), Shape(batch + [m, n])) {
      $0[0]
    }
    for inputs in [operation.inputs(seed: seed), operation.doubleInputs(seed: seed)] {
      let dtype = inputs[0].dtype
      let regular = 0.1 * inputs[0] + Tensor.arange(from: 1, to: n + 1).cast(to: dtype).diagonalMatrix()
      let positive = regular.matmul(regular.transposed)
      let results = [
        regular.solve(inputs[1]), regular.solveTriangular(inputs[1], isUpper: seed % 2 == 0), positive.cholesky(),
        regular.determinant(), regular.lu().upper, inputs[2].qr().r.abs(), inputs[2].singularValues(),
        positive.eigvalsh(),
        (0.1 * inputs[0]).matrixExp(), positive.eigh().eigenvectors.square(), regular.inverse(),
      ]
      for result in results {
        let scale = try result.abs().numbers().reduce(1, max)
        let different = try difference(
          result / .constant(scale), seed: seed, tolerance: dtype == .float64 ? 1e-11 : 3e-5)
        #expect(different == nil, "\(dtype) m \(m), n \(n), k \(k), batch \(batch): \(result.node.op)")
      }
    }
  }

  @Test func matricesWithoutAResultAreErrors() throws {
    let singular = Tensor([1, 0, 0, 1, 1, 2, 2, 4], shape: [2, 2, 2])
    let error = #expect(throws: TensorError.self) { try singular.inverse().values() }
    #expect(error?.message == "solve: matrix 1 of the 2 [2, 2] is singular, so that there is no one solution")
    #expect(
      try singular.inverse(givesNaN: true).values().map(\.isNaN) == [
        false, false, false, false, true, true, true, true,
      ])
    #expect(try singular.determinant().values() == [1, 0])
    #expect(try singular.matrixRank().values(as: Int32.self) == [2, 1])
    let indefinite = Tensor([1, 2, 2, 1], shape: [2, 2])
    let other = #expect(throws: TensorError.self) { try indefinite.cholesky().values() }
    #expect(other?.message == "cholesky: the matrix [2, 2] is not positive definite")
    #expect(try indefinite.cholesky(givesNaN: true).values().allSatisfy(\.isNaN))
    let zero = Tensor([1, 0, 3, 0], shape: [2, 2])
    #expect(throws: TensorError.self) { try zero.solveTriangular(Tensor.ones([2]), isUpper: false).values() }
    #expect(try zero.solveTriangular(Tensor.ones([2]), isUpper: false, isUnit: true).values() == [1, -2])
    let unknown = Tensor([1, .nan, 0, 1], shape: [2, 2])
    for result in [unknown.inverse(), unknown.cholesky(), unknown.svd().u, unknown.eigvalsh(), unknown.matrixExp()] {
      #expect(try result.values().allSatisfy(\.isNaN), "\(result.node.op)")
    }
  }

  @Test func shapesThatDoNotFitAreNamed() throws {
    let (a, b) = (Tensor.ones([2, 3]), Tensor.ones([3, 3]))
    for (result, name) in [
      (a.inverse(), "solve"), (b.solve(a), "solve"), (a.cholesky(), "cholesky"), (a.determinant(), "lu"),
      (a.eigh().eigenvectors, "symmetricEigen"), (a.matrixExp(), "matrixExp"), (a.matrixPower(2), "matrixPower"),
      (Tensor.ones([3]).svd().u, "svd"), (b.cast(to: .int32).inverse(), "solve"), (Tensor.multiDot([a]), "multiDot"),
      (a.tensorSolve(b), "tensorSolve"), (a.tensorInverse(), "tensorInverse"),
      (Tensor.zeros([20000, 1]).qr().q, "qr"), (Tensor.zeros([2, 1 << 20, 1 << 20]).inverse(), "solve"),
    ] {
      let error = try #require(result.failure)
      #expect(error.message.hasPrefix(name + ": "), "\(error.message)")
    }
  }

  /// The bits do not depend on how many threads there are.
  @Test func threadsChangeNothing() throws {
    let x = Tensor.arange(from: 0, to: 64 * 36).cast(to: .float32).sin().reshaped(to: [64, 6, 6]) + .eye(6)
    let results = [x.inverse(), x.svd().v, x.matmul(x.transposed).eigh().eigenvectors, x.matrixExp()]
    let one = try Threads.withCount(1) { try results.map { try ($0 + 0).values() } }
    for (result, expected) in zip(results, one) { #expect(try result.values() == expected) }
  }
}
