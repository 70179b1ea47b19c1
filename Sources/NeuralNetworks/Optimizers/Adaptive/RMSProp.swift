import Tensors

/// RMSProp: the gradient divided by a running root mean square of itself.
///
/// r ← ρ · r + (1 − ρ) · g², then
///
/// - `.paper`: θ ← θ − η · g / √r, ρ 0.9. The lecture has no ε; where r is still zero, so is g, and the parameter
///   stays.
/// - `.pytorch`: θ ← θ − η · g / (√r + ε), ρ 0.99, ε 1e-8
/// - `.keras`: θ ← θ − η · g / √(r + ε), ρ 0.9, ε 1e-7
///
/// Stores one value a parameter.
///
/// Source: Hinton, "Neural Networks for Machine Learning", lecture 6e, 2012.
public final class RMSProp: RuleOptimizer {
  private let decay: Double
  private let epsilon: Double
  private let variant: OptimizerVariant

  /// RMSProp for the parameters of `model`. `decay` is ρ; it and `epsilon` are the variant's where they are `nil`.
  /// `weightDecay` is λ of the penalty λ/2 · ‖θ‖²; `clipNorm` the greatest norm of all gradients together, `nil` for no
  /// limit; `groups` are settings for some of the parameters.
  public init(
    for model: any Layer, learningRate: Float = 0.001, decay: Double? = nil, epsilon: Float? = nil,
    variant: OptimizerVariant = .paper, weightDecay: Float = 0, clipNorm: Float? = nil,
    @ParameterGroups groups: () -> [ParameterGroup] = { [] }
  ) {
    self.variant = variant
    self.decay = decay ?? (variant == .pytorch ? 0.99 : 0.9)
    switch variant {
    case .paper: self.epsilon = epsilon.map(Double.init) ?? 0
    case .pytorch: self.epsilon = epsilon.map(Double.init) ?? 1e-8
    case .keras: self.epsilon = epsilon.map(Double.init) ?? 1e-7
    }
    super.init(
      for: model, learningRate: learningRate, weightDecay: weightDecay, clipNorm: clipNorm, state: ["squares"],
      groups: groups())
    require(0..<1 ~= self.decay, "the decay of the squares must be at least 0 and below 1, not \(self.decay)")
    require(epsilon: self.epsilon)
  }

  public override func step(_ update: ParameterUpdate) -> (parameter: Tensor, state: [Tensor]) {
    let squares = update.state[0] * .constant(decay) + update.gradient.square() * .constant(1 - decay)
    let size =
      switch variant {
      // The root of the least normal number is 1e-19, so the bound avoids 0 / 0 and changes nothing else.
      case .paper: maximum(squares.sqrt() + .constant(epsilon), .full([], 1e-20))
      case .pytorch: squares.sqrt() + .constant(epsilon)
      case .keras: (squares + .constant(epsilon)).sqrt()
      }
    return (update.parameter - update.learningRate * update.gradient / size, [squares])
  }
}
