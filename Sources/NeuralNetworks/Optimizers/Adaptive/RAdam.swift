import Tensors

/// RAdam: Adam whose first steps, for which the mean square is still uncertain, follow the gradient's mean alone.
///
/// ρ∞ = 2 / (1 − β₂) − 1; ρ = ρ∞ − 2 t β₂ᵗ / (1 − β₂ᵗ). Where ρ is large enough,
///
/// θ ← θ − α · r · m̂ / (√v̂ + ε), r = √((ρ − 4)(ρ − 2) ρ∞ / ((ρ∞ − 4)(ρ∞ − 2) ρ)); otherwise θ ← θ − α · m̂
///
/// - `.paper`: where ρ > 4; no ε
/// - `.pytorch`, `.keras`: where ρ > 5; ε beside the uncorrected √v: r · m̂ · √(1 − β₂ᵗ) / (√v + ε), ε 1e-8
///
/// Keras has no RAdam; its variant is PyTorch's. Stores two values a parameter. The default learning rate is 1e-3.
///
/// Source: Liu et al., "On the Variance of the Adaptive Learning Rate and Beyond", ICLR 2020, algorithm 2.
public final class RAdam: AdamRule {
  /// RAdam for the parameters of `model`. `epsilon` is the variant's where it is `nil`. `weightDecay` is λ of the
  /// penalty λ/2 · ‖θ‖²; `clipNorm` the greatest norm of all gradients together, `nil` for no limit; `groups` are
  /// settings for some of the parameters.
  public init(
    for model: any Layer, learningRate: Float = 0.001, beta1: Double = 0.9, beta2: Double = 0.999,
    epsilon: Float? = nil, variant: OptimizerVariant = .paper, weightDecay: Float = 0, clipNorm: Float? = nil,
    @ParameterGroups groups: () -> [ParameterGroup] = { [] }
  ) {
    super.init(
      model, learningRate: learningRate, beta1, beta2, epsilon ?? (variant == .paper ? 0 : 1e-8), variant, weightDecay,
      clipNorm, isDecoupled: false, groups())
  }

  /// What m / (√v + ε) and m are multiplied with.
  override func factors(ofStep t: Int) -> (Double, Double) {
    let (mean, squares) = (Self.correction(momentum, ofStep: t), Self.correction(beta2, ofStep: t))
    let limit = 2 / (1 - beta2) - 1
    let length = limit - 2 * Double(t) * Self.power(beta2, Double(t)) * squares
    guard length > (variant == .paper ? 4 : 5) else { return (0, mean) }
    let rectification = ((length - 4) * (length - 2) * limit / ((limit - 4) * (limit - 2) * length)).squareRoot()
    return (rectification * mean / squares.squareRoot(), 0)
  }

  public override func step(_ update: ParameterUpdate) -> (parameter: Tensor, state: [Tensor]) {
    let (mean, squares) = moments(update)
    // As for RMSProp, the bound avoids 0 / 0.
    let size = maximum(squares.sqrt() + .constant(epsilon), .full([], 1e-20))
    let direction = mean * update.scalars[1] / size + mean * update.scalars[2]
    return (update.parameter - update.learningRate * direction, [mean, squares])
  }
}
