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
    case .adadelta:
      "squares ← 0.95 squares + 0.05 g²;  Δ = g √(squaredChanges + 10⁻⁶) / √(squares + 10⁻⁶);  "
        + "squaredChanges ← 0.95 squaredChanges + 0.05 Δ²;  θ ← θ − ε Δ"
    case .rmsprop: "squares ← 0.9 squares + 0.1 g²;  θ ← θ − ε g / √squares"
    case .adam: Self.moments + ";  θ ← θ − ε m / (√s + 10⁻⁸)"
    case .adamw: Self.moments + ";  θ ← θ − ε (m / (√s + 10⁻⁸) + 0.01 θ)"
    case .adamax:
      "mean ← 0.9 mean + 0.1 g;  largest ← max(0.999 largest, |g|);  θ ← θ − ε mean / ((1 − 0.9ᵗ) largest)"
    case .nadam:
      "mean ← 0.9 mean + 0.1 g;  squares ← 0.999 squares + 0.001 g²;  s = 0.999 squares / (1 − 0.999ᵗ);  "
        + "μₜ = 0.9 (1 − ½ · 0.96^(t/250));  "
        + "θ ← θ − ε (μₜ₊₁ mean / (1 − μ₁⋯μₜ₊₁) + (1 − μₜ) g / (1 − μ₁⋯μₜ)) / (√s + 10⁻⁸)"
    case .amsgrad:
      "mean ← 0.9 mean + 0.1 g;  squares ← 0.999 squares + 0.001 g²;  largest ← max(largest, squares);  "
        + "θ ← θ − ε mean / √largest"
    case .lion: "θ ← θ − ε sign(0.9 mean + 0.1 g);  mean ← 0.99 mean + 0.01 g"
    case .muon:
      "matrices: velocity ← 0.95 velocity + 0.05 g;  θ ← θ − ε (0.2 √max(rows, columns) · "
        + "orthogonal(0.95 velocity + 0.05 g) + 0.01 θ);  biases: " + Self.moments
        + ";  θ ← θ − ε (m / (√s + 10⁻⁸) + 0.01 θ)"
    }
  }

  /// What Adam and AdamW share.
  private static let moments =
    "mean ← 0.9 mean + 0.1 g;  squares ← 0.999 squares + 0.001 g²;  m = mean / (1 − 0.9ᵗ), s = squares / (1 − 0.999ᵗ)"
}
