import Tensors

/// Lion: steps of one size, in the direction of the signs of a mean of gradients.
///
/// θ ← θ − η · (sign(β₁ · m + (1 − β₁) · g) + λ · θ); m ← β₂ · m + (1 − β₂) · g
///
/// All variants are the same. Stores one value a parameter. The default learning rate is 1e-4: a third to a tenth of
/// Adam's, with λ three to ten times as large.
///
/// Source: Chen et al., "Symbolic Discovery of Optimization Algorithms", NeurIPS 2023, algorithm 2.
public final class Lion: RuleOptimizer, MomentumOptimizer {
  /// β₁, the share of the gradient's mean in the direction, at least 0 and below 1. May be changed between steps.
  public var momentum: Double { didSet { setMomentum(ofGroups: momentum) } }
  private let beta2: Double

  /// Lion for the parameters of `model`. `weightDecay` is λ of the decoupled decay; `clipNorm` the greatest norm of all
  /// gradients together, `nil` for no limit; `groups` are settings for some of the parameters.
  public init(
    for model: any Layer, learningRate: Float = 1e-4, beta1: Double = 0.9, beta2: Double = 0.99,
    weightDecay: Float = 0, clipNorm: Float? = nil, @ParameterGroups groups: () -> [ParameterGroup] = { [] }
  ) {
    (momentum, self.beta2) = (beta1, beta2)
    super.init(
      for: model, learningRate: learningRate, weightDecay: weightDecay, clipNorm: clipNorm, state: ["mean"],
      decouplesWeightDecay: true, groups: groups())
    require(beta1: beta1, beta2: beta2)
  }

  /// The learning rate, β₁ and 1 − β₁.
  public override func appendScalars(ofStep t: Int, to scalars: inout [Double]) {
    scalars += [Double(learningRate), momentum, 1 - momentum]
  }

  public override func step(_ update: ParameterUpdate) -> (parameter: Tensor, state: [Tensor]) {
    let (mean, gradient) = (update.state[0], update.gradient)
    let direction = (mean * update.scalars[1] + gradient * update.scalars[2]).sign()
    let decayed = update.weightDecay == 0 ? direction : direction + update.parameter * update.weightDecay
    return (
      update.parameter - update.learningRate * decayed, [mean * .constant(beta2) + gradient * .constant(1 - beta2)]
    )
  }
}
