/// The inverse of a Hessian as the last steps and changes of the gradient show it.
///
/// Source: Nocedal & Wright, "Numerical Optimization", 2006, algorithm 7.4.
struct InverseCurvature {
  private let limit: Int
  private var pairs: [(step: [Double], change: [Double], inverse: Double)] = []
  private var scale = 1.0

  /// Keeps up to `limit` pairs.
  init(limit: Int) { self.limit = limit }

  /// Adds a pair, unless the curvature along it is not positive.
  mutating func add(step: [Double], change: [Double]) {
    let curvature = dot(step, change)
    guard curvature > 1e-10 else { return }
    if pairs.count == limit { pairs.removeFirst() }
    pairs.append((step, change, 1 / curvature))
    scale = curvature / dot(change, change)
  }

  /// Its product with a vector, by two loops over the pairs.
  func applied(to vector: [Double]) -> [Double] {
    var result = vector
    var shares: [Double] = []
    for pair in pairs.reversed() {
      let share = pair.inverse * dot(pair.step, result)
      shares.append(share)
      for index in result.indices { result[index] -= share * pair.change[index] }
    }
    for index in result.indices { result[index] *= scale }
    for (pair, share) in zip(pairs, shares.reversed()) {
      let difference = share - pair.inverse * dot(pair.change, result)
      for index in result.indices { result[index] += difference * pair.step[index] }
    }
    return result
  }
}
