/// Which values of a metric are better.
public enum MetricDirection: String, Hashable, Sendable, Codable {
  /// Higher values, as of accuracy.
  case higherIsBetter
  /// Lower values, as of an error.
  case lowerIsBetter

  /// Whether `value` is better than `other`. NaN is never better, and any number is better than NaN.
  public func isBetter(_ value: Double, than other: Double) -> Bool {
    if value.isNaN || other.isNaN { return !value.isNaN && other.isNaN }
    return self == .higherIsBetter ? value > other : value < other
  }
}
