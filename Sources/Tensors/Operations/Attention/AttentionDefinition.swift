extension Attention {
  func definition(_ operands: [Tensor]) -> [Tensor] { definition(operands, AttentionModification()) }

  /// With the whole table of scores, which the kernel never stores: y and logsumexp.
  ///
  /// Source: Vaswani et al., "Attention Is All You Need", NeurIPS 2017, section 3.2.1; grouped queries after Ainslie et
  /// al., "GQA", EMNLP 2023.
  func definition(_ operands: [Tensor], _ modification: AttentionModification) -> [Tensor] {
    let queries = operands[0]
    let (batch, heads, queryCount) = (queries.shape[0], queries.shape[1], queries.shape[2])
    let (kvHeads, keyCount) = (operands[1].shape[1], operands[1].shape[2])
    func number(_ value: Int) -> Tensor { .fill(Double(value), [], .int32) }
    let lengths = minimum(maximum(operands[3], number(0)), number(keyCount)).reshaped(to: [batch, 1, 1, 1])
    // Whether a key is no padding, [batch, 1, keys, 1]: values past a length may be anything.
    let isThere = Tensor.iota([keyCount, 1], axis: 0).less(than: lengths)
    let keys = Tensor.where(isThere, operands[1], Tensor.fill(0))
    let values = Tensor.where(isThere, operands[2], Tensor.fill(0))
    // How many keys, the first ones, each query attends to, [batch, 1, queries or 1, 1]; which, and whether any.
    let seen = causal ? lengths + number(1 - queryCount) + Tensor.iota([queryCount, 1], axis: 0) : lengths
    var visible = Tensor.iota([keyCount], axis: 0).less(than: seen)
    var any = number(0).less(than: seen)
    let first = causal ? lengths - number(queryCount) : number(0)
    let positions = Tensor.iota([queryCount, 1], axis: 0) + first
    if let near = modification.visibleKeys(keyCount, from: positions) { visible = (visible .& near) }

    let rows = Shape(queries.shape.dropLast())
    guard keyCount > 0 else {  // there is no key, hence no maximum
      let results: Shape = [batch, heads, queryCount, values.shape[3]]
      return [.fill(0, results, queries.dtype), .fill(-.infinity, rows, queries.dtype)]
    }
    /// x[batch, heads, a, b] · y[batch, kvHeads, b, c]: the query heads of a group as rows of one product.
    func times(_ x: Tensor, _ y: Tensor) -> Tensor {
      x.reshaped(to: [batch, kvHeads, heads / kvHeads * x.shape[2], x.shape[3]]).matmul(y)
        .reshaped(to: Shape(x.shape.dropLast() + [y.shape[3]]))
    }
    var scores = times(queries, keys.transposed) * Tensor.fill(scale)
    if let bias = modification.bias { scores = scores + bias }
    if modification.hides {
      let reached = Tensor.where(visible, scores, Tensor.fill(-.infinity)).max(axes: [3], keepingAxes: true)
      any = Tensor.fill(-.infinity, [], reached.dtype).less(than: reached)
      scores = Tensor.where(any, scores, Tensor.fill(0))
    }
    // A query that attends to no key would have no maximum.
    let outside = Tensor.where(any, .fill(-.infinity, [], scores.dtype), .fill(0, [], scores.dtype))
    let masked = Tensor.where(visible, scores, outside)
    let greatest = masked.max(axes: [3], keepingAxes: true).stoppingGradient()
    let logsumexp = (masked - greatest).exp().sum(axes: [3], keepingAxes: true).log() + greatest
    let weights = Tensor.where(any, masked.softmax(), Tensor.fill(0))
    return [
      times(modification.dropped(weights), values),
      Tensor.where(any, logsumexp, Tensor.fill(-.infinity)).reshaped(to: rows),
    ]
  }
}
