import Tensors

/// Nesterov's momentum: the gradient is taken at the point that the momentum leads to.
///
/// As published, v ← μ · v − ε · ∇f(θ + μ · v); θ ← θ + v. The parameters of the model here are the points θ + μ · v at
/// which the gradient is taken, p, for which the same iteration reads
///
/// - `.paper`, `.keras`: v ← μ · v − ε · g; p ← p + μ · v − ε · g
/// - `.pytorch`: b ← μ · b + g; p ← p − ε · (g + μ · b)
///
/// They differ only where the learning rate changes. Stores one value a parameter.
///
/// Source: Nesterov 1983; Sutskever, Martens, Dahl & Hinton, "On the importance of initialization and momentum in deep
/// learning", ICML 2013; the change of variables, Bengio, Boulanger-Lewandowski & Pascanu, ICASSP 2013.
public final class Nesterov: VelocityRule {
  /// Nesterov's momentum for the parameters of `model`, which carries the share `momentum` of the velocity over.
  /// `weightDecay` is λ of the penalty λ/2 · ‖θ‖²; `clipNorm` the greatest norm of all gradients together, `nil` for no
  /// limit; `groups` are settings for some of the parameters.
  // An inherited initializer takes no list of groups: it loses its result builder.
  public override init(
    for model: any Layer, learningRate: Float = 0.01, momentum: Double = 0.9, variant: OptimizerVariant = .paper,
    weightDecay: Float = 0, clipNorm: Float? = nil, @ParameterGroups groups: () -> [ParameterGroup] = { [] }
  ) {
    super.init(
      for: model, learningRate: learningRate, momentum: momentum, variant: variant, weightDecay: weightDecay,
      clipNorm: clipNorm, groups: groups)
  }

  public override func step(_ update: ParameterUpdate) -> (parameter: Tensor, state: [Tensor]) {
    switch variant {
    case .paper, .keras:
      let push = update.learningRate * update.gradient
      let velocity = update.state[0] * update.scalars[1] - push
      return (update.parameter + velocity * update.scalars[1] - push, [velocity])
    case .pytorch:
      let velocity = update.state[0] * update.scalars[1] + update.gradient
      return (update.parameter - update.learningRate * (update.gradient + velocity * update.scalars[1]), [velocity])
    }
  }
}
