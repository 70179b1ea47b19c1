import Synchronization

/// A source of random numbers that a seed and a counter determine.
///
/// Each draw takes the next counter; the numbers depend on seed, counter and position alone, not on threads or
/// platform. Source of the generator: Salmon et al., "Parallel Random Numbers: As Easy as 1, 2, 3", SC 2011
/// (Philox4x32-10).
public final class Random: Sendable {
  /// With `counter`, all that its numbers depend on.
  public let seed: UInt64
  private let drawn: Mutex<UInt64>

  /// A source that begins at the draw number `counter`.
  public init(seed: UInt64, counter: UInt64 = 0) {
    self.seed = seed
    drawn = Mutex(counter)
  }

  /// How many draws there were; with the seed, the whole state. Set it to continue from another position.
  public var counter: UInt64 {
    get { drawn.withLock { $0 } }
    set { drawn.withLock { $0 = newValue } }
  }

  /// The generator that tensors and layers of this task use. Outside `withValue` it is one whose seed differs each run.
  @TaskLocal public static var current = Random(seed: UInt64.random(in: .min ... .max))

  /// The key of the next draw.
  func nextKey() -> [UInt32] {
    let words = words(take(1))
    return [words[0], words[1], words[2], words[3]]
  }

  /// Skips `count` draws; returns the number of the first.
  func take(_ count: UInt64) -> UInt64 {
    drawn.withLock { counter in
      defer { counter &+= count }
      return counter
    }
  }

  /// The key of a draw: seed and number, a word each half.
  func words(_ count: UInt64) -> SIMD4<UInt32> {
    SIMD4(
      UInt32(truncatingIfNeeded: seed), UInt32(truncatingIfNeeded: seed >> 32), UInt32(truncatingIfNeeded: count),
      UInt32(truncatingIfNeeded: count >> 32))
  }
}

/// Whether layers compute for training or for inference: dropout is active only in training, and batch normalization
/// uses the batch's statistics there.
///
/// `valueAndGradient` records for training. Everything else is inference, on whichever thread it is called, unless
/// `training { … }` says otherwise.
public enum Mode {
  /// What `training { … }` or `inference { … }` said.
  @TaskLocal package static var stated: Bool?
  /// Whether what is recorded now is for training.
  public static var isTraining: Bool { stated ?? false }
}

/// Records what `body` does for inference, in `valueAndGradient` too. Fixed when an operation is recorded.
public func inference<Result>(_ body: () throws -> Result) rethrows -> Result {
  try Mode.$stated.withValue(false, operation: body)
}

/// Records what `body` does for training, where no gradient is taken: to see what dropout does, for instance.
public func training<Result>(_ body: () throws -> Result) rethrows -> Result {
  try Mode.$stated.withValue(true, operation: body)
}
