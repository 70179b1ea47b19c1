import Tensors

/// Gradient descent: a step against the gradient.
///
/// θ ← θ − ε · g. Stores nothing. With batches drawn at random it is stochastic gradient descent.
///
/// Source: Cauchy 1847; Robbins & Monro, "A Stochastic Approximation Method", 1951.
public final class GradientDescent: RuleOptimizer {
  /// Gradient descent for the parameters of `model`. `weightDecay` is λ of the penalty λ/2 · ‖θ‖²; `clipNorm` the
  /// greatest norm of all gradients together, `nil` for no limit; `groups` are settings for some of the parameters.
  public init(
    for model: any Layer, learningRate: Float = 0.1, weightDecay: Float = 0, clipNorm: Float? = nil,
    @ParameterGroups groups: () -> [ParameterGroup] = { [] }
  ) {
    super.init(
      for: model, learningRate: learningRate, weightDecay: weightDecay, clipNorm: clipNorm, state: [], groups: groups())
  }

  public override func step(_ update: ParameterUpdate) -> (parameter: Tensor, state: [Tensor]) {
    (update.parameter - update.learningRate * update.gradient, [])
  }
}
