/// The order in which an epoch takes the examples of a dataset.
///
/// It depends on the sampler and the epoch's number alone, so a training can resume in the middle of an epoch.
public protocol Sampler: Sendable {
  /// How many examples an epoch takes.
  var count: Int { get }
  /// The indices of the examples of an epoch, which is counted from 0: `count` of them.
  func order(ofEpoch epoch: Int) -> [Int32]
}

/// Takes the examples as they come.
public struct SequentialSampler: Sampler {
  public let count: Int

  /// The order of a dataset of `count` examples.
  public init(count: Int) { self.count = max(count, 0) }

  public func order(ofEpoch epoch: Int) -> [Int32] { (0..<Int32(clamping: count)).map { $0 } }
}

/// Takes each example once an epoch, each time in another order.
public struct ShuffledSampler: Sampler {
  public let count: Int
  private let seed: UInt64

  /// The orders of a dataset of `count` examples; `seed` determines them on every platform.
  public init(count: Int, seed: UInt64) {
    self.count = max(count, 0)
    self.seed = seed
  }

  public func order(ofEpoch epoch: Int) -> [Int32] {
    var generator = SeededGenerator(seed: seed, stream: UInt64(bitPattern: Int64(epoch)))
    return generator.permutation(of: min(count, Int(Int32.max)))
  }
}

/// Draws examples with replacement, each as often as its weight says: for classes that are rare.
public struct WeightedSampler: Sampler {
  public let count: Int
  private let seed: UInt64
  /// The sums of the weights up to each example.
  private let sums: [Double]

  /// Draws `count` examples an epoch, by default as many as there are; an example's probability is in proportion to its
  /// weight.
  ///
  /// Takes 8 bytes an example; a draw is a binary search. Throws a `DataError` where a weight is negative or not finite,
  /// all are 0, or more than 2³¹ − 1 are to be drawn.
  public init(weights: [Double], count: Int? = nil, seed: UInt64) throws(DataError) {
    var sum = 0.0
    sums = weights.map { weight in
      sum += weight
      return sum
    }
    guard weights.allSatisfy({ $0 >= 0 && $0.isFinite }), sum > 0, sum.isFinite else {
      throw DataError("weights should be finite numbers of at least 0, and one of them above 0")
    }
    self.count = max(count ?? weights.count, 0)
    guard self.count <= Int(Int32.max) else {
      throw DataError("an epoch takes at most 2³¹ − 1 examples, not \(self.count)")
    }
    self.seed = seed
  }

  /// Draws each class equally often: the weight of an example is one over the count of its label. Throws a `DataError`
  /// where there is no label.
  public init(balancing labels: [Int32], count: Int? = nil, seed: UInt64) throws(DataError) {
    var counts: [Int32: Double] = [:]
    for label in labels { counts[label, default: 0] += 1 }
    try self.init(weights: labels.map { 1 / (counts[$0] ?? 1) }, count: count, seed: seed)
  }

  public func order(ofEpoch epoch: Int) -> [Int32] {
    var generator = SeededGenerator(seed: seed, stream: UInt64(bitPattern: Int64(epoch)))
    let total = sums.last ?? 0
    return (0..<count).map { _ in
      // 53 bits: a number from 0 to below 1.
      let draw = Double(generator.next() >> 11) * 0x1p-53 * total
      return Int32(clamping: firstIndex { sums[$0] > draw })
    }
  }

  /// The first index for which `holds` is true, or the last one: `holds` is false and then true. An index whose weight
  /// is 0 is not the first, as its sum is that of the index before.
  private func firstIndex(where holds: (Int) -> Bool) -> Int {
    var (low, high) = (0, sums.count - 1)
    while low < high {
      let middle = (low + high) / 2
      if holds(middle) { high = middle } else { low = middle + 1 }
    }
    return low
  }
}

/// Takes examples of similar length together, so that little of a batch is padding; each once an epoch.
///
/// The examples are shuffled, sorted by length within groups of some batches, and the batches shuffled. A batch that is
/// not full comes last.
public struct LengthSampler: Sampler {
  private let lengths: [Int]
  private let batchSize: Int
  private let batchesPerGroup: Int
  private let seed: UInt64

  /// The orders of examples of these lengths for batches of `batchSize`. A group is `batchesPerGroup` batches: the more,
  /// the less padding, and the less random. Both count as 1 where they are less.
  public init(lengths: [Int], batchSize: Int, batchesPerGroup: Int = 50, seed: UInt64) {
    self.lengths = lengths
    self.batchSize = max(batchSize, 1)
    self.batchesPerGroup = max(batchesPerGroup, 1)
    self.seed = seed
  }

  public var count: Int { lengths.count }

  public func order(ofEpoch epoch: Int) -> [Int32] {
    var generator = SeededGenerator(seed: seed, stream: UInt64(bitPattern: Int64(epoch)))
    let shuffled = generator.permutation(of: min(count, Int(Int32.max)))
    let (groupSize, overflow) = batchSize.multipliedReportingOverflow(by: batchesPerGroup)
    var batches: [[Int32]] = []
    for start in stride(from: 0, to: shuffled.count, by: overflow ? Int.max : groupSize) {
      let end = overflow ? shuffled.count : min(start + groupSize, shuffled.count)
      // The position decides between equal lengths, as the standard library does not promise a stable sort.
      let group = shuffled[start..<end].enumerated().sorted {
        (lengths[Int($0.element)], $0.offset) < (lengths[Int($1.element)], $1.offset)
      }.map(\.element)
      batches += stride(from: 0, to: group.count, by: batchSize).map {
        Array(group[$0..<min($0 + batchSize, group.count)])
      }
    }
    let isFull = { (batch: [Int32]) in batch.count == batchSize }
    let full = batches.filter(isFull)
    return generator.permutation(of: full.count).flatMap { full[Int($0)] } + batches.filter { !isFull($0) }.joined()
  }
}
