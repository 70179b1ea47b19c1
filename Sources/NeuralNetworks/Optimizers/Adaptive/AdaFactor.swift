import Tensors

/// AdaFactor: mean squares of matrices as the product of one number a row and one a column, so that they take almost no
/// memory.
///
/// ρ = min(η, 1/√t); α = max(ε₂, RMS(θ)) · ρ; β = 1 − t^c. For a matrix, R ← β · R + (1 − β) · the mean of g² over the
/// columns, C likewise over the rows, V = R C / mean(R); for other parameters V ← β · V + (1 − β) · g². Then
///
/// u = g / √max(V, ε₁²); θ ← θ − α · u / max(1, RMS(u) / d) − η · λ · θ
///
/// Rows and columns are the last two axes. Stores one value a row and one a column of matrices, and one value a parameter
/// otherwise. The default learning rate is 0.01; d is 1, c −0.8.
///
/// Source: Shazeer & Stern, "Adafactor: Adaptive Learning Rates with Sublinear Memory Cost", ICML 2018, algorithms 4 and
/// 5, in the form of PyTorch's `Adafactor`.
public final class AdaFactor: RuleOptimizer {
  private let decay: Double
  private let epsilon1: Double
  private let epsilon2: Double
  private let clippingThreshold: Double

  /// AdaFactor for the parameters of `model`.
  ///
  /// - Parameters:
  ///   - decay: c, below 0.
  ///   - epsilon1: ε₁, the least root mean square.
  ///   - epsilon2: ε₂, the least size of a parameter.
  ///   - clippingThreshold: d, the greatest root mean square of u.
  ///   - weightDecay: λ of the decoupled decay.
  ///   - clipNorm: the greatest norm of all gradients together; `nil` for no limit.
  ///   - groups: settings for some of the parameters.
  public init(
    for model: any Layer, learningRate: Float = 0.01, decay: Double = -0.8, epsilon1: Double = 1e-15,
    epsilon2: Double = 1e-3, clippingThreshold: Double = 1, weightDecay: Float = 0, clipNorm: Float? = nil,
    @ParameterGroups groups: () -> [ParameterGroup] = { [] }
  ) {
    (self.decay, self.epsilon1, self.epsilon2) = (decay, epsilon1, epsilon2)
    self.clippingThreshold = clippingThreshold
    super.init(
      for: model, learningRate: learningRate, weightDecay: weightDecay, clipNorm: clipNorm, state: ["squares"],
      decouplesWeightDecay: true, groups: groups())
    require(decay < 0, "the decay must be below 0, not \(decay)")
    require(clippingThreshold > 0, "the clipping threshold must be above 0, not \(clippingThreshold)")
    for epsilon in [epsilon1, epsilon2] { require(epsilon: epsilon) }
  }

  public override func state(of parameter: Parameter) -> [OptimizerState] {
    let shape = parameter.shape.dimensions
    guard shape.count > 1 else { return super.state(of: parameter) }
    return [
      OptimizerState("rows", shape: Shape(shape.dropLast() + [1])),
      OptimizerState("columns", shape: Shape(shape.dropLast(2) + [1, shape[shape.count - 1]])),
    ]
  }

  /// The learning rate, min(η, 1/√t) as a multiple of it, and 1 − β = t^c.
  public override func appendScalars(ofStep t: Int, to scalars: inout [Double]) {
    let rate = Double(learningRate)
    scalars += [rate, rate > 0 ? min(rate, 1 / Double(t).squareRoot()) / rate : 1, Self.power(Double(t), decay)]
  }

  public override func step(_ update: ParameterUpdate) -> (parameter: Tensor, state: [Tensor]) {
    let squares = update.gradient.square()
    func mean(_ old: Tensor, _ new: Tensor) -> Tensor { old + (new - old) * update.scalars[2] }
    let (state, variance): ([Tensor], Tensor)
    if update.state.count == 2 {
      let rows = mean(update.state[0], squares.mean(axes: [-1], keepingAxes: true))
      let columns = mean(update.state[1], squares.mean(axes: [-2], keepingAxes: true))
      let size = maximum(rows.mean(axes: [-2], keepingAxes: true), .constant(epsilon1))
      (state, variance) = ([rows, columns], rows / size * columns)
    } else {
      let new = mean(update.state[0], squares)
      (state, variance) = ([new], new)
    }
    let change = update.gradient / maximum(variance.sqrt(), .constant(epsilon1))
    let size = maximum(.constant(1), change.square().mean().sqrt() * .constant(1 / clippingThreshold))
    let rate = update.learningRate * update.scalars[1]
    let scale = maximum(.constant(epsilon2), update.parameter.square().mean().sqrt())
    let moved = update.parameter - rate * scale / size * change
    guard update.weightDecay > 0 else { return (moved, state) }
    return (moved - update.learningRate * update.weightDecay * update.parameter, state)
  }
}
