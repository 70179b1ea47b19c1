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
public final class AdaMax: RuleOptimizer {
  private let beta1: Double
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
    (self.beta1, self.beta2, self.variant) = (beta1, beta2, variant)
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

  /// The learning rate and 1 / (1 − β₁ᵗ).
  public override func appendScalars(ofStep t: Int, to scalars: inout [Double]) {
    scalars += [Double(learningRate), Self.correction(beta1, ofStep: t)]
  }

  public override func step(_ update: ParameterUpdate) -> (parameter: Tensor, state: [Tensor]) {
    let mean = update.state[0] * .constant(beta1) + update.gradient * .constant(1 - beta1)
    let size = variant == .pytorch ? update.gradient.abs() + .constant(epsilon) : update.gradient.abs()
    let largest = maximum(update.state[1] * .constant(beta2), size)
    // As for RMSProp, the bound avoids 0 / 0.
    let divisor = variant == .pytorch ? largest : maximum(largest + .constant(epsilon), .full([], 1e-30))
    return (update.parameter - update.learningRate * (mean * update.scalars[1] / divisor), [mean, largest])
  }
}
