import Tensors

/// What Adam and the rules made from it share: running means of the gradient and of its square.
public class AdamRule: RuleOptimizer {
  let beta1: Double
  let beta2: Double
  let epsilon: Double
  let variant: OptimizerVariant

  init(
    _ model: any Layer, learningRate: Float, _ beta1: Double, _ beta2: Double, _ epsilon: Float?,
    _ variant: OptimizerVariant, _ weightDecay: Float, _ clipNorm: Float?, isDecoupled: Bool,
    state: [OptimizerState] = ["mean", "squares"], _ groups: [ParameterGroup]
  ) {
    self.beta1 = beta1
    self.beta2 = beta2
    self.epsilon = epsilon.map(Double.init) ?? (variant == .keras ? 1e-7 : 1e-8)
    self.variant = variant
    super.init(
      for: model, learningRate: learningRate, weightDecay: weightDecay, clipNorm: clipNorm, state: state,
      decouplesWeightDecay: isDecoupled, groups: groups)
    require(beta1: beta1, beta2: beta2)
    require(epsilon: self.epsilon)
  }

  /// The learning rate, what m is multiplied with and what √v is multiplied with; in double precision up to here.
  public override func appendScalars(ofStep t: Int, to scalars: inout [Double]) {
    scalars.append(Double(learningRate))
    let meanFactor = Self.correction(beta1, ofStep: t)
    let rootFactor = 1 / (1 - Self.power(beta2, Double(t))).squareRoot()
    switch variant {
    case .paper, .pytorch: scalars += [meanFactor, rootFactor]
    case .keras: scalars += [meanFactor / rootFactor, 1]
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
      update.state[0] * .constant(beta1) + update.gradient * .constant(1 - beta1),
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
