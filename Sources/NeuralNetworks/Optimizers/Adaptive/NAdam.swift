import Tensors

/// NAdam: Adam with Nesterov's momentum.
///
/// m and v as in Adam, and μ_t = β₁ · (1 − ½ · 0.96^(t · ψ)):
///
/// θ ← θ − α · (μ_{t+1} · m / (1 − Π_{i ≤ t+1} μ_i) + (1 − μ_t) · g / (1 − Π_{i ≤ t} μ_i)) / (√v̂ + ε)
///
/// - `.paper`: v̂ = β₂ · v / (1 − β₂ᵗ), ψ 0.004, ε 1e-8
/// - `.pytorch`: v̂ = v / (1 − β₂ᵗ), ψ 0.004, ε 1e-8
/// - `.keras`: v̂ = v / (1 − β₂ᵗ), ψ 1, ε 1e-7
///
/// Stores two values a parameter. The default learning rate is 2e-3.
///
/// Source: Dozat, "Incorporating Nesterov Momentum into Adam", ICLR workshop 2016, algorithm 2; the momentum over time
/// from its section 4 and Sutskever et al., ICML 2013.
public final class NAdam: RuleOptimizer {
  private let beta1: Double
  private let beta2: Double
  private let epsilon: Double
  private let variant: OptimizerVariant
  /// Π_{i ≤ t} μ_i, and its t.
  private var product: (step: Int, value: Double) = (0, 1)

  /// NAdam for the parameters of `model`. `epsilon` is the variant's where it is `nil`. `weightDecay` is λ of the
  /// penalty λ/2 · ‖θ‖²; `clipNorm` the greatest norm of all gradients together, `nil` for no limit; `groups` are
  /// settings for some of the parameters.
  public init(
    for model: any Layer, learningRate: Float = 0.002, beta1: Double = 0.9, beta2: Double = 0.999,
    epsilon: Float? = nil, variant: OptimizerVariant = .paper, weightDecay: Float = 0, clipNorm: Float? = nil,
    @ParameterGroups groups: () -> [ParameterGroup] = { [] }
  ) {
    (self.beta1, self.beta2, self.variant) = (beta1, beta2, variant)
    self.epsilon = epsilon.map(Double.init) ?? (variant == .keras ? 1e-7 : 1e-8)
    super.init(
      for: model, learningRate: learningRate, weightDecay: weightDecay, clipNorm: clipNorm,
      state: ["mean", "squares"], groups: groups())
    require(beta1: beta1, beta2: beta2)
    require(epsilon: self.epsilon)
  }

  private func momentum(_ t: Int) -> Double {
    beta1 * (1 - 0.5 * Self.power(0.96, Double(t) * (variant == .keras ? 1 : 0.004)))
  }

  /// The learning rate, what m and g are multiplied with, and what √v is.
  public override func appendScalars(ofStep t: Int, to scalars: inout [Double]) {
    // A step follows the one before it, except after a checkpoint.
    if product.step >= t { product = (0, 1) }
    // A product of 0 stays, and nobody takes more than 2²⁷ steps: each is a multiplication.
    while product.step < min(t, 1 << 27), product.value > 0 {
      product = (product.step + 1, product.value * momentum(product.step + 1))
    }
    let next = momentum(t.plus(1))
    scalars += [
      Double(learningRate), next / (1 - product.value * next), (1 - momentum(t)) / (1 - product.value),
      ((variant == .paper ? beta2 : 1) * Self.correction(beta2, ofStep: t)).squareRoot(),
    ]
  }

  public override func step(_ update: ParameterUpdate) -> (parameter: Tensor, state: [Tensor]) {
    let mean = update.state[0] * .constant(beta1) + update.gradient * .constant(1 - beta1)
    let squares = update.state[1] * .constant(beta2) + update.gradient.square() * .constant(1 - beta2)
    let direction = mean * update.scalars[1] + update.gradient * update.scalars[2]
    let size = squares.sqrt() * update.scalars[3] + .constant(epsilon)
    return (update.parameter - update.learningRate * direction / size, [mean, squares])
  }
}
