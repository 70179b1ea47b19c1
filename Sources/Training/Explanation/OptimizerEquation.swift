import NeuralNetworks

extension OptimizerName {
  /// The rule in a line: θ is a parameter, g its gradient, ε the learning rate, t the number of the step; what else
  /// there is is the optimizer's state by its name.
  package var equation: String {
    switch self {
    case .sgd: "θ ← θ − ε g"
    case .momentum: "velocity ← 0.9 velocity − ε g;  θ ← θ + velocity"
    case .momentumEMA: "velocity ← 0.9 velocity + 0.1 g;  θ ← θ − ε velocity"
    case .nesterov: "velocity ← 0.9 velocity − ε g;  θ ← θ + 0.9 velocity − ε g"
    case .adagrad: "squares ← squares + g²;  θ ← θ − ε g / (√squares + 10⁻¹⁰)"
    case .rmsprop: "squares ← 0.9 squares + 0.1 g²;  θ ← θ − ε g / √squares"
    case .adam: Self.moments + ";  θ ← θ − ε m / (√s + 10⁻⁸)"
    case .adamw: Self.moments + ";  θ ← θ − ε (m / (√s + 10⁻⁸) + 0.01 θ)"
    }
  }

  /// What Adam and AdamW share.
  private static let moments =
    "mean ← 0.9 mean + 0.1 g;  squares ← 0.999 squares + 0.001 g²;  m = mean / (1 − 0.9ᵗ), s = squares / (1 − 0.999ᵗ)"
}
