import Foundation
import Synchronization
import Tensors

/// What `body` makes of the numbers below `count`, in their order. As many threads call it as compute, each with the next
/// number, so calls may take different times.
func concurrentMap<Value: Sendable>(_ count: Int, _ body: @Sendable (Int) -> Value) -> [Value] {
  let results = Mutex([Value?](repeating: nil, count: count))
  let next = Atomic(0)
  DispatchQueue.concurrentPerform(iterations: min(Threads.count, count)) { _ in
    while case let place = next.add(1, ordering: .relaxed).oldValue, place < count {
      let value = body(place)
      results.withLock { $0[place] = value }
    }
  }
  return results.withLock { $0.compactMap { $0 } }
}
