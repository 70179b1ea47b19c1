import Tensors

/// Adam for embeddings: rows of a parameter whose gradient is zero stay as they are, and so do their means. `Adam` moves
/// them on along their old gradients, which is wrong for rows that a batch did not look up.
///
/// For rows with a gradient, along the first axis: m ← β₁ · m + (1 − β₁) · g; v ← β₂ · v + (1 − β₂) · g², then
/// θ ← θ − α · √(1 − β₂ᵗ) / (1 − β₁ᵗ) · m / (√v + ε), where t counts all steps.
///
/// In all variants the rule is PyTorch's `SparseAdam`, except that a row whose gradient is exactly zero counts as not looked
/// up. Stores two values a parameter. The default learning rate is 1e-3.
///
/// Source: Kingma & Ba, ICLR 2015, as Adam.
public final class SparseAdam: AdamRule {
  /// Adam for the rows of `model`'s parameters that have a gradient. There is no weight decay, as it would move all rows.
  /// `clipNorm` is the greatest norm of all gradients together, `nil` for no limit; `groups` are settings for some of the
  /// parameters.
  public init(
    for model: any Layer, learningRate: Float = 0.001, beta1: Double = 0.9, beta2: Double = 0.999,
    epsilon: Float = 1e-8, clipNorm: Float? = nil, @ParameterGroups groups: () -> [ParameterGroup] = { [] }
  ) {
    let groups = groups()
    super.init(
      model, learningRate: learningRate, beta1, beta2, epsilon, .keras, 0, clipNorm, isDecoupled: false, groups)
    require(
      groups.allSatisfy { ($0.weightDecay ?? 0) == 0 },
      "a weight decay would move rows that have no gradient; leave it out")
  }

  public override func step(_ update: ParameterUpdate) -> (parameter: Tensor, state: [Tensor]) {
    let (parameter, state) = super.step(update)
    let gradient = update.gradient
    let isThere = .!gradient.equal(to: .zeros([], dtype: gradient.dtype))
    let touched =
      gradient.shape.rank < 2 ? isThere : isThere.any(axes: Array(1..<gradient.shape.rank), keepingAxes: true)
    return (
      Tensor.where(touched, parameter, update.parameter),
      zip(state, update.state).map { Tensor.where(touched, $0, $1) }
    )
  }
}
