#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// How the numbers of an axis are spread.
package enum AxisScale: String, Sendable {
  case linear
  /// By their logarithm; numbers that are not above 0 have no place.
  case logarithmic
}

/// An axis of a chart: a range of numbers, where each is drawn, and the round numbers to write at it.
package struct Axis: Sendable {
  /// The numbers at both ends.
  package private(set) var low: Double
  package private(set) var high: Double
  package let scale: AxisScale
  /// Where the ends are drawn.
  private let start: Double
  private let end: Double

  /// An axis for `values`, drawn from `start` to `end`; those that are not finite have no place on it. `padding` is the
  /// share of the range that is left free at both ends.
  package init(
    _ values: some Sequence<Double>, _ scale: AxisScale = .linear, from start: Double, to end: Double,
    padding: Double = 0
  ) {
    self.scale = scale
    (self.start, self.end) = (start, end)
    // Beyond these, differences are no numbers any more.
    var (low, high) = (Double.infinity, -Double.infinity)
    for value in values where value.magnitude < 1e300 && (scale == .linear || value > 1e-300) {
      (low, high) = (min(low, value), max(high, value))
    }
    if low > high { (low, high) = scale == .linear ? (0, 1) : (0.1, 1) }
    switch scale {
    case .linear:
      let spread = high - low
      if spread <= high.magnitude * 1e-12 {
        let around = high == 0 ? 1 : high.magnitude * 0.1
        (low, high) = (low - around, high + around)
      } else {
        // What is never negative is not shown as if it could be.
        let free = spread * padding
        (low, high) = (low >= 0 ? max(low - free, 0) : low - free, high <= 0 ? min(high + free, 0) : high + free)
      }
    case .logarithmic:
      let free = high > low ? pow(high / low, padding) : 1.5
      (low, high) = (low / free, high * free)
    }
    (self.low, self.high) = (low, high)
  }

  /// Where `value` is drawn; `nil` where it has no place.
  package func place(_ value: Double) -> Double? {
    guard value.isFinite, scale == .linear || value > 0 else { return nil }
    let share =
      scale == .linear ? (value - low) / (high - low) : log(value / low) / log(high / low)
    return share.isFinite && share.magnitude < 100 ? start + share * (end - start) : nil
  }

  /// Round numbers in the range, about `count` of them.
  package func ticks(_ count: Int = 5) -> [Double] {
    scale == .logarithmic && high / low >= 8 ? powers(count) : multiples(count)
  }

  /// Multiples of 1, 2 or 5 times a power of ten.
  private func multiples(_ count: Int) -> [Double] {
    let step = Self.roundStep((high - low) / Double(max(count, 1)))
    guard step > 0, step.isFinite else { return [] }
    let first = (low / step - 1e-9).rounded(.up)
    let last = (high / step + 1e-9).rounded(.down)
    guard last - first < 100 else { return [] }
    return stride(from: first, through: last, by: 1).map { index in
      // 3 · 0.1 is not 0.3; a division by a whole number is exact where it can be.
      index == 0 ? 0 : step < 1 ? index / (1 / step).rounded() : index * step
    }
  }

  /// The next of 1, 2 and 5 times a power of ten.
  package static func roundStep(_ least: Double) -> Double {
    let power = pow(10, floor(log10(least)))
    for factor in [1.0, 2, 5] where factor * power >= least * 0.999 { return factor * power }
    return 10 * power
  }

  /// Powers of ten, with 2 and 5 times them where there are few.
  private func powers(_ count: Int) -> [Double] {
    let (first, last) = (Int(floor(log10(low))), Int(ceil(log10(high))))
    let decades = log10(high / low)
    let factors: [Double] = decades < Double(count) / 3 ? [1, 2, 5] : decades < Double(count) / 1.5 ? [1, 3] : [1]
    let stride = max(Int((decades / Double(max(count, 1))).rounded(.up)), 1)
    return (first...last).filter { $0.isMultiple(of: stride) }.flatMap { exponent in
      factors.map { $0 * pow(10, Double(exponent)) }
    }.filter { $0 >= low * 0.9999 && $0 <= high * 1.0001 }
  }

  /// What is written at a tick.
  package static func label(_ value: Double) -> String {
    let size = value.magnitude
    if size >= 1e9 || size < 1e-4 && size > 0 { return ShownNumber.short(value) }
    if size >= 1e6 { return ShownNumber.short(value / 1e6) + "M" }
    if size >= 1e4 { return ShownNumber.short(value / 1e3) + "k" }
    return ShownNumber.short(value)
  }
}
