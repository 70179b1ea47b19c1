import Tensors

/// Muon: momentum whose steps change all directions of a weight matrix alike.
///
/// For a matrix, M ← μ · M + (1 − μ) · g; θ ← θ − η · (s · O + λ · θ), where O is, nearly, the matrix closest to
/// (1 − μ) · g + μ · M of which all singular values are equal to 1. It is found by five steps of Newton and Schulz:
/// X ← a X + (b A + c A²) X with A = X Xᵀ, from the matrix divided by its norm, with a 3.4445, b −4.7750 and c 2.0315.
/// These give singular values between 0.7 and 1.2. A convolution's filters are a matrix of one row an output channel.
///
/// Other parameters, such as biases, and those that `isMatrix` leaves out, are updated as `AdamW` does, with β₁ 0.9, β₂
/// 0.999 and ε 1e-8. The paper does that for embeddings and output layers too.
///
/// s makes one learning rate fit both: 0.2 · √max(rows, columns), so that the steps are as large as AdamW's (`.adamW`);
/// the first publication's is √max(1, rows / columns), with a learning rate of 0.02 (`.original`, PyTorch's). Stores one
/// value a matrix element, two otherwise.
///
/// Source: Jordan et al., "Muon: An optimizer for hidden layers in neural networks", 2024,
/// https://kellerjordan.github.io/posts/muon; `.adamW`: Liu et al., "Muon is Scalable for LLM Training", 2025.
public final class Muon: RuleOptimizer, MomentumOptimizer {
  /// How long the steps of matrices are.
  public enum Scale: Hashable, Sendable {
    /// As long as AdamW's: 0.2 · √max(rows, columns).
    case adamW
    /// √max(1, rows / columns).
    case original
  }

  /// μ, at least 0 and below 1. May be changed between steps.
  public var momentum: Double { didSet { setMomentum(ofGroups: momentum) } }
  private let scale: Scale
  private let isMatrix: (Parameter) -> Bool

  /// Muon for the parameters of `model`.
  ///
  /// - Parameters:
  ///   - momentum: μ.
  ///   - scale: how long the steps of matrices are.
  ///   - weightDecay: λ of the decoupled decay.
  ///   - clipNorm: the greatest norm of all gradients together; `nil` for no limit.
  ///   - isMatrix: which parameters of two or more axes are updated as matrices; all by default.
  ///   - groups: settings for some of the parameters.
  public init(
    for model: any Layer, learningRate: Float = 0.001, momentum: Double = 0.95, scale: Scale = .adamW,
    weightDecay: Float = 0.01, clipNorm: Float? = nil, isMatrix: @escaping (Parameter) -> Bool = { _ in true },
    @ParameterGroups groups: () -> [ParameterGroup] = { [] }
  ) {
    (self.momentum, self.scale, self.isMatrix) = (momentum, scale, isMatrix)
    super.init(
      for: model, learningRate: learningRate, weightDecay: weightDecay, clipNorm: clipNorm, state: ["velocity"],
      decouplesWeightDecay: true, groups: groups())
  }

  public override func state(of parameter: Parameter) -> [OptimizerState] {
    parameter.shape.rank > 1 && isMatrix(parameter) ? super.state(of: parameter) : ["mean", "squares"]
  }

  /// The learning rate, the corrections of Adam's means, μ and 1 − μ.
  public override func appendScalars(ofStep t: Int, to scalars: inout [Double]) {
    scalars += [
      Double(learningRate), Self.correction(0.9, ofStep: t), Self.correction(0.999, ofStep: t).squareRoot(),
      momentum, 1 - momentum,
    ]
  }

  public override func step(_ update: ParameterUpdate) -> (parameter: Tensor, state: [Tensor]) {
    let (direction, state) = update.state.count == 1 ? matrixStep(update) : adamStep(update)
    let decayed = update.weightDecay == 0 ? direction : direction + update.parameter * update.weightDecay
    return (update.parameter - update.learningRate * decayed, state)
  }

  private func adamStep(_ update: ParameterUpdate) -> (direction: Tensor, state: [Tensor]) {
    let mean = update.state[0] * .constant(0.9) + update.gradient * .constant(1 - 0.9)
    let squares = update.state[1] * .constant(0.999) + update.gradient.square() * .constant(1 - 0.999)
    return (mean * update.scalars[1] / (squares.sqrt() * update.scalars[2] + .constant(1e-8)), [mean, squares])
  }

  private func matrixStep(_ update: ParameterUpdate) -> (direction: Tensor, state: [Tensor]) {
    let (share, rest) = (update.scalars[3], update.scalars[4])
    let velocity = update.state[0] * share + update.gradient * rest
    let ahead = velocity * share + update.gradient * rest
    let shape = ahead.shape
    let (rows, columns) = (shape[0], shape[0] == 0 ? 0 : shape.elementCount / shape[0])
    guard rows > 0, columns > 0 else { return (ahead, [velocity]) }
    // The smaller side first, so that A is small.
    let matrix = ahead.reshaped(to: [rows, columns])
    var x = rows > columns ? matrix.transposed(0, 1) : matrix
    x = x / (x.norm() + .constant(1e-7))
    for _ in 0..<5 {
      let a = x.matmul(x.transposed(0, 1))
      x = x * .constant(3.4445) + (a * .constant(-4.7750) + a.matmul(a) * .constant(2.0315)).matmul(x)
    }
    let direction = (rows > columns ? x.transposed(0, 1) : x).reshaped(to: shape)
    return (direction * .constant(factor(Double(rows), Double(columns))), [velocity])
  }

  private func factor(_ rows: Double, _ columns: Double) -> Double {
    switch scale {
    case .adamW: 0.2 * max(rows, columns).squareRoot()
    case .original: max(1, rows / columns).squareRoot()
    }
  }
}
