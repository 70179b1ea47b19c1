import Tensors

/// Momentum as a moving average of gradients.
///
/// v ← β · v + (1 − β) · g; θ ← θ − ε · v. Equivalent to heavy ball with the learning rate (1 − β) · ε. Stores one
/// value a parameter. `.pytorch` begins with v = g, as `SGD(momentum: β, dampening: β)` does.
///
/// Common in textbooks and lectures, without one source.
public final class MomentumEMA: RuleOptimizer, MomentumOptimizer {
  /// The share of the average that is kept, at least 0 and below 1. May be changed between steps.
  public var momentum: Double { didSet { setMomentum(ofGroups: momentum) } }
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
  }

  /// The learning rate, the gradient's share and the average's.
  public override func appendScalars(ofStep t: Int, to scalars: inout [Double]) {
    scalars.append(Double(learningRate))
    scalars += [variant == .pytorch && t == 1 ? 1 : 1 - momentum, momentum]
  }

  public override func step(_ update: ParameterUpdate) -> (parameter: Tensor, state: [Tensor]) {
    let velocity = update.state[0] * update.scalars[2] + update.scalars[1] * update.gradient
    return (update.parameter - update.learningRate * velocity, [velocity])
  }
}
