import Tensors

/// What Adam and the rules made from it share: running means of the gradient and of its square.
public class AdamRule: RuleOptimizer, MomentumOptimizer {
  /// β₁, the share of the gradient's mean that is carried over, at least 0 and below 1. May be changed between steps; as in
  /// PyTorch, the mean is then corrected as if this β₁ had been that of all steps.
  public var momentum: Double { didSet { setMomentum(ofGroups: momentum) } }
  let beta2: Double
  let epsilon: Double
  let variant: OptimizerVariant

  init(
    _ model: any Layer, learningRate: Float, _ beta1: Double, _ beta2: Double, _ epsilon: Float?,
    _ variant: OptimizerVariant, _ weightDecay: Float, _ clipNorm: Float?, isDecoupled: Bool,
    state: [OptimizerState] = ["mean", "squares"], _ groups: [ParameterGroup]
  ) {
    momentum = beta1
    self.beta2 = beta2
    self.epsilon = epsilon.map(Double.init) ?? (variant == .keras ? 1e-7 : 1e-8)
    self.variant = variant
    super.init(
      for: model, learningRate: learningRate, weightDecay: weightDecay, clipNorm: clipNorm, state: state,
      decouplesWeightDecay: isDecoupled, groups: groups)
    require(beta1: beta1, beta2: beta2)
    require(epsilon: self.epsilon)
  }

  /// The learning rate, the two factors of this step, β₁ and 1 − β₁; in double precision up to here.
  public override func appendScalars(ofStep t: Int, to scalars: inout [Double]) {
    let (first, second) = factors(ofStep: t)
    scalars += [Double(learningRate), first, second, momentum, 1 - momentum]
  }

  /// What m and √v are multiplied with, the second and the third step scalar.
  func factors(ofStep t: Int) -> (Double, Double) {
    let meanFactor = Self.correction(momentum, ofStep: t)
    let rootFactor = 1 / (1 - Self.power(beta2, Double(t))).squareRoot()
    return switch variant {
    case .paper, .pytorch: (meanFactor, rootFactor)
    case .keras: (meanFactor / rootFactor, 1)
    }
  }

  public override func step(_ update: ParameterUpdate) -> (parameter: Tensor, state: [Tensor]) {
    let (mean, squares) = moments(update)
    let change = decayed(direction(mean, squares, update), update)
    return (update.parameter - update.learningRate * change, [mean, squares])
  }

  /// The new means of the gradient and of its square.
  func moments(_ update: ParameterUpdate) -> (mean: Tensor, squares: Tensor) {
    (
      update.state[0] * update.scalars[3] + update.gradient * update.scalars[4],
      update.state[1] * .constant(beta2) + update.gradient.square() * .constant(1 - beta2)
    )
  }

  /// m̂ / (√v̂ + ε).
  func direction(_ mean: Tensor, _ squares: Tensor, _ update: ParameterUpdate) -> Tensor {
    mean * update.scalars[1] / (squares.sqrt() * update.scalars[2] + .constant(epsilon))
  }

  /// With the decoupled decay.
  func decayed(_ direction: Tensor, _ update: ParameterUpdate) -> Tensor {
    update.weightDecay == 0 ? direction : direction + update.parameter * update.weightDecay
  }
}
