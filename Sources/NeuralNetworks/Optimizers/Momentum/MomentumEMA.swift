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

  /// An optimizer for the parameters of `model`, whose average keeps the share `momentum` in each step. `weightDecay`
  /// is λ of the penalty λ/2 · ‖θ‖²; `clipNorm` the greatest norm of all gradients together, `nil` for no limit;
  /// `groups` are settings for some of the parameters.
  public init(
    for model: any Layer, learningRate: Float = 0.1, momentum: Double = 0.9, variant: OptimizerVariant = .paper,
    weightDecay: Float = 0, clipNorm: Float? = nil,
    @ParameterGroups groups: () -> [ParameterGroup] = { [] }
  ) {
    self.momentum = momentum
    self.variant = variant
    super.init(
      for: model, learningRate: learningRate, weightDecay: weightDecay, clipNorm: clipNorm, state: ["velocity"],
      groups: groups())
    require(0..<1 ~= momentum, "the momentum must be at least 0 and below 1, not \(momentum)")
  }

  /// The learning rate and the gradient's share.
  public override func appendScalars(ofStep t: Int, to scalars: inout [Double]) {
    scalars.append(Double(learningRate))
    scalars.append(variant == .pytorch && t == 1 ? 1 : 1 - momentum)
  }

  public override func step(_ update: ParameterUpdate) -> (parameter: Tensor, state: [Tensor]) {
    let velocity = update.state[0] * .constant(momentum) + update.scalars[1] * update.gradient
    return (update.parameter - update.learningRate * velocity, [velocity])
  }
}
