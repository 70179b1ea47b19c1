import Synchronization

/// The variables that a run reads and writes.
///
/// Runs that share a variable which one of them writes follow each other; all others run at the same time.
final class VariableUse: Sendable {
  private let reads: Set<ObjectIdentifier>
  private let writes: Set<ObjectIdentifier>
  /// Held while it goes on.
  private let end = Mutex(())

  init(reads: [Variable] = [], writes: [Variable] = []) {
    (self.reads, self.writes) = (Set(reads.map(ObjectIdentifier.init)), Set(writes.map(ObjectIdentifier.init)))
  }

  func conflicts(with other: VariableUse) -> Bool {
    !writes.isDisjoint(with: other.writes) || !writes.isDisjoint(with: other.reads)
      || !reads.isDisjoint(with: other.writes)
  }

  func conflicts(with variable: Variable, written: Bool) -> Bool {
    let id = ObjectIdentifier(variable)
    return writes.contains(id) || written && reads.contains(id)
  }

  /// The run itself, after the executor began it; afterwards the executor ends it.
  func go<Result>(_ body: () throws(TensorError) -> Result) throws(TensorError) -> Result {
    try end.withLock { _ throws(TensorError) in
      defer { Executor.shared.withLock { $0.end(self) } }
      return try body()
    }
  }

  func waitForEnd() { end.withLock { _ in } }
}
