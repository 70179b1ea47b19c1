import Tensors

/// AdaGrad: each parameter's steps shrink with the sum of its squared gradients.
///
/// - `.paper`, `.pytorch`: G ← G + g²; θ ← θ − η · g / (√G + ε), ε 1e-10, G from 0
/// - `.keras`: G ← G + g²; θ ← θ − η · g / √(G + ε), ε 1e-7, G from 0.1
///
/// Nothing decays in G. Stores one value a parameter.
///
/// Source: Duchi, Hazan & Singer, "Adaptive Subgradient Methods for Online Learning and Stochastic Optimization", JMLR
/// 12 (2011).
public final class AdaGrad: RuleOptimizer {
  private let epsilon: Double
  private let variant: OptimizerVariant

  /// AdaGrad for the parameters of `model`. `epsilon` is the variant's where it is `nil`. `weightDecay` is λ of the
  /// penalty λ/2 · ‖θ‖²; `clipNorm` the greatest norm of all gradients together, `nil` for no limit; `groups` are
  /// settings for some of the parameters.
  public init(
    for model: any Layer, learningRate: Float = 0.01, epsilon: Float? = nil, variant: OptimizerVariant = .paper,
    weightDecay: Float = 0, clipNorm: Float? = nil,
    @ParameterGroups groups: () -> [ParameterGroup] = { [] }
  ) {
    self.variant = variant
    self.epsilon = epsilon.map(Double.init) ?? (variant == .keras ? 1e-7 : 1e-10)
    super.init(
      for: model, learningRate: learningRate, weightDecay: weightDecay, clipNorm: clipNorm,
      state: [OptimizerState("squares", startingAt: variant == .keras ? 0.1 : 0)], groups: groups())
    require(epsilon: self.epsilon)
  }

  public override func step(_ update: ParameterUpdate) -> (parameter: Tensor, state: [Tensor]) {
    let squares = update.state[0] + update.gradient.square()
    let size = variant == .keras ? (squares + .constant(epsilon)).sqrt() : squares.sqrt() + .constant(epsilon)
    return (update.parameter - update.learningRate * update.gradient / size, [squares])
  }
}
