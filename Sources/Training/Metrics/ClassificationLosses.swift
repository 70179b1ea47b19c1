#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The mean cross-entropy, or log loss: −log of the probability of the true class, in nats.
///
/// Probabilities are taken as at least 2.2 · 10⁻¹⁶, as in scikit-learn. Memory: two numbers.
///
/// Source: Good, "Rational Decisions", Journal of the Royal Statistical Society 14 (1952).
public struct LogLoss: Metric, Hashable {
  public var name: String { "log loss" }
  public var direction: MetricDirection { .lowerIsBetter }
  private var mean = WeightedMean()

  /// A loss over no examples yet.
  public init() {}

  public mutating func update(_ batch: ClassificationBatch) throws(TrainingError) {
    let probabilities = try batch.probabilities(for: name)
    try mean.add(batch.labels.indices, batch.weights) { index throws(TrainingError) in
      -log(min(max(probabilities[index * batch.classes + batch.labels[index]], .ulpOfOne), 1))
    }
  }

  public var value: Double {
    get throws(TrainingError) { try mean.value(of: name) }
  }
}

/// The mean of how far the probability of the true class is from being 1 above those of all others: max(0, 1 + greatest other
/// − own). From 0 to 2.
///
/// Memory: two numbers.
///
/// Source: Crammer & Singer, "On the Algorithmic Implementation of Multiclass Kernel-based Vector Machines", JMLR 2 (2001).
public struct CategoricalHinge: Metric, Hashable {
  public var name: String { "categorical hinge" }
  public var direction: MetricDirection { .lowerIsBetter }
  private var mean = WeightedMean()

  /// A loss over no examples yet.
  public init() {}

  public mutating func update(_ batch: ClassificationBatch) throws(TrainingError) {
    let probabilities = try batch.probabilities(for: name)
    try mean.add(batch.labels.indices, batch.weights) { index throws(TrainingError) in
      let (start, label) = (index * batch.classes, batch.labels[index])
      let others = (0..<batch.classes).lazy.filter { $0 != label }.map { probabilities[start + $0] }
      return max(1 + (others.max() ?? 0) - probabilities[start + label], 0)
    }
  }

  public var value: Double {
    get throws(TrainingError) { try mean.value(of: name) }
  }
}
