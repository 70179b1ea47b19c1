import Testing

@testable import Datasets

@Suite("Datasets made of others")
struct DatasetCompositionTests {
  private static func all<Data: Dataset>(_ data: Data) throws -> [Data.Example] {
    try (0..<data.count).map { try data.example(at: $0) }
  }

  @Test(arguments: [[], [0], [3], [2, 0, 0, 3, 1], [0, 4, 0]]) func concatenation(counts: [Int]) throws {
    var next = 0
    let parts = counts.map { count in
      next += count
      return ArrayDataset(Array(next - count..<next))
    }
    let data = try ConcatenatedDataset(parts)
    #expect(try Self.all(data) == Array(0..<counts.reduce(0, +)))
    for index in [-1, data.count] { #expect(throws: DataError.self) { try data.example(at: index) } }
  }

  @Test func twoAndTheirErrors() throws {
    let (a, b) = (ArrayDataset([1, 2]), ArrayDataset([3]))
    #expect(try Self.all(a.concatenated(with: b.mapped { $0 * 10 })) == [1, 2, 30])
    let huge = GeneratedDataset(count: .max) { $0 }
    #expect(throws: DataError.self) { try huge.concatenated(with: a) }
    #expect(try huge.concatenated(with: ArrayDataset([])).example(at: .max - 1) == .max - 1)
  }

  @Test func pairs() throws {
    let pairs = try Self.all(ArrayDataset([1, 2, 3]).paired(with: ArrayDataset(["a", "b", "c"])))
    #expect(pairs.map(\.0) == [1, 2, 3] && pairs.map(\.1) == ["a", "b", "c"])
    let error = #expect(throws: DataError.self) { try ArrayDataset([1]).paired(with: ArrayDataset([1, 2])) }
    #expect(error?.message == "datasets of 1 and 2 examples have no pairs; take a subset of the larger one")
  }

  @Test func randomParts() throws {
    let data = ArrayDataset(Array(0..<100))
    let parts = try data.split(counts: [60, 0, 40], seed: 3).map { try Self.all($0) }
    #expect(parts.map(\.count) == [60, 0, 40])
    #expect(parts.joined().sorted() == data.examples && parts[0] != parts[0].sorted())
    #expect(try data.split(counts: [60, 0, 40], seed: 3).map { try Self.all($0) } == parts)
    #expect(try data.split(counts: [60, 0, 40], seed: 4).map { try Self.all($0) } != parts)
    // As PyTorch's random_split: what rounding down leaves over goes to the first ones.
    #expect(try ArrayDataset(Array(0..<10)).split(shares: [1 / 3, 1 / 3, 1 / 3], seed: 0).map(\.count) == [4, 3, 3])
    #expect(try data.split(shares: [0.7, 0.2, 0.1], seed: 0).map(\.count) == [70, 20, 10])
    #expect(try ArrayDataset<Int>([]).split(shares: [0.5, 0.5], seed: 0).map(\.count) == [0, 0])
  }

  @Test(arguments: [[], [1], [-1, 4], [2, 2], [.max, .max]]) func countsThatCannotBe(counts: [Int]) {
    #expect(throws: DataError.self) { try ArrayDataset([1, 2, 3]).split(counts: counts, seed: 0) }
  }

  @Test(arguments: [[], [0.5], [-0.5, 1.5], [.nan, 1], [.infinity]]) func sharesThatCannotBe(shares: [Double]) {
    #expect(throws: DataError.self) { try ArrayDataset([1, 2, 3]).split(shares: shares, seed: 0) }
  }

  @Test func moreExamplesThanAnOrderCounts() {
    let data = GeneratedDataset(count: 1 << 31) { $0 }
    #expect(throws: DataError.self) { try data.split(counts: [1 << 31], seed: 0) }
  }

  @Test func someExamplesInAnyOrder() throws {
    let sampler = try SubsetSampler(indices: [7, 3, 11, 20, 5, 8], seed: 1)
    #expect(sampler.count == 6)
    for epoch in [0, 1, -3, .max] { #expect(sampler.order(ofEpoch: epoch).sorted() == [3, 5, 7, 8, 11, 20]) }
    #expect(sampler.order(ofEpoch: 0) != sampler.order(ofEpoch: 1))
    for wrong in [-1, 1 << 31] { #expect(throws: DataError.self) { try SubsetSampler(indices: [wrong], seed: 0) } }
  }
}
