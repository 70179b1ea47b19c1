import Tensors

/// Gradient descent: a step against the gradient.
///
/// θ ← θ − ε · g. Stores nothing. With batches drawn at random it is stochastic gradient descent.
///
/// Source: Cauchy 1847; Robbins & Monro, "A Stochastic Approximation Method", 1951.
public final class GradientDescent: RuleOptimizer {
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
