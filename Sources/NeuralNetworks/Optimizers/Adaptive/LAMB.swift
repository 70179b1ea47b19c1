import Tensors

/// LAMB: Adam's step of each parameter tensor, scaled to the size of that tensor, for large batches.
///
/// r = m̂ / (√v̂ + ε) + λ · θ; θ ← θ − α · ‖θ‖ / ‖r‖ · r, and α · r where a norm is zero
///
/// The variants differ as those of `Adam`; PyTorch and Keras have no LAMB. Stores two values a parameter. The default
/// learning rate is 1e-3.
///
/// Source: You et al., "Large Batch Optimization for Deep Learning: Training BERT in 76 minutes", ICLR 2020, algorithm
/// 2 with φ(z) = z.
public final class LAMB: AdamRule {
  /// LAMB for the parameters of `model`. `epsilon` is the variant's where it is `nil`, 1e-6 for `.paper`; `weightDecay`
  /// λ; `clipNorm` the greatest norm of all gradients together, `nil` for no limit; `groups` are settings for some of
  /// the parameters.
  public init(
    for model: any Layer, learningRate: Float = 0.001, beta1: Double = 0.9, beta2: Double = 0.999,
    epsilon: Float? = nil, variant: OptimizerVariant = .paper, weightDecay: Float = 0.01, clipNorm: Float? = nil,
    @ParameterGroups groups: () -> [ParameterGroup] = { [] }
  ) {
    super.init(
      model, learningRate: learningRate, beta1, beta2, epsilon ?? (variant == .paper ? 1e-6 : nil), variant,
      weightDecay, clipNorm, isDecoupled: true, groups())
  }

  public override func step(_ update: ParameterUpdate) -> (parameter: Tensor, state: [Tensor]) {
    let (mean, squares) = moments(update)
    let direction = decayed(self.direction(mean, squares, update), update)
    return (
      update.parameter - update.learningRate * update.parameter.norm(relativeTo: direction) * direction,
      [mean, squares]
    )
  }
}

extension Tensor {
  /// ‖self‖ / ‖other‖, [], and 1 where one of them is zero.
  func norm(relativeTo other: Tensor) -> Tensor {
    let (own, theirs) = (norm(), other.norm())
    let one = Tensor.ones([]).cast(to: dtype)
    let zero = Tensor.zeros([]).cast(to: dtype)
    let isDefined = zero.less(than: own * theirs)
    return .where(isDefined, own / .where(isDefined, theirs, one), one)
  }
}
