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
  override func step(_ parameter: Tensor, _ gradient: Tensor, _ state: [Tensor], _ numbers: [Tensor])
    -> (Tensor, [Tensor])
  {
    switch variant {
    case .paper, .keras:
      let velocity = state[0] * momentum - numbers[0] * gradient
      return (parameter + velocity, [velocity])
    case .pytorch:
      let velocity = state[0] * momentum + gradient
      return (parameter - numbers[0] * velocity, [velocity])
    }
  }
}
