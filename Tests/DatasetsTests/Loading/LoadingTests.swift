import Foundation
import Synchronization
import Tensors
import Testing

@testable import Datasets

@Suite("Loading of batches")
struct LoadingTests {
  static let samplers: [any Sampler] = [
    SequentialSampler(count: 103), ShuffledSampler(count: 103, seed: 7),
    LengthSampler(lengths: (0..<103).map { $0 * 37 % 23 }, batchSize: 10, batchesPerGroup: 3, seed: 7),
  ]

  @Test(arguments: samplers.indices) func anEpochTakesEachExampleOnce(number: Int) {
    let sampler = Self.samplers[number]
    for epoch in [0, 1, 5, -1, Int.max] {
      #expect(sampler.order(ofEpoch: epoch).sorted() == Array(0..<103))
      #expect(sampler.order(ofEpoch: epoch) == sampler.order(ofEpoch: epoch))
    }
    #expect((sampler.order(ofEpoch: 0) == sampler.order(ofEpoch: 1)) == (number == 0))
  }

  @Test func shufflingDependsOnTheSeed() {
    #expect(
      ShuffledSampler(count: 50, seed: 1).order(ofEpoch: 0) != ShuffledSampler(count: 50, seed: 2).order(ofEpoch: 0))
  }

  @Test func weightsAreProbabilities() throws {
    // The counts of a multinomial distribution lie within five standard deviations of n·p but once in a million.
    let weights = [1.0, 0, 3, 6]
    let sampler = try WeightedSampler(weights: weights, count: 20_000, seed: 3)
    let order = sampler.order(ofEpoch: 0)
    #expect(order.count == 20_000)
    for (index, weight) in weights.enumerated() {
      let p = weight / 10
      let count = order.count { $0 == index }
      #expect(abs(Double(count) - 20_000 * p) <= 5 * (20_000 * p * (1 - p)).squareRoot(), "\(index): \(count)")
    }
  }

  @Test func rareClassesAreDrawnAsOften() throws {
    let labels: [Int32] = Array(repeating: 0, count: 900) + Array(repeating: 1, count: 100)
    let order = try WeightedSampler(balancing: labels, count: 10_000, seed: 0).order(ofEpoch: 2)
    #expect(abs(order.count { labels[Int($0)] == 1 } - 5000) <= 250)
  }

  @Test(arguments: [[], [0, 0], [1, -1], [.nan], [.infinity], [1e308, 1e308]] as [[Double]])
  func weightsThatCannotBe(weights: [Double]) {
    #expect(throws: DataError.self) { try WeightedSampler(weights: weights, seed: 0) }
  }

  @Test func batchesOfSimilarLengthNeedLittlePadding() {
    let lengths = (0..<1000).map { $0 * 619 % 997 }
    func padding(_ order: [Int32]) -> Int {
      stride(from: 0, to: 1000, by: 20).reduce(0) { sum, start in
        let batch = order[start..<start + 20].map { lengths[Int($0)] }
        return sum + 20 * batch.max()! - batch.reduce(0, +)
      }
    }
    let shuffled = padding(ShuffledSampler(count: 1000, seed: 0).order(ofEpoch: 0))
    let byLength = padding(LengthSampler(lengths: lengths, batchSize: 20, seed: 0).order(ofEpoch: 0))
    #expect(byLength * 20 < shuffled, "\(byLength) of \(shuffled)")
    // The batch that is not full is the last one.
    let uneven = LengthSampler(lengths: Array(lengths.prefix(995)), batchSize: 20, batchesPerGroup: 2, seed: 1)
    let last = uneven.order(ofEpoch: 4).suffix(15).map { lengths[Int($0)] }
    #expect(last == last.sorted())
  }

  @Test(arguments: [0, -3, 1, Int.max]) func samplersTakeAnyNumber(n: Int) {
    let sampler = LengthSampler(lengths: [3, 1, 2], batchSize: n, batchesPerGroup: n, seed: 0)
    #expect(sampler.order(ofEpoch: n).sorted() == [0, 1, 2])
    if n < 2 { #expect(ShuffledSampler(count: n, seed: 0).order(ofEpoch: 0).count == max(n, 0)) }
  }

  @Test(arguments: [1 << 31, 1 << 42, .max]) func moreExamplesThanCanBeShuffledAreAnError(count: Int) {
    let many = GeneratedDataset(count: count) { $0 }
    #expect(throws: DataError.self) { try many.split(validationFraction: 0.1, seed: 0) }
    #expect(throws: DataError.self) { try many.split(counts: [count], seed: 0) }
    #expect(throws: DataError.self) { try many.split(shares: [1], seed: 0) }
    #expect(throws: DataError.self) { try WeightedSampler(weights: [1], count: count, seed: 0) }
    #expect(throws: DataError.self) {
      try Loader(many, by: SequentialSampler(count: count), batchSize: 1) { x, _ in x }
    }
  }

  // MARK: Datasets

  @Test func datasetsAreMappedSplitAndChosenFrom() throws {
    let numbers = ArrayDataset(Array(10..<30))
    let squares = numbers.mapped { $0 * $0 }
    #expect(try squares.example(at: 3) == 169)
    #expect(try squares.subset([19, 0]).example(at: 0) == 841)
    let (train, validation) = try numbers.split(validationFraction: 0.3, seed: 5)
    #expect(validation.count == 6 && train.count == 14)
    let all = try (0..<14).map { try train.example(at: $0) } + (0..<6).map { try validation.example(at: $0) }
    #expect(all.sorted() == numbers.examples)
    for index in [-1, 20, Int.max, Int.min] {
      #expect(throws: DataError.self) { try numbers.example(at: index) }
      #expect(throws: DataError.self) { try squares.example(at: index) }
      #expect(throws: DataError.self) { try numbers.subset([index]) }
    }
    for fraction in [-0.1, 1, .nan, .infinity] {
      #expect(throws: DataError.self) { try numbers.split(validationFraction: fraction, seed: 0) }
    }
  }

  @Test func recordsAreReadFromAFile() throws {
    let path = FileManager.default.temporaryDirectory.appending(path: "records-\(UUID().uuidString)").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    try Data([9, 9, 1, 2, 3, 4, 5, 6]).write(to: URL(filePath: path))
    let records = try RecordFile(path, recordByteCount: 3, headerByteCount: 2)
    #expect(records.count == 2)
    #expect(try records.example(at: 1) == [4, 5, 6])
    #expect(throws: DataError.self) { try records.example(at: 2) }
    for (record, header) in [(0, 0), (-1, 0), (3, -1), (3, 0), (1, 9), (Int.max, 0), (1, Int.max)] {
      #expect(throws: DataError.self) { try RecordFile(path, recordByteCount: record, headerByteCount: header) }
    }
    // Cut while it is open: an error and not a signal.
    try Data([9, 9, 1, 2]).write(to: URL(filePath: path))
    let cut = try FileHandle(forWritingTo: URL(filePath: path))
    try cut.truncate(atOffset: 0)
    #expect(throws: DataError.self) { try RecordFile(path, recordByteCount: 3, headerByteCount: 2) }
  }

  // MARK: Loaders

  private static func loader(threads: Int, depth: Int = 3) throws -> Loader<[Int]> {
    try Loader(
      GeneratedDataset(count: 23) { $0 * 10 }, by: ShuffledSampler(count: 23, seed: 1), batchSize: 5, threads: threads,
      depth: depth
    ) { batch, step in batch + [step] }
  }

  @Test(arguments: [1, 2, 5]) func batchesAreTheSameForAnyThreads(threads: Int) throws {
    let loader = try Self.loader(threads: threads)
    #expect(loader.stepsPerEpoch == 5)
    let sampler = ShuffledSampler(count: 23, seed: 1)
    for step in [0, 1, 2, 3, 4, 5, 6, 2, 3, 4, 14, 13, 13, 0, 1] {
      let order = sampler.order(ofEpoch: step / 5).map { Int($0) * 10 }
      let start = step % 5 * 5
      #expect(try loader.batch(ofStep: step) == order[start..<min(start + 5, 23)] + [step])
    }
    #expect(throws: DataError.self) { try loader.batch(ofStep: -1) }
    #expect(throws: DataError.self) { try loader.batch(ofStep: .max) }
  }

  @Test func noMoreIsMadeAheadThanTheDepth() throws {
    let greatest = Mutex(0)
    let prefetcher = try Prefetcher(depth: 3, threads: 2) { number in
      greatest.withLock { $0 = max($0, number) }
      return number
    }
    for number in 0..<50 {
      #expect(try prefetcher.value(at: number) == number)
      // The one asked for, and three ahead.
      #expect(greatest.withLock { $0 } <= number + 3)
    }
  }

  @Test func anErrorBelongsToItsStep() throws {
    let prefetcher = try Prefetcher(depth: 4, threads: 2) { number in
      if number % 3 == 2 { throw DataError("\(number) is damaged") }
      return number
    }
    for number in 0..<20 {
      if number % 3 == 2 {
        #expect(throws: DataError.self) { try prefetcher.value(at: number) }
      } else {
        #expect(try prefetcher.value(at: number) == number)
      }
    }
  }

  @Test func theThreadsEndWithThePrefetcher() async throws {
    // What the threads hold is released when they end, without a further request.
    final class Token: Sendable {}
    weak var held: Token?
    do {
      let token = Token()
      held = token
      let prefetcher = try Prefetcher(depth: 2, threads: 2) { number in
        _ = token
        return number
      }
      _ = try prefetcher.value(at: 0)
    }
    while held != nil { await Task.yield() }
  }

  @Test func loadersWithoutExamplesAreErrors() {
    for (count, size, threads, depth) in [(0, 1, 1, 1), (3, 0, 1, 1), (3, 1, 0, 1), (3, 1, 1, 0), (3, -1, -1, -1)] {
      #expect(throws: DataError.self) {
        try Loader(
          ArrayDataset([1, 2, 3]), by: SequentialSampler(count: count), batchSize: size, threads: threads, depth: depth
        ) { batch, _ in batch }
      }
    }
  }

  // MARK: Padding

  @Test func sequencesArePadded() throws {
    let batch = padded([[1, 2, 3], [], [4]] as [[Int32]], with: -1, toMultipleOf: 4)
    #expect(try batch.values.values(as: Int32.self) == [1, 2, 3, -1, -1, -1, -1, -1, 4, -1, -1, -1])
    #expect(batch.values.shape == [3, 4])
    #expect(try batch.lengths.values(as: Int32.self) == [3, 0, 1])
    #expect(batch.mask.dtype == .bool)
    #expect(
      try batch.mask.cast(to: .float32).values() == [1, 1, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0])
    #expect(try padded([[0.5], [1, 2]] as [[Float]]).values.values() == [0.5, 0, 1, 2])
  }

  @Test(arguments: [0, -1, Int.min, Int.max]) func absurdMultiplesAreErrors(multiple: Int) {
    let batch = padded([[1, 2]] as [[Int32]], with: 0, toMultipleOf: multiple)
    #expect(batch.values.failure != nil && batch.lengths.failure != nil && batch.mask.failure != nil)
  }
}
