#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// How the learning rate falls while training goes on.
///
/// The rate is an input of a step's plan, so changing it costs nothing.
public enum Decay: String, Hashable, Sendable, Codable, CaseIterable {
  /// It does not.
  case constant
  /// In a straight line, to zero after the last step.
  case linear
  /// Along half a cosine, to zero after the last step: slowly, then fast, then slowly.
  ///
  /// Source: Loshchilov & Hutter, "SGDR: Stochastic Gradient Descent with Warm Restarts", ICLR 2017.
  case cosine

  /// What the first learning rate is multiplied with once `steps` of `total` steps are done.
  public func factor(after steps: Int, of total: Int) -> Double {
    guard total > 0 else { return 1 }
    let share = min(Double(steps) / Double(total), 1)
    switch self {
    case .constant: return 1
    case .linear: return 1 - share
    case .cosine: return (1 + cos(Double.pi * share)) / 2
    }
  }
}
