import Tensors

/// Adam: a step scaled by running estimates of the gradient's mean and of its square.
///
/// m ← β₁ · m + (1 − β₁) · g; v ← β₂ · v + (1 − β₂) · g², then
///
/// - `.paper`, `.pytorch`: θ ← θ − α · m̂ / (√v̂ + ε) with m̂ = m / (1 − β₁ᵗ), v̂ = v / (1 − β₂ᵗ), ε 1e-8
/// - `.keras`: θ ← θ − α · √(1 − β₂ᵗ) / (1 − β₁ᵗ) · m / (√v + ε), ε 1e-7
///
/// Stores two values a parameter. The default learning rate is 1e-3.
///
/// Source: Kingma & Ba, "Adam: A Method for Stochastic Optimization", ICLR 2015, algorithm 1; the form of `.keras` is
/// at the end of its section 2.
public final class Adam: AdamRule {
  /// `weightDecay` adds a penalty's gradient to the loss's; see `AdamW` for decoupled weight decay.
  public init(
    for model: any Layer, learningRate: Float = 0.001, beta1: Double = 0.9, beta2: Double = 0.999,
    epsilon: Float? = nil, variant: OptimizerVariant = .paper, weightDecay: Float = 0, clipNorm: Float? = nil,
    @ParameterGroups groups: () -> [ParameterGroup] = { [] }
  ) {
    super.init(
      model, learningRate: learningRate, beta1, beta2, epsilon, variant, weightDecay, clipNorm, isDecoupled: false,
      groups())
  }
}
