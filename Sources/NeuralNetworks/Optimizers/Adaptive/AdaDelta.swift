import Tensors

/// AdaDelta: RMSProp whose steps have the unit of the parameter, so that no learning rate must be found.
///
/// r ← ρ · r + (1 − ρ) · g²; Δ = √(s + ε) / √(r + ε) · g; s ← ρ · s + (1 − ρ) · Δ²; θ ← θ − η · Δ
///
/// - `.paper`: ρ 0.95, ε 1e-6
/// - `.pytorch`: ρ 0.9, ε 1e-6
/// - `.keras`: ρ 0.95, ε 1e-7; its learning rate is 0.001 where none is given
///
/// The paper has no learning rate: η is 1. Stores two values a parameter.
///
/// Source: Zeiler, "ADADELTA: An Adaptive Learning Rate Method", arXiv:1212.5701, 2012, algorithm 1.
public final class AdaDelta: RuleOptimizer {
  private let decay: Double
  private let epsilon: Double

  /// AdaDelta for the parameters of `model`. `decay` is ρ; it and `epsilon` are the variant's where they are `nil`.
  /// `weightDecay` is λ of the penalty λ/2 · ‖θ‖²; `clipNorm` the greatest norm of all gradients together, `nil` for no
  /// limit; `groups` are settings for some of the parameters.
  public init(
    for model: any Layer, learningRate: Float? = nil, decay: Double? = nil, epsilon: Float? = nil,
    variant: OptimizerVariant = .paper, weightDecay: Float = 0, clipNorm: Float? = nil,
    @ParameterGroups groups: () -> [ParameterGroup] = { [] }
  ) {
    self.decay = decay ?? (variant == .pytorch ? 0.9 : 0.95)
    self.epsilon = epsilon.map(Double.init) ?? (variant == .keras ? 1e-7 : 1e-6)
    super.init(
      for: model, learningRate: learningRate ?? (variant == .keras ? 0.001 : 1), weightDecay: weightDecay,
      clipNorm: clipNorm, state: ["squares", "squaredChanges"], groups: groups())
    require(0..<1 ~= self.decay, "the decay of the squares must be at least 0 and below 1, not \(self.decay)")
    require(epsilon: self.epsilon)
  }

  public override func step(_ update: ParameterUpdate) -> (parameter: Tensor, state: [Tensor]) {
    let squares = update.state[0] * .constant(decay) + update.gradient.square() * .constant(1 - decay)
    let change =
      (update.state[1] + .constant(epsilon)).sqrt() / (squares + .constant(epsilon)).sqrt() * update.gradient
    let changes = update.state[1] * .constant(decay) + change.square() * .constant(1 - decay)
    return (update.parameter - update.learningRate * change, [squares, changes])
  }
}
