import Tensors

/// Momentum, or heavy ball: a share of the last step is carried over.
///
/// - `.paper`, `.keras`: Δ ← α · Δ − ε · g; θ ← θ + Δ
/// - `.pytorch`: b ← α · b + g; θ ← θ − ε · b
///
/// They differ only where the learning rate changes. Stores one value a parameter.
///
/// Source: Polyak, "Some methods of speeding up the convergence of iteration methods", 1964; equation 9 of Rumelhart,
/// Hinton & Williams, Nature 323 (1986).
public final class Momentum: VelocityRule {
  public override func step(_ update: ParameterUpdate) -> (parameter: Tensor, state: [Tensor]) {
    switch variant {
    case .paper, .keras:
      let velocity = update.state[0] * .constant(momentum) - update.learningRate * update.gradient
      return (update.parameter + velocity, [velocity])
    case .pytorch:
      let velocity = update.state[0] * .constant(momentum) + update.gradient
      return (update.parameter - update.learningRate * velocity, [velocity])
    }
  }
}
