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
    epsilon: Float? = nil, variant: OptimizerVariant = .paper, weightDecay: Float = 0, clipNorm: Float? = nil
  ) {
    super.init(
      model, learningRate: learningRate, beta1, beta2, epsilon, variant, penalty: weightDecay, decoupledDecay: 0,
      clipNorm: clipNorm)
  }
}

/// What `Adam` and `AdamW` share.
public class AdamRule: RuleOptimizer {
  private let beta1: Double
  private let beta2: Double
  private let epsilon: Float
  private let variant: OptimizerVariant
  private let decoupledDecay: Float

  init(
    _ model: any Layer, learningRate: Float, _ beta1: Double, _ beta2: Double, _ epsilon: Float?,
    _ variant: OptimizerVariant, penalty: Float, decoupledDecay: Float, clipNorm: Float?
  ) {
    self.beta1 = beta1
    self.beta2 = beta2
    self.epsilon = epsilon ?? (variant == .keras ? 1e-7 : 1e-8)
    self.variant = variant
    self.decoupledDecay = decoupledDecay
    super.init(
      model, learningRate: learningRate, weightDecay: penalty, clipNorm: clipNorm, state: ["mean", "squares"])
    require(
      0..<1 ~= beta1 && 0..<1 ~= beta2, "beta1 and beta2 must be at least 0 and below 1, not \(beta1) and \(beta2)")
    require(epsilon: self.epsilon)
    require(
      decoupledDecay >= 0 && decoupledDecay.isFinite,
      "the weight decay must be a finite number of at least 0, not \(decoupledDecay)")
  }

  /// The learning rate, what m is multiplied with and what √v is multiplied with; in double precision up to here.
  override func append(numbersOfStep t: Int, to numbers: inout [Float]) {
    numbers.append(learningRate)
    let meanFactor = 1 / (1 - pow(beta1, Double(t)))
    let rootFactor = 1 / (1 - pow(beta2, Double(t))).squareRoot()
    switch variant {
    case .paper, .pytorch:
      numbers.append(Float(meanFactor))
      numbers.append(Float(rootFactor))
    case .keras:
      numbers.append(Float(meanFactor / rootFactor))
      numbers.append(1)
    }
  }

  override func step(_ parameter: Tensor, _ gradient: Tensor, _ state: [Tensor], _ numbers: [Tensor])
    -> (Tensor, [Tensor])
  {
    let mean = state[0] * Float(beta1) + gradient * Float(1 - beta1)
    let squares = state[1] * Float(beta2) + gradient.square() * Float(1 - beta2)
    let direction = mean * numbers[1] / (squares.sqrt() * numbers[2] + epsilon)
    let decayed = decoupledDecay == 0 ? direction : direction + parameter * decoupledDecay
    return (parameter - numbers[0] * decayed, [mean, squares])
  }
}
