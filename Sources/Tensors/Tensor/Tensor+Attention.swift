/// Scaled dot-product attention: softmax(scale · queries · keysᵀ) · values, for each head.
///
/// queries [batch, heads, tq, d], keys [batch, kvHeads, tk, d], values [batch, kvHeads, tk, dv] → [batch, heads, tq,
/// dv]. `heads` is a multiple of `kvHeads`; each run of heads / kvHeads query heads shares a head of keys and values
/// (grouped-query attention).
///
/// `lengths` (int32 [batch]) says how many keys of each example there are, the first ones; the rest is padding. `nil`
/// means all; numbers outside 0...tk are clamped. With `causal`, the last query attends to every key and each one
/// before it to one key less: query i attends to keys j ≤ lengths − tq + i. A query that attends to no key gives 0, and
/// takes no gradient. `scale` is 1 / √d unless given.
///
/// Takes 2 · batch · heads · tq · tk · (d + dv) operations, about half where causal; the table of scores is never
/// stored. Operands may be views, such as the parts of one projection, as long as the last axis is contiguous; the
/// result is stored as [batch, tq, heads, dv], so that merging the heads afterwards costs nothing.
///
/// Source: Vaswani et al., "Attention Is All You Need", NeurIPS 2017, equation 1.
public func attention(
  queries: Tensor, keys: Tensor, values: Tensor, lengths: Tensor? = nil, causal: Bool = false, scale: Double? = nil,
  file: StaticString = #fileID, line: UInt = #line
) -> Tensor {
  let lengths = lengths ?? .fill(Double(keys.shape[2]), [keys.shape[0]], .int32)
  let scale = scale ?? 1 / Double(max(queries.shape[3], 1)).squareRoot()
  return .record(.attention(causal: causal, scale: scale), [queries, keys, values, lengths], CallSite(file, line))
}
