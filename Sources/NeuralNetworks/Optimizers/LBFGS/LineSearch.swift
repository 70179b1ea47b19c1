/// Finds how far to go along a direction: to where the strong Wolfe conditions hold.
///
/// Source: Nocedal & Wright, "Numerical Optimization", 2006, algorithms 3.5 and 3.6, with equation 3.59 for the cubic.
struct LineSearch {
  /// A loss and its gradient.
  struct Point {
    var value: Double
    var gradient: [Double]
  }

  /// A place on the line.
  struct Place {
    var distance: Double
    var point: Point
    /// The derivative along the line.
    var slope: Double

    var value: Double { point.value }
  }

  /// Two places closer than this are the same.
  let tolerance: Double
  private let decrease = 1e-4
  private let flatness = 0.9
  private let evaluations = 25

  init(tolerance: Double) { self.tolerance = tolerance }

  /// The place found, or the best one where there is none within 25 evaluations. `evaluate` is the function at a distance.
  func run(
    from start: Point, slope: Double, first: Double, _ evaluate: (_ distance: Double) throws -> (Point, slope: Double)
  ) throws -> (distance: Double, point: Point) {
    var count = 0
    func place(_ distance: Double) throws -> Place {
      let (point, slope) = try evaluate(distance)
      // What is not finite is too far.
      let value = point.value.isFinite ? point.value : .infinity
      return Place(distance: distance, point: Point(value: value, gradient: point.gradient), slope: slope)
    }
    func isTooHigh(_ place: Place) -> Bool {
      !(place.value <= start.value + decrease * place.distance * slope)
    }
    func isFlat(_ place: Place) -> Bool { abs(place.slope) <= -flatness * slope }

    let origin = Place(distance: 0, point: start, slope: slope)
    var (previous, current) = (origin, try place(first))
    var bracket: (low: Place, high: Place)?
    while count < evaluations {
      if isTooHigh(current) || (count > 1 && current.value >= previous.value) {
        bracket = current.value < previous.value ? (current, previous) : (previous, current)
        break
      }
      if isFlat(current) { return (current.distance, current.point) }
      if current.slope >= 0 {
        bracket = current.value < previous.value ? (current, previous) : (previous, current)
        break
      }
      let range = current.distance + 0.01 * (current.distance - previous.distance)...current.distance * 10
      let next = try place(Self.minimum(between: previous, current, within: range))
      (previous, current) = (current, next)
      count += 1
    }
    guard var (low, high) = bracket ?? (current.value < origin.value ? (current, origin) : nil) else {
      return (0, start)
    }
    var isSlow = false
    while count < evaluations, abs(high.distance - low.distance) >= tolerance {
      let range = min(low.distance, high.distance)...max(low.distance, high.distance)
      var distance = Self.minimum(between: low, high, within: range)
      // Close to an end twice, or at it: a tenth of the way from it, so that the bracket becomes smaller.
      let margin = 0.1 * (range.upperBound - range.lowerBound)
      if min(range.upperBound - distance, distance - range.lowerBound) < margin {
        if isSlow || distance >= range.upperBound || distance <= range.lowerBound {
          let isAbove = range.upperBound - distance < distance - range.lowerBound
          distance = isAbove ? range.upperBound - margin : range.lowerBound + margin
          isSlow = false
        } else {
          isSlow = true
        }
      } else {
        isSlow = false
      }
      let next = try place(distance)
      count += 1
      if isTooHigh(next) || next.value >= low.value {
        high = next
      } else {
        if isFlat(next) { return (next.distance, next.point) }
        if next.slope * (high.distance - low.distance) >= 0 { high = low }
        low = next
      }
    }
    return low.value.isFinite ? (low.distance, low.point) : (0, start)
  }

  /// Where the cubic through two places with their slopes is least; the middle of `range` where that is nowhere.
  private static func minimum(between a: Place, _ b: Place, within range: ClosedRange<Double>) -> Double {
    let (first, second) = a.distance <= b.distance ? (a, b) : (b, a)
    let width = second.distance - first.distance
    let d1 = first.slope + second.slope - 3 * (second.value - first.value) / width
    let square = d1 * d1 - first.slope * second.slope
    guard square >= 0 else { return (range.lowerBound + range.upperBound) / 2 }
    let d2 = square.squareRoot()
    let found = second.distance - width * (second.slope + d2 - d1) / (second.slope - first.slope + 2 * d2)
    return found.isNaN ? (range.lowerBound + range.upperBound) / 2 : min(max(found, range.lowerBound), range.upperBound)
  }
}
