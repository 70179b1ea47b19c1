import Tensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

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

/// What `Adam` and `AdamW` share.
public class AdamRule: RuleOptimizer {
  private let beta1: Double
  private let beta2: Double
  private let epsilon: Double
  private let variant: OptimizerVariant

  init(
    _ model: any Layer, learningRate: Float, _ beta1: Double, _ beta2: Double, _ epsilon: Float?,
    _ variant: OptimizerVariant, _ weightDecay: Float, _ clipNorm: Float?, isDecoupled: Bool, _ groups: [ParameterGroup]
  ) {
    self.beta1 = beta1
    self.beta2 = beta2
    self.epsilon = epsilon.map(Double.init) ?? (variant == .keras ? 1e-7 : 1e-8)
    self.variant = variant
    super.init(
      for: model, learningRate: learningRate, weightDecay: weightDecay, clipNorm: clipNorm, state: ["mean", "squares"],
      decouplesWeightDecay: isDecoupled, groups: groups)
    require(
      0..<1 ~= beta1 && 0..<1 ~= beta2, "beta1 and beta2 must be at least 0 and below 1, not \(beta1) and \(beta2)")
    require(epsilon: self.epsilon)
  }

  /// The learning rate, what m is multiplied with and what √v is multiplied with; in double precision up to here.
  public override func appendScalars(ofStep t: Int, to scalars: inout [Double]) {
    scalars.append(Double(learningRate))
    let meanFactor = 1 / (1 - pow(beta1, Double(t)))
    let rootFactor = 1 / (1 - pow(beta2, Double(t))).squareRoot()
    switch variant {
    case .paper, .pytorch:
      scalars.append(meanFactor)
      scalars.append(rootFactor)
    case .keras:
      scalars.append(meanFactor / rootFactor)
      scalars.append(1)
    }
  }

  public override func step(_ update: ParameterUpdate) -> (parameter: Tensor, state: [Tensor]) {
    let mean = update.state[0] * .constant(beta1) + update.gradient * .constant(1 - beta1)
    let squares = update.state[1] * .constant(beta2) + update.gradient.square() * .constant(1 - beta2)
    let direction = mean * update.scalars[1] / (squares.sqrt() * update.scalars[2] + .constant(epsilon))
    let decayed = update.weightDecay == 0 ? direction : direction + update.parameter * update.weightDecay
    return (update.parameter - update.learningRate * decayed, [mean, squares])
  }
}
