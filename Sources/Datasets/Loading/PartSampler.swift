import Tensors

/// One process' part of each batch of another sampler's order.
///
/// Together the parts of all processes are the batches that one process would take. Only the last batch of an epoch may be
/// divided unevenly; a process for which it has no example takes one that counts nothing.
public struct PartSampler: Sampler {
  private let base: any Sampler
  private let wholeBatchSize: Int
  private let processes: Distributed

  /// The part that this process takes of batches of `batchSize` examples.
  ///
  /// Throws a `DataError` where the processes cannot have as many examples of a batch each.
  public init(_ base: any Sampler, batchSize: Int, over processes: Distributed) throws(DataError) {
    try processes.check(batchSize: batchSize)
    (self.base, wholeBatchSize, self.processes) = (base, batchSize, processes)
  }

  /// How many examples of a batch this process takes.
  public var batchSize: Int { wholeBatchSize / processes.size }

  public var count: Int {
    let rest = base.count % wholeBatchSize
    return base.count / wholeBatchSize * batchSize + (rest == 0 ? 0 : part(of: rest).count)
  }

  public func order(ofEpoch epoch: Int) -> [Int32] {
    let order = base.order(ofEpoch: epoch)
    return stride(from: 0, to: order.count, by: wholeBatchSize).flatMap { start in
      part(of: min(wholeBatchSize, order.count - start)).map { order[start + $0] }
    }
  }

  /// How many examples the batch of a step has in all processes, and how many of them count in this one; `nil` where all
  /// have as many.
  public func examples(ofStep step: Int) -> (whole: Int, own: Int?) {
    let stepsPerEpoch = max((base.count - 1) / wholeBatchSize + 1, 1)
    let start = step % stepsPerEpoch * wholeBatchSize
    let whole = min(wholeBatchSize, base.count - start)
    return (whole, whole == wholeBatchSize ? nil : processes.part(of: whole).count)
  }

  /// This process' part of so many examples, or the first where that is none.
  private func part(of count: Int) -> Range<Int> {
    let part = processes.part(of: count)
    return part.isEmpty ? 0..<min(1, count) : part
  }
}

extension Distributed {
  /// Throws a `DataError` where the processes cannot have as many examples of a batch each.
  package func check(batchSize: Int) throws(DataError) {
    guard batchSize % size != 0 else { return }
    let fitting = max(batchSize / size, 1) * size
    throw DataError(
      "a batch of \(batchSize) cannot be divided evenly among \(size) processes; make it a multiple of \(size), such as "
        + "\(fitting)")
  }
}
