import CKernels
import Testing

@testable import Tensors

private let itemCount = 1000

/// A persistent parallel region for many forks.
@Suite struct PersistentRegionTests {
  /// For each item the begin of the range in which a fork did it, then how often it was done.
  private static func fork(grain: Int64) -> [Int64] {
    var done = [Int64](repeating: 0, count: 2 * itemCount)
    done.withUnsafeMutableBufferPointer { done in
      backprop_parallel(
        Int64(itemCount), grain,
        { context, begin, end in
          guard let done = context?.assumingMemoryBound(to: Int64.self) else { return }
          for item in Int(begin)..<Int(end) {
            done[item] = begin
            done[itemCount + item] += 1
          }
        }, done.baseAddress)
    }
    return done
  }

  private struct Forks {
    let grains: [Int64]
    var results: [[Int64]] = []

    mutating func run() { for grain in grains { results.append(PersistentRegionTests.fork(grain: grain)) } }
  }

  @Test func forksAreCutAsEver() {
    let grains: [Int64] = [1, 3, 16, 100, 499, 500, 999, 1000, 2000]
    let expected = grains.map { Self.fork(grain: $0) }
    #expect(expected.allSatisfy { $0[itemCount...].allSatisfy { $0 == 1 } })
    for _ in 0..<20 {
      var forks = Forks(grains: grains)
      withUnsafeMutablePointer(to: &forks) { forks in
        backprop_persistent_region({ $0?.assumingMemoryBound(to: Forks.self).pointee.run() }, forks)
      }
      #expect(forks.results == expected)
    }
  }

  /// Nested regions: inside another one, and inside the parts of a fork.
  @Test func forksMayForkAndHold() {
    var sums = [Int64](repeating: 0, count: 100)
    sums.withUnsafeMutableBufferPointer { sums in
      backprop_persistent_region(
        { sums in
          backprop_persistent_region(
            { sums in
              backprop_parallel(
                100, 1,
                { sums, begin, end in
                  var forks = Forks(grains: [10])
                  withUnsafeMutablePointer(to: &forks) { forks in
                    backprop_persistent_region({ $0?.assumingMemoryBound(to: Forks.self).pointee.run() }, forks)
                  }
                  for item in Int(begin)..<Int(end) {
                    sums?.assumingMemoryBound(to: Int64.self)[item] += forks.results[0][itemCount...].reduce(0, +)
                  }
                }, sums)
            }, sums)
        }, sums.baseAddress)
    }
    #expect(sums == [Int64](repeating: Int64(itemCount), count: 100))
  }
}
