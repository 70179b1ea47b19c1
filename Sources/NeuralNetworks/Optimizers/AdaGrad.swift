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
  private let epsilon: Float
  private let variant: OptimizerVariant

  public init(
    for model: any Layer, learningRate: Float = 0.01, epsilon: Float? = nil, variant: OptimizerVariant = .paper,
    weightDecay: Float = 0, clipNorm: Float? = nil
  ) {
    self.variant = variant
    self.epsilon = epsilon ?? (variant == .keras ? 1e-7 : 1e-10)
    super.init(
      model, learningRate: learningRate, weightDecay: weightDecay, clipNorm: clipNorm, state: ["squares"],
      startingAt: variant == .keras ? 0.1 : 0)
    require(epsilon: self.epsilon)
  }

  override func step(_ parameter: Tensor, _ gradient: Tensor, _ state: [Tensor], _ numbers: [Tensor])
    -> (Tensor, [Tensor])
  {
    let squares = state[0] + gradient.square()
    let size = variant == .keras ? (squares + epsilon).sqrt() : squares.sqrt() + epsilon
    return (parameter - numbers[0] * gradient / size, [squares])
  }
}
