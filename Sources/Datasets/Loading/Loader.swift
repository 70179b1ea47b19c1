import Synchronization
import Tensors

/// The batches of a training, made by threads in the background before a step needs them.
///
/// A step's batch depends on the step's number alone, so a training can resume anywhere. Steps count through all epochs;
/// the last batch of an epoch may be smaller.
///
/// ```swift
/// let numbers = GeneratedDataset(count: 1000) { index in Float(index) }
/// let loader = try Loader(numbers, by: ShuffledSampler(count: numbers.count, seed: 0), batchSize: 50) { batch, _ in
///   Tensor(batch, shape: [batch.count])
/// }
/// print(loader.stepsPerEpoch, try loader.batch(ofStep: 0).shape)  // prints 20 [50]
/// ```
public final class Loader<Batch: Sendable>: Sendable {
  /// The steps of an epoch.
  public let stepsPerEpoch: Int
  private let prefetcher: Prefetcher<Batch>

  /// Loads examples of `data` in the order of `sampler`. `collate` makes a batch of the examples of a step, whose number
  /// it is given too, for random numbers that depend on it.
  ///
  /// `threads` threads read and collate, a batch each; by default as many as compute. At most `depth` batches are ready
  /// or in the making ahead of the one asked for, so memory is bounded. What reading or collating throws, the step that
  /// asks for that batch throws. Throws a `DataError` where there are no examples, or more than 2³¹ − 1, or a number is
  /// below 1.
  public init<Data: Dataset>(
    _ data: Data, by sampler: any Sampler, batchSize: Int, threads: Int? = nil, depth: Int = 4,
    collate: @escaping @Sendable (_ examples: [Data.Example], _ step: Int) throws -> Batch
  ) throws(DataError) {
    guard sampler.count > 0 else { throw DataError("there are no examples to load") }
    guard sampler.count <= Int(Int32.max) else {
      throw DataError("an epoch takes at most 2³¹ − 1 examples, not \(sampler.count); take a subset")
    }
    guard batchSize > 0 else { throw DataError("the batch size should be at least 1, not \(batchSize)") }
    let stepsPerEpoch = (sampler.count - 1) / batchSize + 1
    let orders = EpochOrders(sampler)
    self.stepsPerEpoch = stepsPerEpoch
    prefetcher = try Prefetcher(depth: depth, threads: threads ?? Threads.count) { step in
      let order = orders.order(ofEpoch: step / stepsPerEpoch)
      let start = step % stepsPerEpoch * batchSize
      let examples = try order[min(start, order.count)..<min(start + batchSize, order.count)].map {
        try data.example(at: Int($0))
      }
      return try collate(examples, step)
    }
  }

  /// The batch of the step with this number, from 0. Waits until it is made. Steps that are not asked for in order are
  /// made anew.
  public func batch(ofStep step: Int) throws -> Batch { try prefetcher.value(at: step) }
}

/// The orders of the last epochs that were asked for: two, since batches are made across the end of an epoch.
private final class EpochOrders: Sendable {
  private let sampler: any Sampler
  private let known = Mutex<[(epoch: Int, order: [Int32])]>([])

  init(_ sampler: any Sampler) { self.sampler = sampler }

  func order(ofEpoch epoch: Int) -> [Int32] {
    // Drawn with the lock held, so that it is drawn once.
    known.withLock { known in
      if let found = known.first(where: { $0.epoch == epoch }) { return found.order }
      let order = sampler.order(ofEpoch: epoch)
      known = known.suffix(1) + [(epoch, order)]
      return order
    }
  }
}
