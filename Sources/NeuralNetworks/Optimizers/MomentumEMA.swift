import Tensors

/// Momentum as a moving average of gradients.
///
/// v ← β · v + (1 − β) · g; θ ← θ − ε · v. Equivalent to heavy ball with the learning rate (1 − β) · ε. Stores one
/// value a parameter. `.pytorch` begins with v = g, as `SGD(momentum: β, dampening: β)` does.
///
/// Common in textbooks and lectures, without one source.
public final class MomentumEMA: RuleOptimizer {
  private let momentum: Double
  private let variant: OptimizerVariant

  public init(
    for model: any Layer, learningRate: Float = 0.1, momentum: Double = 0.9, variant: OptimizerVariant = .paper,
    weightDecay: Float = 0, clipNorm: Float? = nil
  ) {
    self.momentum = momentum
    self.variant = variant
    super.init(model, learningRate: learningRate, weightDecay: weightDecay, clipNorm: clipNorm, state: ["velocity"])
    require(0..<1 ~= momentum, "the momentum must be at least 0 and below 1, not \(momentum)")
  }

  /// The learning rate and the gradient's share.
  override func append(numbersOfStep t: Int, to numbers: inout [Float]) {
    numbers.append(learningRate)
    numbers.append(variant == .pytorch && t == 1 ? 1 : Float(1 - momentum))
  }

  override func step(_ parameter: Tensor, _ gradient: Tensor, _ state: [Tensor], _ numbers: [Tensor])
    -> (Tensor, [Tensor])
  {
    let velocity = state[0] * Float(momentum) + numbers[1] * gradient
    return (parameter - numbers[0] * velocity, [velocity])
  }
}
