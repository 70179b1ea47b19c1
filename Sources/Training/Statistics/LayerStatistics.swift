/// How a step moved a layer.
public struct LayerStatistics: Hashable, Sendable {
  /// The path of the layer in the model, such as `layers.2`: the names of its parameters without their last part.
  public var name: String
  /// The Euclidean norm of the gradients of its trainable parameters together, before clipping.
  public var gradientNorm: Double
  /// How far the update moved these parameters, in shares of their norm before; `nil` where that is 0, and where the
  /// optimizer is not a `RuleOptimizer`.
  ///
  /// Around 1e-3 is usual; far below, a layer hardly learns, and far above, it forgets. Source: Stanford's course
  /// CS231n, notes on "Neural Networks Part 3", section "Ratio of weights:updates".
  public var updateRatio: Double?
}
