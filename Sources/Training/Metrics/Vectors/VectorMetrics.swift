#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The mean cosine of the angle between predictions and targets: 1 for vectors of one direction, −1 for opposite ones, and 0
/// where one is zero.
///
/// Memory: two numbers.
public struct CosineSimilarity: Metric, Hashable {
  public var name: String { "cosine similarity" }
  public var direction: MetricDirection { .higherIsBetter }
  private var mean = WeightedMean()

  /// A similarity over no examples yet.
  public init() {}

  public mutating func update(_ batch: VectorBatch) throws(TrainingError) {
    try mean.add(batch.indices, batch.weights) { index throws(TrainingError) in
      var (product, squares) = (0.0, SIMD2(0.0, 0.0))
      for (prediction, target) in batch.pairs(index) {
        product += prediction * target
        squares += SIMD2(prediction * prediction, target * target)
      }
      let size = squares.x.squareRoot() * squares.y.squareRoot()
      return size > 0 ? product / size : 0
    }
  }

  public var value: Double {
    get throws(TrainingError) { try mean.value(of: name) }
  }
}

/// The mean Kullback–Leibler divergence of predicted distributions from the true ones, Σ p log(p / q) in nats, p the target's
/// probabilities. 0 where they are equal, infinite where something that occurs was given no probability.
///
/// Memory: two numbers.
///
/// Source: Kullback & Leibler, "On Information and Sufficiency", Annals of Mathematical Statistics 22 (1951).
public struct KLDivergence: Metric, Hashable {
  public var name: String { "KL divergence" }
  public var direction: MetricDirection { .lowerIsBetter }
  private var mean = WeightedMean()

  /// A divergence over no examples yet.
  public init() {}

  public mutating func update(_ batch: VectorBatch) throws(TrainingError) {
    try mean.add(batch.indices, batch.weights) { [name] index throws(TrainingError) in
      var sum = 0.0
      for (prediction, target) in batch.pairs(index) {
        guard prediction >= 0, target >= 0 else {
          throw TrainingError(
            "\(name) is of probabilities, from 0, not of a prediction of \(prediction) and a target of \(target)")
        }
        if target > 0 { sum += target * log(target / prediction) }
      }
      return sum
    }
  }

  public var value: Double {
    get throws(TrainingError) { try mean.value(of: name) }
  }
}
