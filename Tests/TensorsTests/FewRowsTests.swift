import Testing

@testable import Tensors

/// The product of a few rows and a matrix: parts of rows and columns, streams, blocks of sums and their ragged ends.
@Suite struct FewRowsTests {
  @Test(arguments: 1...24 as ClosedRange<UInt64>) func randomShapesMatchTheReference(seed: UInt64) throws {
    var numbers = TestNumbers(state: seed)
    func pick(_ values: Int...) -> Int { values.randomElement(using: &numbers) ?? 1 }
    let m = Int.random(in: 1...4, using: &numbers)
    let k = pick(1, 2, 7, 65, 128, 129, 255, 384, 701)
    let n = pick(1, 15, 16, 33, 127, 128, 130, 384, 700, 2047, 2090)
    let gap = pick(0, 0, 3)  // between rows
    let operation = OperationCase("few rows", [m, k + gap], [k, n + gap]) { x in
      let a = x[0].sliced(starts: [0, gap], shape: [m, k]) * (1 / Float(k).squareRoot())
      return a.matmul(x[1].sliced(starts: [0, 0], shape: [k, n]))
    }
    let y = operation.function(operation.inputs(seed: seed))
    let different = try difference(y, seed: seed)
    #expect(different == nil, "[\(m), \(k)] · [\(k), \(n)], \(gap) between rows, seed \(seed)")
    let again = operation.function(operation.inputs(seed: seed))
    #expect(try y.values() == again.values(), "other bits, seed \(seed)")
  }
}
