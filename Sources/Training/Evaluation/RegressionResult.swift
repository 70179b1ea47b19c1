/// The evaluation of predicted numbers, in the unit of what is predicted.
public struct RegressionResult: Hashable, Sendable, Codable {
  /// The mean squared error in squared standard deviations of the training rows: what is minimized.
  public var loss: Double
  /// How many numbers were predicted.
  public var count: Int
  /// The mean of |prediction − target|.
  public var meanAbsoluteError: Double
  /// The root of the mean of (prediction − target)².
  public var rootMeanSquaredError: Double
  /// The share of the variance that is explained; `nil` for fewer than two numbers.
  public var r2: Double?
  /// The mean absolute error where always the mean of the training rows is predicted.
  public var baselineMeanAbsoluteError: Double
  /// The root mean squared error of the same.
  public var baselineRootMeanSquaredError: Double
  /// Seconds that the evaluation took.
  public var seconds: Double

  /// Examples evaluated a second.
  public var examplesPerSecond: Double { Double(count) / max(seconds, 1e-9) }
}
