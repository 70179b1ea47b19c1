import Tensors

/// Momentum, or heavy ball: a share of the last step is carried over.
///
/// - `.paper`, `.keras`: Δ ← α · Δ − ε · (1 − d) · g; θ ← θ + Δ
/// - `.pytorch`: b ← α · b + (1 − d) · g; θ ← θ − ε · b
///
/// d is the dampening, 0 by default; in the first step of `.pytorch` it does not count. Without it they differ only where
/// the learning rate changes. Stores one value a parameter.
///
/// Source: Polyak, "Some methods of speeding up the convergence of iteration methods", 1964; equation 9 of Rumelhart,
/// Hinton & Williams, Nature 323 (1986).
public final class Momentum: VelocityRule {
  private let dampening: Double

  /// Momentum for the parameters of `model`, which carries the share `momentum` of the velocity over, and lacks the share
  /// `dampening` of each gradient. `weightDecay` is λ of the penalty λ/2 · ‖θ‖²; `clipNorm` the greatest norm of all
  /// gradients together, `nil` for no limit; `groups` are settings for some of the parameters.
  public init(
    for model: any Layer, learningRate: Float = 0.01, momentum: Double = 0.9, dampening: Double = 0,
    variant: OptimizerVariant = .paper, weightDecay: Float = 0, clipNorm: Float? = nil,
    @ParameterGroups groups: () -> [ParameterGroup] = { [] }
  ) {
    self.dampening = dampening
    super.init(
      for: model, learningRate: learningRate, momentum: momentum, variant: variant, weightDecay: weightDecay,
      clipNorm: clipNorm, groups: groups)
    require(0..<1 ~= dampening, "the dampening must be at least 0 and below 1, not \(dampening)")
  }

  /// The learning rate, the momentum, and with dampening the share of the gradient.
  public override func appendScalars(ofStep t: Int, to scalars: inout [Double]) {
    super.appendScalars(ofStep: t, to: &scalars)
    if dampening != 0 { scalars.append(variant == .pytorch && t == 1 ? 1 : 1 - dampening) }
  }

  public override func step(_ update: ParameterUpdate) -> (parameter: Tensor, state: [Tensor]) {
    let gradient = dampening == 0 ? update.gradient : update.gradient * update.scalars[2]
    switch variant {
    case .paper, .keras:
      let velocity = update.state[0] * update.scalars[1] - update.learningRate * gradient
      return (update.parameter + velocity, [velocity])
    case .pytorch:
      let velocity = update.state[0] * update.scalars[1] + gradient
      return (update.parameter - update.learningRate * velocity, [velocity])
    }
  }
}
