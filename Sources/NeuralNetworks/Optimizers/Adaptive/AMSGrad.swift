import Tensors

/// AMSGrad: Adam with the largest mean square so far, so that the steps of a parameter never grow.
///
/// m and v as in Adam; w ← max(w, v), then
///
/// - `.paper`: θ ← θ − α · m / √w, without corrections and without ε. Where w is still zero, so is m, and the parameter
///   stays.
/// - `.pytorch`: θ ← θ − α · m̂ / (√(w / (1 − β₂ᵗ)) + ε), ε 1e-8
/// - `.keras`: θ ← θ − α · √(1 − β₂ᵗ) / (1 − β₁ᵗ) · m / (√w + ε), ε 1e-7
///
/// Stores three values a parameter. The default learning rate is 1e-3.
///
/// Source: Reddi, Kale & Kumar, "On the Convergence of Adam and Beyond", ICLR 2018, algorithm 2.
public final class AMSGrad: AdamRule {
  /// AMSGrad for the parameters of `model`. `epsilon` is the variant's where it is `nil`. `weightDecay` is λ of the
  /// penalty λ/2 · ‖θ‖²; `clipNorm` the greatest norm of all gradients together, `nil` for no limit; `groups` are
  /// settings for some of the parameters.
  public init(
    for model: any Layer, learningRate: Float = 0.001, beta1: Double = 0.9, beta2: Double = 0.999,
    epsilon: Float? = nil, variant: OptimizerVariant = .paper, weightDecay: Float = 0, clipNorm: Float? = nil,
    @ParameterGroups groups: () -> [ParameterGroup] = { [] }
  ) {
    super.init(
      model, learningRate: learningRate, beta1, beta2, epsilon ?? (variant == .paper ? 0 : nil), variant, weightDecay,
      clipNorm, isDecoupled: false, state: ["mean", "squares", "largest"], groups())
  }

  override func factors(ofStep t: Int) -> (Double, Double) {
    variant == .paper ? (1, 1) : super.factors(ofStep: t)
  }

  public override func step(_ update: ParameterUpdate) -> (parameter: Tensor, state: [Tensor]) {
    let (mean, squares) = moments(update)
    let largest = maximum(update.state[2], squares)
    let size = largest.sqrt() * update.scalars[2] + .constant(epsilon)
    // As for RMSProp, the bound avoids 0 / 0.
    let direction = mean * update.scalars[1] / (variant == .paper ? maximum(size, .full([], 1e-20)) : size)
    return (update.parameter - update.learningRate * direction, [mean, squares, largest])
  }
}
