/// How well a classifier does on a set of examples it is shown without learning from them.
public struct ClassificationResult: Hashable, Sendable {
  /// Mean cross-entropy in nats.
  public var loss: Double
  /// Share classified right, 0 to 1.
  public var accuracy: Double
  public var confusionMatrix: ConfusionMatrix
  public var seconds: Double
  public var examplesPerSecond: Double
}
