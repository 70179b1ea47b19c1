import Tensors

/// ASGD: gradient descent with a rate that falls, and the average of the parameters it passes through.
///
/// ε_t = ε / (1 + λ · ε · (t − 1))^α; θ ← (1 − λ · ε_t) · θ − ε_t · g; a ← a + (θ − a) / max(1, t − 1 − t₀)
///
/// The model holds θ; ``assignAverages()`` gives it a, which is θ up to step t₀ + 2. In all variants the rule is PyTorch's
/// `ASGD`. Stores one value a parameter. The default learning rate is 0.01. Groups' rates are in proportion to the
/// optimizer's.
///
/// Source: Polyak & Juditsky, "Acceleration of Stochastic Approximation by Averaging", SIAM Journal on Control and
/// Optimization 30 (1992); the rate, Bottou, "Stochastic Gradient Descent Tricks", 2012.
public final class ASGD: RuleOptimizer {
  private let decay: Double
  private let power: Double
  private let averagingStart: Double

  /// ASGD for the parameters of `model`. `decay` is λ, `power` α, `averagingStart` t₀; `weightDecay` is that of a penalty
  /// λ/2 · ‖θ‖² beside them; `clipNorm` the greatest norm of all gradients together, `nil` for no limit; `groups` are
  /// settings for some of the parameters.
  public init(
    for model: any Layer, learningRate: Float = 0.01, decay: Double = 1e-4, power: Double = 0.75,
    averagingStart: Int = 1_000_000, weightDecay: Float = 0, clipNorm: Float? = nil,
    @ParameterGroups groups: () -> [ParameterGroup] = { [] }
  ) {
    (self.decay, self.power, self.averagingStart) = (decay, power, Double(averagingStart))
    super.init(
      for: model, learningRate: learningRate, weightDecay: weightDecay, clipNorm: clipNorm, state: ["average"],
      groups: groups())
    require(
      decay >= 0 && decay.isFinite && power >= 0 && power.isFinite,
      "decay and power must be finite numbers of at least 0, not \(decay) and \(power)")
    require(averagingStart >= 0, "the step at which averages begin must be at least 0, not \(averagingStart)")
  }

  /// ε_t, what θ is multiplied with, and what the average moves by.
  public override func appendScalars(ofStep t: Int, to scalars: inout [Double]) {
    let (rate, before) = (Double(learningRate), Double(t - 1))
    let eta = rate / Self.power(1 + decay * rate * before, power)
    scalars += [eta, 1 - decay * eta, 1 / max(1, before - averagingStart)]
  }

  public override func step(_ update: ParameterUpdate) -> (parameter: Tensor, state: [Tensor]) {
    let moved = update.parameter * update.scalars[1] - update.learningRate * update.gradient
    return (moved, [update.state[0] + (moved - update.state[0]) * update.scalars[2]])
  }

  /// Gives the model the averages; parameters of a group with an optimizer of its own stay. Call it when training ends:
  /// further steps would start from them.
  public func assignAverages() throws(TensorError) {
    guard stepCount > 0 else { return }
    var assignments: [(Variable, Tensor)] = []
    for (parameter, state) in ownState where parameter.isTrainable {
      assignments.append((try parameter.variable(), state[0].tensor))
    }
    try evaluate([], assigning: assignments)
  }
}
