import Testing

@testable import Tensors

/// The product of a few rows and a matrix: parts of rows and columns, streams, blocks of sums and their ragged ends.
@Suite struct FewRowsTests {
  @Test(arguments: 1...40 as ClosedRange<UInt64>) func randomShapesMatchTheReference(seed: UInt64) throws {
    var numbers = TestNumbers(state: seed)
    func pick(_ values: Int...) -> Int { values.randomElement(using: &numbers) ?? 1 }
    let m = Int.random(in: 1...4, using: &numbers)
    let k = pick(1, 2, 7, 65, 128, 129, 255, 384, 701)
    let n = pick(1, 15, 16, 33, 127, 128, 130, 384, 700, 2047, 2090)
    let gap = pick(0, 0, 3)  // between rows
    let turns = Bool.random(using: &numbers)
    let shape = turns ? [n, k] : [k, n]
    let operation = OperationCase("few rows", [m, k + gap], [shape[0], shape[1] + gap]) { x in
      let a = x[0].sliced(starts: [0, gap], shape: [m, k]) * (1 / Float(k).squareRoot())
      let b = x[1].sliced(starts: [0, 0], shape: Shape(shape))
      return a.matmul(turns ? b.transposed : b)
    }
    let comment: Comment = "[\(m), \(k)] · \(shape), turned: \(turns), \(gap) between rows, seed \(seed)"
    let y = operation.function(operation.inputs(seed: seed))
    let different = try difference(y, seed: seed)
    #expect(different == nil, comment)
    let again = operation.function(operation.inputs(seed: seed))
    #expect(try y.values() == again.values(), comment)
  }

  /// A row alone gives the same bits as among others.
  @Test(arguments: [(384, 384), (1536, 384), (384, 2500), (100, 65), (129, 7)], [false, true])
  func rowsDoNotDependOnEachOther(_ sizes: (k: Int, n: Int), turns: Bool) throws {
    var numbers = TestNumbers(state: UInt64(sizes.k + sizes.n))
    func values(_ count: Int) -> [Float] { (0..<count).map { _ in Float.random(in: -1...1, using: &numbers) } }
    let (k, n) = sizes
    let b = Tensor(values(k * n), shape: turns ? [n, k] : [k, n])
    let rows = (0..<4).map { _ in values(k) }
    func product(_ rows: ArraySlice<[Float]>) throws -> [Float] {
      try Tensor(rows.flatMap(\.self), shape: [rows.count, k]).matmul(turns ? b.transposed : b).values()
    }
    let singles = try rows.indices.map { try product(rows[$0...$0]) }
    for count in 2...4 { #expect(try product(rows[..<count]) == singles[..<count].flatMap(\.self), "\(count) rows") }
  }
}
