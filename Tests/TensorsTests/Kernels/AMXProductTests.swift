import CKernels
import Testing

@testable import Tensors

/// The matrix product on AMX: ragged tiles and groups, operands of any layout, sums split over panels and threads.
@Suite(.enabled(if: Engine.hasAMX)) struct AMXProductTests {
  /// A matrix with a gap after its rows, or columns.
  private struct Factor {
    var values: [Float]
    var row: Int, column: Int

    init(rows: Int, columns: Int, turned: Bool, gap: Int, _ numbers: inout TestNumbers) {
      let (lines, length) = turned ? (columns, rows + gap) : (rows, columns + gap)
      values = (0..<lines * length).map { _ in .random(in: -1...1, using: &numbers) }
      (row, column) = turned ? (1, length) : (length, 1)
    }

    subscript(i: Int, j: Int) -> Double { Double(values[i * row + j * column]) }
  }

  private func multiply(_ m: Int, _ n: Int, _ k: Int, _ a: Factor, _ b: Factor) -> [Float] {
    var c = [Float](repeating: .nan, count: m * n)
    backprop_matmul_amx(
      Int64(m), Int64(n), Int64(k), a.values, Int64(a.row), Int64(a.column), b.values, Int64(b.row), Int64(b.column), &c
    )
    return c
  }

  /// Against sums in double precision. A sum of k products in float is off by about the square root of k times half a
  /// unit of what has been added up so far; twice the greatest observed error is allowed.
  @Test(arguments: 1...60 as ClosedRange<UInt64>) func randomShapesAreExactToRounding(seed: UInt64) {
    var numbers = TestNumbers(state: seed)
    func pick(_ values: Int...) -> Int { values.randomElement(using: &numbers) ?? 1 }
    let m = pick(1, 15, 16, 17, 32, 33, 64, 96, 131)
    let n = pick(1, 16, 31, 32, 48, 63, 65, 128, 144)
    let k = pick(1, 15, 16, 17, 31, 32, 33, 64, 100, 511, 768, 1030)
    let (transposesA, transposesB) = (Bool.random(using: &numbers), Bool.random(using: &numbers))
    let a = Factor(rows: m, columns: k, turned: transposesA, gap: pick(0, 0, 1, 5), &numbers)
    let b = Factor(rows: k, columns: n, turned: transposesB, gap: pick(0, 0, 3, 16), &numbers)
    let c = multiply(m, n, k, a, b)
    let comment: Comment = "[\(m), \(k)] · [\(k), \(n)], \(transposesA), \(transposesB), seed \(seed)"
    var greatest = 0.0
    for i in 0..<m {
      for j in 0..<n {
        var (sum, size) = (0.0, 0.0)
        for p in 0..<k {
          sum += a[i, p] * b[p, j]
          size += abs(a[i, p] * b[p, j])
        }
        let error = abs(Double(c[i * n + j]) - sum) / max(size, .leastNormalMagnitude)
        greatest = error < .infinity ? max(greatest, error) : .infinity
      }
    }
    #expect(greatest < 3e-7, comment)
    #expect(multiply(m, n, k, a, b) == c, comment)
  }

  /// Many lines on both sides and much depth: panels in parts.
  @Test func largeProductsAreExactToRounding() {
    var numbers = TestNumbers(state: 7)
    let (m, n, k) = (600, 530, 1_100)
    let a = Factor(rows: m, columns: k, turned: true, gap: 0, &numbers)
    let b = Factor(rows: k, columns: n, turned: false, gap: 0, &numbers)
    let c = multiply(m, n, k, a, b)
    for (i, j) in [(0, 0), (599, 529), (511, 512), (512, 511), (300, 17), (31, 520)] {
      var (sum, size) = (0.0, 0.0)
      for p in 0..<k {
        sum += a[i, p] * b[p, j]
        size += abs(a[i, p] * b[p, j])
      }
      #expect(abs(Double(c[i * n + j]) - sum) < 3e-7 * size)
    }
  }

  /// Each value is the sum of its three parts, from the largest to those that need all 24 bits.
  @Test func timesOneIsTheNumber() {
    let numbers: [Float] = [
      1, -1, 0, 3.14159274, 0.1, 16_777_215, 1e30, -1e-30, 1.99999988, 3.3e38, 1.1754944e-38 * 0x1p16, 123.456,
      255.99998,
      1.00000012, -0.333333343, 65_537,
    ]
    let count = numbers.count
    var one = [Float](repeating: 0, count: count * count)
    var product = one
    for i in 0..<count { one[i * count + i] = 1 }
    let size = Int64(count)
    backprop_matmul_amx(1, size, size, numbers, size, 1, one, size, 1, &product)
    #expect(Array(product.prefix(count)) == numbers)
    backprop_matmul_amx(size, 1, size, one, size, 1, numbers, 1, 1, &product)
    #expect(Array(product.prefix(count)) == numbers)
  }

  /// Among them numbers that round to infinity in bfloat16. With sums split over threads, and in ragged tiles.
  @Test(
    arguments: [.nan, .infinity, -.infinity, .greatestFiniteMagnitude] as [Float], [[40, 40, 40], [33, 64, 900]])
  func whatIsNotFiniteShowsInItsSums(value: Float, shape: [Int]) {
    let (m, n, k) = (shape[0], shape[1], shape[2])
    var a = [Float](repeating: 0.5, count: m * k)
    var c = [Float](repeating: 7, count: m * n)
    a[3 * k + 37] = value
    // Even columns of b are 2, odd ones -1/4: exact in bfloat16, and of both signs.
    let b = (0..<k * n).map { $0 % n % 2 == 0 ? 2 : -0.25 as Float }
    backprop_matmul_amx(Int64(m), Int64(n), Int64(k), a, Int64(k), 1, b, Int64(n), 1, &c)
    for i in 0..<m {
      for j in 0..<n {
        let factor: Float = j % 2 == 0 ? 2 : -0.25
        let expected = Float(Double(factor) * (i == 3 ? Double(k - 1) / 2 + Double(value) : Double(k) / 2))
        let found = c[i * n + j]
        #expect(found == expected || found.isNaN && expected.isNaN, "\(i), \(j)")
      }
    }
  }
}
