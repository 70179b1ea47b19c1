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
