import Tensors

/// LARS: momentum with a learning rate for each parameter tensor, in proportion to its size, for large batches.
///
/// r = η · ‖θ‖ / (‖g‖ + λ · ‖θ‖), and 1 where a norm is zero; v ← μ · v + ε · r · (g + λ · θ); θ ← θ − v
///
/// PyTorch and Keras have no LARS. Stores one value a parameter. The default learning rate is 0.1, η 1e-3.
///
/// Source: You, Gitman & Ginsburg, "Large Batch Training of Convolutional Networks", arXiv:1708.03888, 2017,
/// algorithm 1.
public final class LARS: RuleOptimizer, MomentumOptimizer {
  /// The share of the velocity that is carried over, at least 0 and below 1. May be changed between steps.
  public var momentum: Double { didSet { setMomentum(ofGroups: momentum) } }
  private let trust: Double

  /// LARS for the parameters of `model`. `trust` is η, `weightDecay` λ; `clipNorm` the greatest norm of all gradients
  /// together, `nil` for no limit; `groups` are settings for some of the parameters.
  public init(
    for model: any Layer, learningRate: Float = 0.1, momentum: Double = 0.9, trust: Double = 1e-3,
    weightDecay: Float = 0, clipNorm: Float? = nil, @ParameterGroups groups: () -> [ParameterGroup] = { [] }
  ) {
    (self.momentum, self.trust) = (momentum, trust)
    super.init(
      for: model, learningRate: learningRate, weightDecay: weightDecay, clipNorm: clipNorm, state: ["velocity"],
      decouplesWeightDecay: true, groups: groups())
    require(trust > 0 && trust.isFinite, "the trust must be a number above 0, not \(trust)")
  }

  /// The learning rate and the momentum.
  public override func appendScalars(ofStep t: Int, to scalars: inout [Double]) {
    scalars += [Double(learningRate), momentum]
  }

  public override func step(_ update: ParameterUpdate) -> (parameter: Tensor, state: [Tensor]) {
    let decay = Tensor.constant(Double(update.weightDecay))
    let (size, slope) = (update.parameter.norm(), update.gradient.norm())
    let one = Tensor.ones([]).cast(to: update.parameter.dtype)
    let isDefined = Tensor.zeros([]).cast(to: one.dtype).less(than: size * slope)
    let ratio = Tensor.where(isDefined, size * .constant(trust) / .where(isDefined, slope + decay * size, one), one)
    let push = update.learningRate * ratio * (update.gradient + decay * update.parameter)
    let velocity = update.state[0] * update.scalars[1] + push
    return (update.parameter - velocity, [velocity])
  }
}
