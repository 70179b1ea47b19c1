import NeuralNetworks
import Tensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The mean over the examples of a loss of a prediction and its target.
///
/// ```swift
/// var metrics: [any Metric<RegressionBatch>] = [MeanLoss.logCosh, MeanLoss.absolutePercentage]
/// let relative = MeanLoss("relative error") { prediction, target in abs(prediction / target - 1) }
/// ```
///
/// Memory: two numbers.
public struct MeanLoss: Metric {
  public let name: String
  public var direction: MetricDirection { .lowerIsBetter }
  private let loss: @Sendable (_ prediction: Double, _ target: Double) throws(TrainingError) -> Double
  private var mean = WeightedMean()

  /// A mean over no examples yet; `loss` may throw where it is not defined.
  public init(
    _ name: String, _ loss: @escaping @Sendable (_ prediction: Double, _ target: Double) throws(TrainingError) -> Double
  ) {
    (self.name, self.loss) = (name, loss)
  }

  public mutating func update(_ batch: RegressionBatch) throws(TrainingError) {
    try mean.add(batch.targets.indices, batch.weights) { index throws(TrainingError) in
      try loss(batch.predictions[index], batch.targets[index])
    }
  }

  public var value: Double {
    get throws(TrainingError) { try mean.value(of: name) }
  }
}

extension MeanLoss {
  /// |prediction − target| / |target| in percent; of a target nearer to 0 than 10⁻⁷, as if it were that far, as in Keras.
  public static let absolutePercentage = MeanLoss("MAPE") { 100 * abs($0 - $1) / max(abs($1), 1e-7) }

  /// (log(1 + prediction) − log(1 + target))², for numbers from 0, in the measure of their ratio.
  public static let squaredLogarithmic = MeanLoss("MSLE") { prediction, target throws(TrainingError) in
    guard prediction >= 0, target >= 0 else {
      throw TrainingError("MSLE is of numbers from 0, not of a prediction of \(prediction) and a target of \(target)")
    }
    let difference = log1p(prediction) - log1p(target)
    return difference * difference
  }

  /// log(cosh(prediction − target)): half of the square where it is small, the distance less log 2 where it is large.
  public static let logCosh = MeanLoss("log-cosh") {
    let distance = abs($0 - $1)
    return distance + log1p(exp(-2 * distance)) - log(2)
  }

  /// Half of the deviance of a Poisson distribution less what does not depend on the prediction: prediction − target ·
  /// log(prediction), for counts and rates from 0. 10⁻⁷ is added to the rate in the logarithm, as in Keras.
  public static let poisson = MeanLoss("Poisson") { prediction, target throws(TrainingError) in
    guard prediction >= 0, target >= 0 else {
      throw TrainingError("Poisson is of numbers from 0, not of a rate of \(prediction) and a count of \(target)")
    }
    return prediction - target * log(prediction + 1e-7)
  }

  /// max(0, 1 − target · prediction) for targets of −1 and 1.
  ///
  /// Source: Cortes & Vapnik, "Support-Vector Networks", Machine Learning 20 (1995).
  public static let hinge = MeanLoss("hinge") { prediction, target throws(TrainingError) in
    try margin(prediction, target, "hinge")
  }

  /// The square of `hinge`.
  public static let squaredHinge = MeanLoss("squared hinge") { prediction, target throws(TrainingError) in
    let margin = try margin(prediction, target, "squared hinge")
    return margin * margin
  }

  private static func margin(
    _ prediction: Double, _ target: Double, _ name: String
  ) throws(TrainingError) -> Double {
    guard abs(target) == 1 else { throw TrainingError("\(name) is for targets of −1 and 1, not of \(target)") }
    return max(1 - target * prediction, 0)
  }
}
