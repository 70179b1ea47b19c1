/// A random number generator that a seed determines: the same numbers on every platform and in every version.
///
/// Good for shuffling and not for secrets. It is SplitMix64 (Steele, Lea and Flood, "Fast Splittable Pseudorandom
/// Number Generators", OOPSLA 2014). A saved generator continues with the same numbers.
public struct SeededGenerator: RandomNumberGenerator, Codable, Hashable, Sendable {
  /// The whole state; a generator with this state as its seed continues where this one is.
  public private(set) var state: UInt64

  /// A generator whose numbers `seed` determines.
  public init(seed: UInt64) { state = seed }

  /// The generator number `stream` of those that `seed` determines; their numbers are independent.
  ///
  /// For numbers that depend on a position (the order of an epoch) and not on earlier draws.
  public init(seed: UInt64, stream: UInt64) {
    // Both are mixed first: generators whose states differ by multiples of the increment would yield shifted copies of
    // one sequence.
    var (first, second) = (SeededGenerator(seed: seed), SeededGenerator(seed: ~stream))
    state = first.next() ^ second.next()
  }

  /// The next 64 random bits.
  public mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}

extension RandomNumberGenerator {
  /// The numbers from 0 up to `count` in random order.
  ///
  /// Our own Fisher–Yates: the standard library's shuffle may change its draws. `count` is from 0 to 2³¹ − 1; see
  /// `order(of:)` for one that a caller chose.
  mutating func permutation(of count: Int) -> [Int32] {
    var order = (0..<Int32(count)).map { $0 }
    for last in stride(from: count - 1, to: 0, by: -1) {
      // The high half of the product is below `last + 1`; the bias is less than one in 2³².
      let other = Int(next().multipliedFullWidth(by: UInt64(last + 1)).high)
      order.swapAt(last, other)
    }
    return order
  }

  /// The same for the examples of a dataset, of which there may be too many: a `DataError`.
  mutating func order(of examples: Int) throws(DataError) -> [Int32] {
    guard 0...Int(Int32.max) ~= examples else {
      throw DataError("0 to 2³¹ − 1 examples can be shuffled, not \(examples); take a subset")
    }
    return permutation(of: examples)
  }
}
