import Foundation

/// Makes the values of consecutive numbers on threads in the background, before they are asked for.
///
/// A value depends on its number alone, so which thread makes it, and when, changes nothing. At most `depth` values are
/// ready or in the making ahead of the one asked for. The threads end when this object is released.
public final class Prefetcher<Value: Sendable>: Sendable {
  private let work: Work

  /// Values that `make` makes, for several numbers at once. Nothing is made before the first is asked for.
  ///
  /// Throws a `DataError` where `depth` or `threads` is below 1.
  public init(
    depth: Int, threads: Int, _ make: @escaping @Sendable (_ number: Int) throws -> Value
  ) throws(DataError) {
    guard depth > 0, threads > 0 else {
      throw DataError("depth and threads of a prefetcher should be at least 1, not \(depth) and \(threads)")
    }
    work = Work(depth: depth, threads: min(threads, depth, 1024), make: make)
  }

  deinit { work.stop() }

  /// The value of `number`, from 0. Waits until it is made, or makes it where nobody has begun to. Numbers out of order
  /// cost the values that were made ahead. Throws what making it threw, and a `DataError` for a negative number.
  public func value(at number: Int) throws -> Value {
    guard (0..<Int.max).contains(number) else { throw DataError("numbers are counted from 0; there is no \(number)") }
    return try work.value(at: number)
  }

  /// What the threads share. They hold this, and not the prefetcher, so that it can be released.
  private final class Work: @unchecked Sendable {
    // Unchecked: all that changes is read and written with the condition locked.
    private let condition = NSCondition()
    private let depth: Int
    private let make: @Sendable (Int) throws -> Value
    private var threadsToStart: Int
    private var results: [Int: Result<Value, any Error>] = [:]
    /// The lowest number that may be asked for next.
    private var wanted = 0
    /// The lowest number that nobody makes yet.
    private var next = 0
    /// Counts the jumps out of order: what was begun before one is discarded.
    private var generation = 0
    private var isStopped = false

    init(depth: Int, threads: Int, make: @escaping @Sendable (Int) throws -> Value) {
      self.depth = depth
      self.make = make
      threadsToStart = threads
    }

    func stop() {
      condition.withLock { isStopped = true }
      condition.broadcast()
    }

    func value(at number: Int) throws -> Value {
      let made: Result<Value, any Error>? = condition.withLock {
        seek(number)
        startThreads()
        if next == number {
          // Not begun: made here at once, while the threads make the next ones. So it works even where no thread can be
          // started.
          next += 1
          wanted = next
          condition.broadcast()
          return nil
        }
        while results[number] == nil { condition.wait() }
        wanted = number + 1
        condition.broadcast()
        return results.removeValue(forKey: number)
      }
      return try made?.get() ?? make(number)
    }

    private func seek(_ number: Int) {
      if number < wanted || number > next {
        generation += 1
        results = [:]
        next = number
      }
      for skipped in results.keys where skipped < number { results[skipped] = nil }
      wanted = number
    }

    private func startThreads() {
      while threadsToStart > 0 {
        threadsToStart -= 1
        let thread = Thread { [self] in run() }
        thread.name = "prefetch"
        thread.start()
      }
    }

    private func run() {
      condition.lock()
      while !isStopped {
        guard next < wanted + depth else {
          condition.wait()
          continue
        }
        let (number, generation) = (next, self.generation)
        next += 1
        condition.unlock()
        let result = Result { try make(number) }
        condition.lock()
        if generation == self.generation, number >= wanted { results[number] = result }
        condition.broadcast()
      }
      condition.unlock()
    }
  }
}
