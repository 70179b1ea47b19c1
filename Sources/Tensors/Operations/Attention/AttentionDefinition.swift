/// Attention in primitive operations: with the whole table of scores, which the kernel never stores.
///
/// Source: Vaswani et al., "Attention Is All You Need", NeurIPS 2017, section 3.2.1; grouped queries after Ainslie et
/// al., "GQA", EMNLP 2023.
struct AttentionDefinition {
  let queries: Tensor, keys: Tensor, values: Tensor
  let scale: Double
  /// How many keys, the first ones, each query attends to: int32 [batch, 1, queries or 1, 1].
  private let seen: Tensor
  /// Whether a query attends to a key: [batch, 1, queries or 1, keys].
  private let visible: Tensor
  /// Whether a query attends to any.
  private let any: Tensor
  /// Whether a key is no padding: [batch, 1, keys, 1].
  private let isThere: Tensor

  /// inputs: queries, keys, values, lengths
  init(_ inputs: ArraySlice<Tensor>, causal: Bool, scale: Double) {
    self.scale = scale
    let (batch, queryCount, keyCount) = (inputs[0].shape[0], inputs[0].shape[2], inputs[1].shape[2])
    func number(_ value: Int) -> Tensor { .fill(Double(value), [], .int32) }
    let lengths = minimum(maximum(inputs[3], number(0)), number(keyCount)).reshaped(to: [batch, 1, 1, 1])
    // Values past a length may be anything.
    isThere = Tensor.iota([keyCount, 1], axis: 0).less(than: lengths)
    queries = inputs[0]
    keys = Tensor.where(isThere, inputs[1], Tensor.fill(0))
    values = Tensor.where(isThere, inputs[2], Tensor.fill(0))
    seen =
      causal
      ? lengths + number(1 - queryCount) + Tensor.iota([queryCount, 1], axis: 0)
      : lengths
    visible = Tensor.iota([keyCount], axis: 0).less(than: seen)
    any = number(0).less(than: seen)
  }

  /// y and logsumexp.
  func forward() -> [Tensor] {
    let rows = Shape(queries.shape.dropLast())
    guard keys.shape[2] > 0 else {  // there is no key, hence no maximum
      return [
        .fill(0, Shape(rows.dimensions + [values.shape[3]]), queries.dtype), .fill(-.infinity, rows, queries.dtype),
      ]
    }
    let scores = self.scores()
    let greatest = Tensor.where(visible, scores, Tensor.fill(-.infinity)).max(axes: [3], keepingAxes: true)
    let shift = Tensor.where(any, greatest, Tensor.fill(0)).stoppingGradient()
    let powers = visiblePowers(scores - shift)
    let sum = powers.sum(axes: [3], keepingAxes: true)
    let safeSum = Tensor.where(any, sum, Tensor.fill(1))
    let logsumexp = Tensor.where(any, safeSum.log() + shift, Tensor.fill(-.infinity))
    return [times(powers / safeSum, values), logsumexp.reshaped(to: rows)]
  }

  /// The gradients of queries, keys and values.
  ///
  /// With P the probabilities and U the upstream: dV = Pᵀ U, dP = U Vᵀ, dS = P ∘ (dP − Σ U ∘ y), dQ = scale · dS K,
  /// dK = scale · dSᵀ Q. Source: Dao et al., "FlashAttention", NeurIPS 2022, appendix B.2.
  func backward(y: Tensor, logsumexp: Tensor, upstream: Tensor) -> [Tensor] {
    let column = Shape(logsumexp.shape.dimensions + [1])
    let shift = Tensor.where(any, logsumexp.reshaped(to: column), Tensor.fill(0))
    let probabilities = visiblePowers(scores() - shift)
    let centered = times(upstream, values.transposed) - (upstream * y).sum(axes: [3], keepingAxes: true)
    let scoreGradient = probabilities * centered * Tensor.fill(scale)
    return [
      times(scoreGradient, keys), Tensor.where(isThere, transposedTimes(scoreGradient, queries), Tensor.fill(0)),
      Tensor.where(isThere, transposedTimes(probabilities, upstream), Tensor.fill(0)),
    ]
  }

  private func scores() -> Tensor { times(queries, keys.transposed) * Tensor.fill(scale) }

  /// e to these powers where a query attends to the key, 0 elsewhere. Masked powers may overflow, and 0 · ∞ would spoil
  /// the gradient: hence the inner `where`.
  private func visiblePowers(_ powers: Tensor) -> Tensor {
    Tensor.where(visible, Tensor.where(visible, powers, Tensor.fill(0)).exp(), Tensor.fill(0))
  }

  /// x[batch, heads, a, b] · y[batch, kvHeads, b, c]: the query heads of a group as rows of one product.
  private func times(_ x: Tensor, _ y: Tensor) -> Tensor {
    grouped(x).matmul(y).reshaped(to: Shape(x.shape.dropLast() + [y.shape[3]]))
  }

  /// x[batch, heads, a, b]ᵀ · y[batch, heads, a, c], summed over each group: [batch, kvHeads, b, c].
  private func transposedTimes(_ x: Tensor, _ y: Tensor) -> Tensor {
    grouped(x).transposed.matmul(grouped(y))
  }

  private func grouped(_ x: Tensor) -> Tensor {
    let (batch, heads, kvHeads) = (x.shape[0], x.shape[1], keys.shape[1])
    return x.reshaped(to: [batch, kvHeads, heads / kvHeads * x.shape[2], x.shape[3]])
  }
}
