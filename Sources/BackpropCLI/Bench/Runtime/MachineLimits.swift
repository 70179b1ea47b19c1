import Backprop
import CMachine

/// The measured limits of the machine with the threads in use.
struct MachineLimits: Encodable {
  let workload = "machine"
  /// Float multiply-adds in registers, two operations each.
  var gflopsPerSecond = 0.0
  /// Arrays much larger than the caches, one updated in place from another, as by an optimizer.
  var updateGigabytesPerSecond = 0.0
  /// The same into a third array, counted as STREAM does.
  var triadGigabytesPerSecond = 0.0
  /// The larger of both.
  var gigabytesPerSecond: Double
  let threads = Threads.count

  /// Three arrays larger than any cache, reused for all measurements.
  final class Arrays {
    static let count = 1 << 25
    fileprivate let all: [UnsafeMutablePointer<Float>]

    /// Throws where 400 MB of memory are too much.
    init() throws {
      let arrays = (0..<3).compactMap { _ in backprop_machine_allocate(Int64(Self.count)) }
      guard arrays.count == 3 else {
        for array in arrays { backprop_machine_free(array) }
        throw WorkError("measuring the memory takes 400 MB, which there are not")
      }
      all = arrays
    }

    deinit { for array in all { backprop_machine_free(array) } }
  }

  /// Updates the limits with the best measurements in about `seconds`.
  init(_ arrays: Arrays, seconds: Double) {
    let clock = ContinuousClock()
    /// The greatest of `amount` a second, in billions.
    func best(_ share: Double, _ amount: () -> Double) -> Double {
      let start = clock.now
      var best = 0.0
      repeat {
        let before = clock.now
        let done = amount()
        best = max(best, done / (before.duration(to: clock.now).milliseconds * 1e6))
      } while start.duration(to: clock.now).milliseconds < seconds * share * 1000
      return best
    }

    let threads = Threads.count
    for many in [0, 1] as [Int32] {
      let rate = best(0.2) { Double(backprop_machine_multiply_add(Int32(threads), 500_000, many)) * Double(threads) }
      gflopsPerSecond = max(gflopsPerSecond, rate)
    }
    let (count, arrays) = (Arrays.count, arrays.all)
    updateGigabytesPerSecond = best(0.3) {
      backprop_machine_update(Int64(count), 0.5, arrays[1], arrays[0])
      return Double(12 * count)
    }
    triadGigabytesPerSecond = best(0.3) {
      backprop_machine_triad(Int64(count), 0.5, arrays[1], arrays[2], arrays[0])
      return Double(12 * count)
    }
    gigabytesPerSecond = max(updateGigabytesPerSecond, triadGigabytesPerSecond)
  }

  /// The report as text.
  var text: String {
    "machine: \(gflopsPerSecond.fixed(1)) GFLOP/s of float32 multiply-adds, \(gigabytesPerSecond.fixed(1)) GB/s of memory "
      + "(in place \(updateGigabytesPerSecond.fixed(1)), triad \(triadGigabytesPerSecond.fixed(1))), \(threads) threads"
  }
}
