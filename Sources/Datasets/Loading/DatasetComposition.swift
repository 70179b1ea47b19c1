// Datasets made of others; none copies examples.

/// The examples of several datasets, one after the other.
public struct ConcatenatedDataset<Example: Sendable>: Dataset {
  public let count: Int
  private let parts: [any Dataset<Example>]
  /// The index of each part's first example.
  private let starts: [Int]

  /// The examples of the first dataset, then those of the next. Throws a `DataError` where there are more than can be
  /// counted.
  public init(_ parts: [any Dataset<Example>]) throws(DataError) {
    var starts: [Int] = []
    var count = 0
    for part in parts {
      starts.append(count)
      let (sum, overflow) = count.addingReportingOverflow(max(part.count, 0))
      guard !overflow else { throw DataError("the datasets have more examples than can be counted") }
      count = sum
    }
    (self.parts, self.starts, self.count) = (parts, starts, count)
  }

  public func example(at index: Int) throws -> Example {
    try check(index)
    // The last part that begins at the index or before it; empty parts begin where the next one does.
    var (low, high) = (0, parts.count - 1)
    while low < high {
      let middle = (low + high + 1) / 2
      if starts[middle] <= index { low = middle } else { high = middle - 1 }
    }
    return try parts[low].example(at: index - starts[low])
  }
}

extension Dataset {
  /// These examples, then those of another dataset.
  public func concatenated(with other: some Dataset<Example>) throws(DataError) -> ConcatenatedDataset<Example> {
    try ConcatenatedDataset([self, other])
  }

  /// Each example with that of another dataset at the same index. Throws a `DataError` where there are not as many.
  public func paired<Other: Dataset>(
    with other: Other
  ) throws(DataError) -> GeneratedDataset<(Example, Other.Example)> {
    guard count == other.count else {
      throw DataError("datasets of \(count) and \(other.count) examples have no pairs; take a subset of the larger one")
    }
    return GeneratedDataset(count: count) { (try example(at: $0), try other.example(at: $0)) }
  }

  /// Splits the examples at random into parts of these sizes, which `seed` determines on every platform. Throws a
  /// `DataError` where a size is negative or they do not add up to all examples.
  public func split(counts: [Int], seed: UInt64) throws(DataError) -> [GeneratedDataset<Example>] {
    let sum = counts.reduce(0 as Int?) { sum, count in
      sum.flatMap {
        let (next, overflow) = $0.addingReportingOverflow(count)
        return overflow || count < 0 ? nil : next
      }
    }
    guard sum == count else {
      throw DataError("the parts should have at least 0 examples each and \(count) together, not \(counts)")
    }
    var generator = SeededGenerator(seed: seed)
    let order = try generator.order(of: count).map { Int($0) }
    var parts: [GeneratedDataset<Example>] = []
    var start = 0
    for size in counts {
      parts.append(try subset(Array(order[start..<start + size])))
      start += size
    }
    return parts
  }

  /// The same for shares of the examples, which add up to 1. Each part has its share rounded down, and the first ones one
  /// more, so that no example is left over.
  public func split(shares: [Double], seed: UInt64) throws(DataError) -> [GeneratedDataset<Example>] {
    guard !shares.isEmpty, shares.allSatisfy({ $0 >= 0 }), abs(shares.reduce(-1, +)) < 1e-9 else {
      throw DataError("the shares should be at least 0 and add up to 1, not \(shares)")
    }
    var counts = shares.map { min(Int(exactly: (Double(count) * $0).rounded(.down)) ?? count, count) }
    let missing = count - counts.reduce(0, +)
    for index in 0..<max(missing, 0) { counts[index % counts.count] += 1 }
    return try split(counts: counts, seed: seed)
  }
}

/// Takes some of the examples, each once an epoch, each time in another order.
public struct SubsetSampler: Sampler {
  private let indices: [Int32]
  private let seed: UInt64

  /// The orders of the examples at `indices`; `seed` determines them on every platform. Throws a `DataError` where an index
  /// is negative or above 2³¹ − 1.
  public init(indices: [Int], seed: UInt64) throws(DataError) {
    if let wrong = indices.first(where: { !(0...Int(Int32.max) ~= $0) }) {
      throw DataError("a sampler takes the examples 0 to 2³¹ − 1, not \(wrong)")
    }
    self.indices = indices.map { Int32($0) }
    self.seed = seed
  }

  public var count: Int { indices.count }

  public func order(ofEpoch epoch: Int) -> [Int32] {
    var generator = SeededGenerator(seed: seed, stream: UInt64(bitPattern: Int64(epoch)))
    return generator.permutation(of: count).map { indices[Int($0)] }
  }
}
