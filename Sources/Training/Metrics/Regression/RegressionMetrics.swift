/// The mean of |prediction − target|, in the unit of the target. Memory: two numbers.
public struct MeanAbsoluteError: Metric, Hashable {
  public var name: String { "MAE" }
  public var direction: MetricDirection { .lowerIsBetter }
  private var mean = WeightedMean()

  /// An error over no examples yet.
  public init() {}

  public mutating func update(_ batch: RegressionBatch) throws(TrainingError) {
    try mean.add(batch.targets.indices, batch.weights) { index throws(TrainingError) in
      abs(batch.predictions[index] - batch.targets[index])
    }
  }

  public var value: Double {
    get throws(TrainingError) { try mean.value(of: name) }
  }
}

/// The mean of (prediction − target)², in the squared unit of the target. Memory: two numbers.
public struct MeanSquaredError: Metric, Hashable {
  public var name: String { "MSE" }
  public var direction: MetricDirection { .lowerIsBetter }
  private var mean = WeightedMean()

  /// An error over no examples yet.
  public init() {}

  public mutating func update(_ batch: RegressionBatch) throws(TrainingError) {
    try mean.add(batch.targets.indices, batch.weights) { index throws(TrainingError) in
      let difference = batch.predictions[index] - batch.targets[index]
      return difference * difference
    }
  }

  public var value: Double {
    get throws(TrainingError) { try mean.value(of: name) }
  }
}

/// The square root of the mean squared error, in the unit of the target. Memory: two numbers.
public struct RootMeanSquaredError: Metric, Hashable {
  public var name: String { "RMSE" }
  public var direction: MetricDirection { .lowerIsBetter }
  private var squares = MeanSquaredError()

  /// An error over no examples yet.
  public init() {}

  public mutating func update(_ batch: RegressionBatch) throws(TrainingError) { try squares.update(batch) }

  public var value: Double {
    get throws(TrainingError) {
      do { return try squares.value.squareRoot() } catch { throw .noExamples(name) }
    }
  }
}

/// The coefficient of determination: the share of the target's variance that the predictions explain. 1 for perfect
/// predictions, 0 for the mean of the targets, and negative for worse ones.
///
/// R² = 1 − Σ (y − ŷ)² / Σ (y − ȳ)². Where all targets are equal it is 1 for perfect predictions and 0 for others, as in
/// scikit-learn. Not defined for fewer than two examples. Memory: five numbers; the variance is updated stably.
///
/// Source: Wright, "Correlation and Causation", Journal of Agricultural Research 20 (1921); West, "Updating Mean and
/// Variance Estimates: An Improved Method", CACM 22 (1979), for the variance.
public struct R2: Metric, Hashable {
  public var name: String { "R²" }
  public var direction: MetricDirection { .higherIsBetter }
  private var count = 0
  private var total = 0.0
  private var mean = 0.0
  /// Σ w (y − ȳ)²
  private var spread = 0.0
  /// Σ w (y − ŷ)²
  private var residual = 0.0

  /// A coefficient over no examples yet.
  public init() {}

  public mutating func update(_ batch: RegressionBatch) throws(TrainingError) {
    for index in batch.targets.indices where batch.weights[index] > 0 {
      let (target, weight) = (batch.targets[index], batch.weights[index])
      count += 1
      total += weight
      let step = target - mean
      mean += step * weight / total
      spread += weight * step * (target - mean)
      let difference = batch.predictions[index] - target
      residual += weight * difference * difference
    }
  }

  public var value: Double {
    get throws(TrainingError) {
      guard count > 1 else { throw TrainingError("R² needs at least two examples whose weight is above 0") }
      guard spread > 0 else { return residual > 0 ? 0 : 1 }
      return 1 - residual / spread
    }
  }
}
