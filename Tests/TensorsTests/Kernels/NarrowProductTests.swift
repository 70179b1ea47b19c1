import Testing

@testable import Tensors

/// Small products with one short side: rows by fours and the rest, ragged columns, operands of any layout.
@Suite struct NarrowProductTests {
  @Test(arguments: 1...40 as ClosedRange<UInt64>) func randomShapesMatchTheReference(seed: UInt64) throws {
    var numbers = TestNumbers(state: seed)
    func pick(_ values: Int...) -> Int { values.randomElement(using: &numbers) ?? 1 }
    // In three of four cases the short side is that of the columns.
    let m = pick(3, 5, 8, 10, 17, 64, 127, 128)
    let isShort = pick(0, 1, 1, 1) == 1
    let n = isShort ? .random(in: 1...17, using: &numbers) : pick(20, 64, 101)
    let k = isShort ? pick(1, 2, 7, 64, 129) : .random(in: 1...16, using: &numbers)
    let (transposesA, transposesB) = (Bool.random(using: &numbers), Bool.random(using: &numbers))
    let gap = pick(0, 0, 3)  // between rows
    let (shapeA, shapeB) = (transposesA ? [k, m] : [m, k], transposesB ? [n, k] : [k, n])
    let operation = OperationCase("narrow", [shapeA[0], shapeA[1] + gap], [shapeB[0], shapeB[1] + gap]) { x in
      let a = x[0].sliced(starts: [0, gap], shape: Shape(shapeA)) * (1 / Float(k).squareRoot())
      let b = x[1].sliced(starts: [0, 0], shape: Shape(shapeB))
      return (transposesA ? a.transposed : a).matmul(transposesB ? b.transposed : b)
    }
    let comment: Comment = "\(shapeA) · \(shapeB), \(transposesA), \(transposesB), \(gap) between rows, seed \(seed)"
    let y = operation.function(operation.inputs(seed: seed))
    let different = try difference(y, seed: seed)
    #expect(different == nil, comment)
    #expect(try y.values() == operation.function(operation.inputs(seed: seed)).values(), comment)
  }
}
