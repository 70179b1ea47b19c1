import Tensors

/// AdaMax: Adam with the largest gradient of late in place of the root mean square.
///
/// m ← β₁ · m + (1 − β₁) · g, then
///
/// - `.paper`: u ← max(β₂ · u, |g|); θ ← θ − α / (1 − β₁ᵗ) · m / u. Where u is still zero, so is m, and the parameter stays.
/// - `.pytorch`: u ← max(β₂ · u, |g| + ε); θ as the paper, ε 1e-8
/// - `.keras`: u as the paper; θ ← θ − α / (1 − β₁ᵗ) · m / (u + ε), ε 1e-7
///
/// Stores two values a parameter. The default learning rate is 2e-3.
///
/// Source: Kingma & Ba, "Adam: A Method for Stochastic Optimization", ICLR 2015, algorithm 2.
public final class AdaMax: RuleOptimizer, MomentumOptimizer {
  /// β₁, the share of the gradient's mean that is carried over, at least 0 and below 1. May be changed between steps.
  public var momentum: Double { didSet { setMomentum(ofGroups: momentum) } }
  private let beta2: Double
  private let epsilon: Double
  private let variant: OptimizerVariant

  /// AdaMax for the parameters of `model`. `epsilon` is the variant's where it is `nil`. `weightDecay` is λ of the
  /// penalty λ/2 · ‖θ‖²; `clipNorm` the greatest norm of all gradients together, `nil` for no limit; `groups` are
  /// settings for some of the parameters.
  public init(
    for model: any Layer, learningRate: Float = 0.002, beta1: Double = 0.9, beta2: Double = 0.999,
    epsilon: Float? = nil, variant: OptimizerVariant = .paper, weightDecay: Float = 0, clipNorm: Float? = nil,
    @ParameterGroups groups: () -> [ParameterGroup] = { [] }
  ) {
    (momentum, self.beta2, self.variant) = (beta1, beta2, variant)
    switch variant {
    case .paper: self.epsilon = epsilon.map(Double.init) ?? 0
    case .pytorch: self.epsilon = epsilon.map(Double.init) ?? 1e-8
    case .keras: self.epsilon = epsilon.map(Double.init) ?? 1e-7
    }
    super.init(
      for: model, learningRate: learningRate, weightDecay: weightDecay, clipNorm: clipNorm,
      state: ["mean", "largest"], groups: groups())
    require(beta1: beta1, beta2: beta2)
    require(epsilon: self.epsilon)
  }

  /// The learning rate, 1 / (1 − β₁ᵗ), β₁ and 1 − β₁.
  public override func appendScalars(ofStep t: Int, to scalars: inout [Double]) {
    scalars += [Double(learningRate), Self.correction(momentum, ofStep: t), momentum, 1 - momentum]
  }

  public override func step(_ update: ParameterUpdate) -> (parameter: Tensor, state: [Tensor]) {
    let mean = update.state[0] * update.scalars[2] + update.gradient * update.scalars[3]
    let size = variant == .pytorch ? update.gradient.abs() + .constant(epsilon) : update.gradient.abs()
    let largest = maximum(update.state[1] * .constant(beta2), size)
    // As for RMSProp, the bound avoids 0 / 0.
    let divisor = variant == .pytorch ? largest : maximum(largest + .constant(epsilon), .full([], 1e-30))
    return (update.parameter - update.learningRate * (mean * update.scalars[1] / divisor), [mean, largest])
  }
}
