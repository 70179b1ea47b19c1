import CKernels
import Testing

@testable import Tensors

/// Means and variances of channels, against sums in double precision.
@Suite struct MomentsTests {
  /// Channels below, at and between multiples of a vector; rows below and above a stretch; both layouts.
  private struct Sizes: CustomStringConvertible {
    let outer: Int, channels: Int, inner: Int
    let center: Float

    init(seed: UInt64) {
      var numbers = TestNumbers(state: seed)
      func pick(_ values: Int...) -> Int { values.randomElement(using: &numbers) ?? 1 }
      outer = pick(1, 2, 3, 7, 64, 257, 1500)
      channels = pick(1, 3, 10, 16, 17, 32, 64, 70, 129)
      inner = pick(1, 1, 1, 2, 9, 31, 100) * (outer < 10 ? pick(1, 50) : 1)
      center = Float(pick(0, 1, -30, 1000))
    }

    var description: String { "[\(outer), \(channels), \(inner)] around \(center)" }
  }

  private static func moments(_ sizes: Sizes, _ x: [Float]) -> [Float] {
    var found = [Float](repeating: .nan, count: 2 * sizes.channels)
    found.withUnsafeMutableBufferPointer { found in
      guard let mean = found.baseAddress else { return }
      backprop_moments(
        Int64(sizes.outer), Int64(sizes.channels), Int64(sizes.inner), x, mean, mean + sizes.channels)
    }
    return found
  }

  @Test(arguments: 1...60 as ClosedRange<UInt64>) func randomShapesMatchDoubles(seed: UInt64) throws {
    let sizes = Sizes(seed: seed)
    let (channels, inner) = (sizes.channels, sizes.inner)
    let count = sizes.outer * channels * inner
    // Each channel has its own spread, and a drift along the rows.
    let x = try Random(seed: seed).normal(count: count).enumerated().map { index, number in
      let channel = index / inner % channels
      return sizes.center + number * Float(1 + channel % 5) + Float(index) / Float(count)
    }
    let found = Self.moments(sizes, x)
    for channel in 0..<channels {
      let values = (0..<sizes.outer).flatMap { row in
        (0..<inner).map { Double(x[(row * channels + channel) * inner + $0]) }
      }
      let mean = values.reduce(0, +) / Double(values.count)
      let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count)
      let size = values.reduce(0) { max($0, abs($1)) }
      #expect(abs(Double(found[channel]) - mean) <= 2e-7 * size, "seed \(seed), \(sizes), mean of \(channel)")
      #expect(
        abs(Double(found[channels + channel]) - variance) <= 2e-6 * variance + 1e-13 * size * size,
        "seed \(seed), \(sizes), variance of \(channel)")
    }
    #expect(found == Self.moments(sizes, x), "seed \(seed), \(sizes): other bits")
  }
}
