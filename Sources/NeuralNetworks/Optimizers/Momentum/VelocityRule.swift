import Tensors

/// What heavy ball and Nesterov's momentum share: a velocity for each parameter, of which a share is carried over.
public class VelocityRule: RuleOptimizer, MomentumOptimizer {
  /// The share of the velocity that is carried over, at least 0 and below 1. May be changed between steps.
  public var momentum: Double { didSet { setMomentum(ofGroups: momentum) } }
  let variant: OptimizerVariant

  /// An optimizer for the parameters of `model`, which carries the share `momentum` of the velocity over. `weightDecay`
  /// is λ of the penalty λ/2 · ‖θ‖²; `clipNorm` the greatest norm of all gradients together, `nil` for no limit;
  /// `groups` are settings for some of the parameters.
  public init(
    for model: any Layer, learningRate: Float = 0.01, momentum: Double = 0.9, variant: OptimizerVariant = .paper,
    weightDecay: Float = 0, clipNorm: Float? = nil,
    @ParameterGroups groups: () -> [ParameterGroup] = { [] }
  ) {
    self.momentum = momentum
    self.variant = variant
    super.init(
      for: model, learningRate: learningRate, weightDecay: weightDecay, clipNorm: clipNorm, state: ["velocity"],
      groups: groups())
  }

  /// The learning rate and the momentum.
  public override func appendScalars(ofStep t: Int, to scalars: inout [Double]) {
    scalars += [Double(learningRate), momentum]
  }
}
