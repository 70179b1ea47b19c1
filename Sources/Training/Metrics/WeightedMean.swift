/// A mean of numbers with weights, which batches add to.
struct WeightedMean: Hashable, Sendable {
  private var sum = 0.0
  private var total = 0.0

  /// Adds the numbers that `number` gives for these examples. Those of weight 0 are not asked for; where one throws, the
  /// mean is as before.
  mutating func add(
    _ indices: Range<Int>, _ weights: ExampleWeights, _ number: (Int) throws(TrainingError) -> Double
  ) throws(TrainingError) {
    var next = self
    for index in indices where weights[index] > 0 {
      next.total += weights[index]
      next.sum += weights[index] * (try number(index))
    }
    self = next
  }

  /// The mean, which is not defined without an example that counts.
  func value(of name: String) throws(TrainingError) -> Double {
    guard total > 0 else { throw .noExamples(name) }
    return sum / total
  }
}
