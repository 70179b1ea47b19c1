import RealModule

/// A matrix of doubles in row-major order: for references, which are loops that anyone can check by eye.
struct Matrix {
  let rows: Int, columns: Int
  var values: [Double]

  init(_ rows: Int, _ columns: Int, _ values: [Double]? = nil) {
    (self.rows, self.columns) = (rows, columns)
    self.values = values ?? Array(repeating: 0, count: rows * columns)
  }

  static func identity(_ size: Int) -> Matrix {
    var one = Matrix(size, size)
    for i in 0..<size { one[i, i] = 1 }
    return one
  }

  /// The matrices of a batch [..., m, n].
  static func all(_ values: [Double], _ shape: Shape) -> [Matrix] {
    let (m, n, batch) = (shape[-2], shape[-1], shape.dropLast(2).reduce(1, *))
    return (0..<batch).map { Matrix(m, n, Array(values[($0 * m * n)..<(($0 + 1) * m * n)])) }
  }

  subscript(_ row: Int, _ column: Int) -> Double {
    get { values[row * columns + column] }
    set { values[row * columns + column] = newValue }
  }

  var transposed: Matrix {
    var result = Matrix(columns, rows)
    for i in 0..<rows { for j in 0..<columns { result[j, i] = self[i, j] } }
    return result
  }

  /// The rows of this matrix, then those of others, all of one width.
  func above(_ others: Matrix...) -> Matrix {
    let all = [self] + others
    return Matrix(all.reduce(0) { $0 + $1.rows }, columns, all.flatMap(\.values))
  }

  func scaled(by factor: Double) -> Matrix { Matrix(rows, columns, values.map { $0 * factor }) }

  static func * (a: Matrix, b: Matrix) -> Matrix {
    var c = Matrix(a.rows, b.columns)
    for i in 0..<a.rows {
      for j in 0..<b.columns { c[i, j] = (0..<a.columns).reduce(0) { $0 + a[i, $1] * b[$1, j] } }
    }
    return c
  }

  static func + (a: Matrix, b: Matrix) -> Matrix { Matrix(a.rows, a.columns, zip(a.values, b.values).map(+)) }

  func dot(_ i: Int, _ j: Int) -> Double { (0..<rows).reduce(0) { $0 + self[$1, i] * self[$1, j] } }

  /// Turns two columns by an angle.
  mutating func rotateColumns(_ p: Int, _ q: Int, cosine c: Double, sine s: Double) {
    for i in 0..<rows { (self[i, p], self[i, q]) = (c * self[i, p] - s * self[i, q], s * self[i, p] + c * self[i, q]) }
  }

  /// The columns in another order, each negated where the component of `rule` of greatest magnitude is negative.
  func columns(_ order: [Int], signsOf rule: Matrix) -> Matrix {
    var result = Matrix(rows, order.count)
    for (j, column) in order.enumerated() {
      let largest = (0..<rule.rows).max { abs(rule[$0, column]) < abs(rule[$1, column]) } ?? 0
      let sign: Double = rule.rows > 0 && rule[largest, column] < 0 ? -1 : 1
      for i in 0..<rows { result[i, j] = sign * self[i, column] }
    }
    return result
  }

  /// Cosine and sine that make two columns with these products perpendicular: Jacobi's rotation. `nil` where they are.
  static func rotation(_ pp: Double, _ qq: Double, _ pq: Double) -> (cosine: Double, sine: Double)? {
    guard abs(pq) > 1e-17 * (abs(pp * qq)).squareRoot(), pq != 0 else { return nil }
    let zeta = (qq - pp) / (2 * pq)
    let tangent = (zeta >= 0 ? 1 : -1) / (abs(zeta) + (1 + zeta * zeta).squareRoot())
    let cosine = 1 / (1 + tangent * tangent).squareRoot()
    return (cosine, cosine * tangent)
  }

  /// Gauss's elimination with exchanges of rows: the factors as LAPACK stores them, which row each one is, and the exchanges.
  func eliminated() -> (factors: Matrix, order: [Int], signs: [Double]) {
    var (x, order, signs) = (self, Array(0..<rows), [Double](repeating: 1, count: rows))
    for k in 0..<rows {
      let pivot = (k..<rows).reduce(k) { abs(x[$1, k]) > abs(x[$0, k]) ? $1 : $0 }
      if pivot != k {
        for j in 0..<columns { (x[k, j], x[pivot, j]) = (x[pivot, j], x[k, j]) }
        order.swapAt(k, pivot)
        signs[k] = -1
      }
      for i in (k + 1)..<max(rows, k + 1) where x[k, k] != 0 {
        x[i, k] /= x[k, k]
        for j in (k + 1)..<max(columns, k + 1) { x[i, j] -= x[i, k] * x[k, j] }
      }
    }
    return (x, order, signs)
  }

  /// x with t x = b for the lower or upper triangle t of this matrix.
  func substituted(_ b: Matrix, isUpper: Bool, isUnit: Bool) -> Matrix {
    var x = b
    for i in isUpper ? Array((0..<rows).reversed()) : Array(0..<rows) {
      for column in 0..<b.columns {
        for j in isUpper ? (i + 1)..<max(rows, i + 1) : 0..<i { x[i, column] -= self[i, j] * x[j, column] }
        if !isUnit { x[i, column] /= self[i, i] }
      }
    }
    return x
  }

  /// x with a x = b; NaN where a is singular.
  func solved(_ b: Matrix) -> Matrix {
    let (factors, order, _) = eliminated()
    guard (0..<rows).allSatisfy({ factors[$0, $0] != 0 }) else {
      return Matrix(b.rows, b.columns, b.values.map { _ in .nan })
    }
    let sides = Matrix(b.rows, b.columns, order.flatMap { row in (0..<b.columns).map { b[row, $0] } })
    return factors.substituted(
      factors.substituted(sides, isUpper: false, isUnit: true), isUpper: true, isUnit: false)
  }
}
