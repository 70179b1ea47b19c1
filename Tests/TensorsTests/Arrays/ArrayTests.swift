import Testing

@testable import Tensors

/// Scans, sorting and indexing in every type, on random shapes, and at NaN and infinities.
@Suite struct ArrayTests {
  private static let arithmetic: [DType] = [.float32, .float64, .int8, .uint8, .int32, .int64]

  /// Numbers with many equal ones; some NaN and infinite where the type has them.
  private static func tensor(_ shape: Shape, _ dtype: DType, _ numbers: inout TestNumbers) -> Tensor {
    let values = (0..<shape.elementCount).map { _ -> Double in
      if dtype.isFloatingPoint, Int.random(in: 0..<20, using: &numbers) == 0 {
        return [.nan, .infinity, -.infinity, -0.0][Int.random(in: 0..<4, using: &numbers)]
      }
      return Double(Int.random(in: dtype == .uint8 ? 0...12 : -6...6, using: &numbers))
    }
    return Tensor(values, shape: shape.dimensions).cast(to: dtype)
  }

  @Test(arguments: arithmetic, [1, 2, 3] as [UInt64])
  func kernelsMatchTheReferenceInEveryType(_ dtype: DType, seed: UInt64) throws {
    var numbers = TestNumbers(state: seed)
    for _ in 0..<4 {
      let rank = Int.random(in: 1...3, using: &numbers)
      let shape = Shape((0..<rank).map { _ in Int.random(in: 0...40, using: &numbers) / (rank * rank) })
      let axis = Int.random(in: 0..<rank, using: &numbers)
      let part = Shape(shape.indices.map { $0 == axis ? 5 : shape[$0] })
      let (x, updates) = (Self.tensor(shape, dtype, &numbers), Self.tensor(part, dtype, &numbers))
      let indices = Tensor(
        (0..<part.elementCount).map { _ in Int32.random(in: -1...Int32(shape[axis]), using: &numbers) },
        shape: part.dimensions)
      let row = Self.tensor([Int.random(in: 0...9, using: &numbers)], dtype, &numbers).sorted()
      let results = [
        x.cumulativeSum(axis: axis), x.cumulativeProduct(axis: axis), x.cumulativeMax(axis: axis),
        x.cumulativeMin(axis: axis), .record(LinearScan(axis: axis, isReversed: true), [x, x]),
        x.argsorted(axis: axis), x.argsorted(axis: axis, descending: true), x.sorted(axis: axis),
        x.topK(shape[axis] / 2, axis: axis).indices,
        x.topK(Swift.min(2, shape[axis]), axis: axis, largest: false).indices,
        row.searchSorted(x), row.searchSorted(x, right: true), x.sorted().searchSorted(x, right: true),
        x.gather(indices, along: axis), x.scatter(updates, at: indices, along: axis),
        x.scatter(updates, at: indices, along: axis, mode: .add),
        x.scatter(updates, at: indices, along: axis, mode: .max),
        x.scatter(updates, at: indices, along: axis, mode: .min),
      ]
      let expected = try ReferenceInterpreter().evaluate(results)
      for (result, expected) in zip(results, expected) {
        let found = try result.numbers()
        let isSame = zip(found, expected.floats).allSatisfy {
          $0 == $1 || $0.isNaN && $1.isNaN || abs($0 - $1) <= 1e-5 * abs($1)
        }
        #expect(isSame && found.count == expected.floats.count, "\(result.node.op) of \(x.type), seed \(seed)")
      }
    }
  }

  /// Lengths at which rows are sorted in other ways, of many equal elements and of few; sorted by the standard library.
  @Test(arguments: [1, 39, 40, 41, 200, 699, 700, 701, 5000] as [Int], arithmetic)
  func rowsOfAnyLengthAreSorted(_ count: Int, _ dtype: DType) throws {
    var numbers = TestNumbers(state: UInt64(count))
    for range in [0...3, dtype.byteCount == 1 ? 0...127 : -1_000_000_000...1_000_000_000] {
      let values = (0..<3 * count).map { _ in Double(Int.random(in: range, using: &numbers)) }
      let x = Tensor(values, shape: [3, count]).cast(to: dtype)
      let exact = try x.numbers()
      for descending in [false, true] {
        let order = exact.indices.sorted { a, b in
          if a / count != b / count || exact[a] == exact[b] { return a < b }
          return descending ? exact[a] > exact[b] : exact[a] < exact[b]
        }.map { Int32($0 % count) }
        #expect(try x.argsorted(descending: descending).values(as: Int32.self) == order)
        for few in [1, 2, 10, 100] where few <= count {
          let found = try x.topK(few, largest: descending).indices.values(as: Int32.self)
          let expected = (0..<3).flatMap { order[$0 * count..<$0 * count + few] }
          #expect(found == expected, "\(few) of \(count)")
        }
      }
    }
  }

  @Test func nothingIsTheGreatestNumber() throws {
    let x = Tensor([2, .nan, -.infinity, .infinity, -0.0, 0, .nan, -1], shape: [8])
    #expect(try x.argsorted().values(as: Int32.self) == [2, 7, 4, 5, 0, 3, 1, 6])
    #expect(try x.argsorted(descending: true).values(as: Int32.self) == [1, 6, 3, 0, 4, 5, 7, 2])
    #expect(try x.topK(3).indices.values(as: Int32.self) == [1, 6, 3])
    #expect(try x.median().scalar().isNaN)
    #expect(try x.quantile(0.1).scalar().isNaN)
    #expect(try x.sorted().searchSorted(Tensor([.nan, .infinity], shape: [2])).values(as: Int32.self) == [6, 5])
    #expect(try x.cumulativeMax().values()[1...].allSatisfy(\.isNaN))
    let infinite = Tensor([-.infinity, -.infinity, 1, .infinity, 2], shape: [5])
    #expect(try infinite.logCumulativeSumExp().values() == [-.infinity, -.infinity, 1, .infinity, .infinity])
    #expect(try infinite.logSumExp().scalar() == .infinity)
    #expect(try infinite[..<2].logSumExp().scalar() == -.infinity)
    #expect(try Tensor.zeros([0]).logSumExp().scalar() == -.infinity)
  }

  @Test(arguments: DType.allCases) func elementsOfEveryTypeAreChosen(_ dtype: DType) throws {
    let x = Tensor([1, 0, 1, 1, 0, 0] as [Float], shape: [2, 3]).cast(to: dtype)
    let indices = Tensor([2, 1, 0, 0] as [Int32], shape: [2, 2])
    #expect(try x.gather(indices, along: 1).numbers() == [1, 0, 1, 1])
    #expect(try x.take(Tensor([1, 1, 0] as [Int32], shape: [3])).numbers() == [1, 0, 0, 1, 0, 0, 1, 0, 1])
    #expect(try x.scatter(.ones([2, 2], dtype: dtype), at: indices, along: 1).numbers() == [1, 1, 1, 1, 0, 0])
    #expect(try x.argsorted().values(as: Int32.self) == [1, 0, 2, 1, 2, 0])
    #expect(try x.sorted().numbers() == [0, 1, 1, 0, 0, 1])
    #expect(try x.rolled(by: 1, axis: -1).numbers() == [1, 1, 0, 0, 1, 0])
    #expect(try x[1].tiled([2]).numbers() == [1, 0, 0, 1, 0, 0])
    #expect(try x[0].repeated(2, axis: 0).numbers() == [1, 1, 0, 0, 1, 1])
    #expect(try x.nonzero().values(as: Int32.self) == [0, 0, 0, 2, 1, 0])
    #expect(try x.masked(x.cast(to: .bool)).numbers() == [1, 1, 1])
  }

  @Test func quantilesAreInterpolated() throws {
    let x = Tensor([4, 1, 3, 2], shape: [4])
    #expect(try x.quantile(0.4).scalar() == 2.2)
    let kinds: [QuantileInterpolation] = [.lower, .higher, .midpoint, .nearest]
    #expect(try kinds.map { try x.quantile(0.5, interpolation: $0).scalar() } == [2, 3, 2.5, 3])
    #expect(try x.median().scalar() == 2)
    #expect(try x.cast(to: .int64).median().scalar(as: Int64.self) == 2)
  }

  @Test func distinctElementsAreCounted() throws {
    let x = Tensor([3, 1, 3, 2, 1, 3] as [Int32], shape: [2, 3])
    let found = try x.unique()
    #expect(try found.values.values(as: Int32.self) == [1, 2, 3])
    #expect(found.indices.shape == [2, 3])
    #expect(try found.indices.values(as: Int32.self) == [2, 0, 2, 1, 0, 2])
    #expect(try found.counts.values(as: Int32.self) == [2, 1, 3])
    let none = try Tensor.zeros([0]).unique()
    #expect(none.values.shape == [0] && none.counts.shape == [0])
  }

  /// A mask's elements and slices, and the gradient of what was chosen.
  @Test func masksChoose() throws {
    let x = Tensor([1, -2, 3, -4, 5, -6], shape: [3, 2])
    let chosen = try x.masked(x.greater(than: 0))
    #expect(try chosen.values() == [1, 3, 5])
    #expect(try gradients(of: chosen.square().sum(), withRespectTo: [x])[0]?.values() == [2, 0, 6, 0, 10, 0])
    let rows = try x.masked(Tensor([true, false, true], shape: [3]))
    #expect(rows.shape == [2, 2])
    #expect(try rows.values() == [1, -2, 5, -6])
    #expect(throws: TensorError.self) { try x.masked(x) }
    #expect(throws: TensorError.self) { try x.masked(Tensor([true], shape: [1])) }
    let input = Tensor.standIn(like: x)
    #expect(throws: TensorError.self) { try input.nonzero() }
  }
}
