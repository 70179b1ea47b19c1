import Tensors

/// Adam with decoupled weight decay: weights decay separately from the gradient step.
///
/// θ ← θ − α · (m̂ / (√v̂ + ε) + λ · θ), with m̂, v̂ and the variants as in `Adam`. The decay is multiplied with the
/// learning rate, as in PyTorch and Keras. Stores two values a parameter.
///
/// Source: Loshchilov & Hutter, "Decoupled Weight Decay Regularization", ICLR 2019, algorithm 2.
public final class AdamW: AdamRule {
  /// AdamW for the parameters of `model`.
  ///
  /// - Parameters:
  ///   - beta1: the decay of the gradient's mean.
  ///   - beta2: the decay of the mean of its square.
  ///   - epsilon: `nil` for the variant's.
  ///   - weightDecay: λ of the decoupled decay.
  ///   - clipNorm: the greatest norm of all gradients together; `nil` for no limit.
  ///   - groups: settings for some of the parameters.
  public init(
    for model: any Layer, learningRate: Float = 0.001, beta1: Double = 0.9, beta2: Double = 0.999,
    epsilon: Float? = nil, variant: OptimizerVariant = .paper, weightDecay: Float = 0.01, clipNorm: Float? = nil,
    @ParameterGroups groups: () -> [ParameterGroup] = { [] }
  ) {
    super.init(
      model, learningRate: learningRate, beta1, beta2, epsilon, variant, weightDecay, clipNorm, isDecoupled: true,
      groups())
  }
}
