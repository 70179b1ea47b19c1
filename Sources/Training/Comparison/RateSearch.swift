/// The search for the learning rate with the least loss: numbers 1 and 3 times powers of ten, from two below to three
/// above the optimizer's default rate, and further on where the best is at an end.
struct RateSearch {
  private(set) var tried: [(rate: Double, loss: Double)] = []
  /// The places of the rates in the sequence …, 0.1, 0.3, 1, 3, …, in which 1 has place 0.
  private var places: ClosedRange<Int>
  private var waiting: [Int]
  /// How often the range may be extended.
  private var extensions = 6

  init(around rate: Float) {
    let place = (-20...20).min { abs(Self.rate($0) / Double(rate) - 1) < abs(Self.rate($1) / Double(rate) - 1) } ?? 0
    places = (place - 2)...(place + 3)
    waiting = Array(places)
  }

  private static func rate(_ place: Int) -> Double {
    let isEven = place.isMultiple(of: 2)
    let power = (isEven ? place : place - 1) / 2
    // Divided once, so that the rates are 0.3 and not 0.30000000000000004.
    let size = (0..<abs(power)).reduce(1.0) { product, _ in product * 10 }
    return power < 0 ? (isEven ? 1 : 3) / size : (isEven ? 1 : 3) * size
  }

  /// The rate to try next; `nil` where the search is over.
  var next: Double? { waiting.first.map(Self.rate) }

  /// Adds the loss at the rate that was `next`; infinite where the training diverged.
  mutating func add(_ loss: Double) {
    guard !waiting.isEmpty else { return }
    tried.append((Self.rate(waiting.removeFirst()), loss))
    tried.sort { $0.rate < $1.rate }
    guard waiting.isEmpty, extensions > 0 else { return }
    extensions -= 1
    // Where all diverged, `best` is the lowest rate.
    if best == Self.rate(places.lowerBound) {
      places = (places.lowerBound - 1)...places.upperBound
      waiting = [places.lowerBound]
    } else if best == Self.rate(places.upperBound) {
      places = places.lowerBound...(places.upperBound + 1)
      waiting = [places.upperBound]
    }
  }

  /// The rate with the least loss; of equal ones the lowest.
  var best: Double { tried.min { $0.loss < $1.loss }?.rate ?? 0 }
}
