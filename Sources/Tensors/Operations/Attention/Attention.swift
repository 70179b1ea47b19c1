import CKernels

/// Scaled dot-product attention with grouped queries and key lengths. See `AttentionDefinition.swift` for the equations.
///
/// operands: queries [batch, heads, tq, d], keys [batch, kvHeads, tk, d], values [batch, kvHeads, tk, dv], lengths
/// int32 [batch] → y [batch, heads, tq, dv], logsumexp [batch, heads, tq] of the scaled scores
struct Attention: KernelOperation {
  let causal: Bool
  let scale: Double

  var resultCount: Int { 2 }

  func types(of operands: [TensorType]) throws(TensorError) -> [TensorType] {
    let (q, k, v, lengths) = (operands[0], operands[1], operands[2], operands[3])
    for (operand, type) in [("queries", q), ("keys", k), ("values", v)] {
      guard type.shape.rank == 4, type.dtype.isDifferentiable else {
        throw TensorError(
          "attention: \(operand) must be float32 or float64 [batch, heads, positions, size], not \(type)")
      }
    }
    guard q.dtype == k.dtype, k.dtype == v.dtype else {
      throw wrongType([q, k, v], needs: "queries, keys and values of one type", hint: "use cast(to:)")
    }
    let (a, b, c) = (q.shape, k.shape, v.shape)
    for (isRight, what) in [
      (a[0] == b[0] && b[0] == c[0], "the batch sizes (axis 0) must be equal"),
      (b[1] == c[1] && b[2] == c[2], "keys and values must have as many heads (axis 1) and positions (axis 2)"),
      (b[1] > 0 && a[1] % max(b[1], 1) == 0, "the queries' heads (axis 1) must be a multiple of the keys'"),
      (a[3] == b[3], "queries and keys must have the same size (axis 3)"),
    ] where !isRight { throw TensorError("attention: queries \(a), keys \(b), values \(c) — \(what)") }
    guard lengths == TensorType([q.shape[0]], .int32) else {
      throw TensorError("attention: a batch of \(q.shape[0]) needs lengths int32 [\(q.shape[0])], not \(lengths)")
    }
    guard scale.isFinite else { throw TensorError("attention: scale must be a finite number, not \(scale)") }
    let rows = Shape(q.shape.dropLast())
    return [TensorType(Shape(rows.dimensions + [v.shape[3]]), q.dtype), TensorType(rows, q.dtype)]
  }

  /// `AttentionGradient`, where the loss depends on y alone; otherwise those of the definition.
  func gradients(_ step: BackwardStep) throws(TensorError) -> [Tensor?] {
    guard step.isOfFirstResult else { return try definitionGradients(step) }
    return Tensor.recordAll(AttentionGradient(forward: self), step.operands + step.results + [step.upstream]) + [nil]
  }

  func mapped(_ step: MappedStep) -> [Tensor]? { step.folded(self) }

  func lower(_ instruction: IR.Instruction, in lowering: inout Lowering) throws(TensorError) {
    try lowering.emit(self, instruction)
  }
}

/// The gradients of attention; probabilities are recomputed from the logsumexp.
///
/// operands: queries, keys, values, lengths, y, logsumexp, upstream → gradients of queries, keys, values
struct AttentionGradient: KernelOperation {
  let forward: Attention
  var resultCount: Int { 3 }

  func types(of operands: [TensorType]) -> [TensorType] { [operands[0], operands[1], operands[2]] }

  /// That of the forward pass. With P the probabilities and U the upstream, the kernel computes dV = Pᵀ U, dP = U Vᵀ,
  /// dS = P ∘ (dP − Σ U ∘ y), dQ = scale · dS K, dK = scale · dSᵀ Q. Source: Dao et al., "FlashAttention", NeurIPS 2022,
  /// appendix B.2.
  func definition(_ operands: [Tensor]) -> [Tensor] {
    Array(forward.gradientDefinition(of: Array(operands[..<4]), [operands[6]])[..<3])
  }

  func mapped(_ step: MappedStep) -> [Tensor]? { step.folded(self) }

  func lower(_ instruction: IR.Instruction, in lowering: inout Lowering) throws(TensorError) {
    try lowering.emit(forward, instruction)
  }
}

extension Lowering {
  /// Operands are read in place where the last axis is contiguous, as in the parts of one projection. In results the
  /// heads of a position are adjacent, so that merging them is another view.
  fileprivate mutating func emit(_ attention: Attention, _ instruction: IR.Instruction) throws(TensorError) {
    let inputs = instruction.inputs
    let (q, k, v) = (ir.types[inputs[0]].shape, ir.types[inputs[1]].shape, ir.types[inputs[2]].shape)
    var operands: [View] = []
    for input in inputs {
      var source = try view(input)
      if source.shape.rank == 4, source.shape[3] != 1, source.strides[3] != 1 { source = rowMajor(source) }
      if source.shape.rank == 3 { source = rowMajor(source) }  // logsumexp
      operands.append(source)
    }
    let results = instruction.outputs.map { result($0, order: ir.types[$0].shape.rank == 4 ? [0, 2, 1, 3] : nil) }
    let kernel = AttentionKernel(
      causal: attention.causal, scale: attention.scale, batch: q[0], heads: q[1], kvHeads: k[1], queries: q[2],
      keys: k[2], size: q[3], valueSize: v[3], inputs: operands.map(\.layout), outputs: results.map(\.layout))
    emit(kernel, operands, results)
  }
}

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
/// Further settings are computed with the whole table of scores in memory, [batch, heads, tq, tk]:
///
/// - `mask`, bool, is true where a query may attend to a key, and broadcasts to the table: [batch, 1, 1, tk] for padding
///   that is not at the end. All of mask, lengths, `causal` and window must allow a key.
/// - `bias`, of the queries' type, is added to the scaled scores and broadcasts to the table; −∞ hides a key.
/// - `window`: a query attends to keys at a distance of less than so many positions. Query i stands at lengths − tq + i
///   where causal, else at i.
/// - `dropout`: each weight becomes 0 with this probability, others are divided by 1 − `dropout`. Draws from
///   `Random.current` at the call; a layer calls it so in training only.
///
/// Takes 2 · batch · heads · tq · tk · (d + dv) operations, about half where causal; without further settings the table of
/// scores is never stored. Operands may be views, such as the parts of one projection, as long as the last axis is
/// contiguous; the result is stored as [batch, tq, heads, dv], so that merging the heads afterwards costs nothing.
///
/// Sources: Vaswani et al., "Attention Is All You Need", NeurIPS 2017, equation 1; windows, Beltagy, Peters & Cohan,
/// "Longformer", 2020; biases, Raffel et al., "Exploring the Limits of Transfer Learning", JMLR 21 (2020), section 2.1.
public func attention(
  queries: Tensor, keys: Tensor, values: Tensor, lengths: Tensor? = nil, causal: Bool = false, scale: Double? = nil,
  mask: Tensor? = nil, bias: Tensor? = nil, window: Int? = nil, dropout: Double = 0, file: StaticString = #fileID,
  line: UInt = #line
) -> Tensor {
  let operands = [queries, keys, values, lengths ?? .fill(Double(keys.shape[2]), [keys.shape[0]], .int32)]
  let operation = Attention(causal: causal, scale: scale ?? 1 / Double(max(queries.shape[3], 1)).squareRoot())
  let modification = AttentionModification(mask: mask, bias: bias, window: window, dropout: dropout)
  if modification.isEmpty { return .record(operation, operands, CallSite(file, line)) }
  return .checked(CallSite(file, line)) { () throws(TensorError) in
    for operand in operands { if let failure = operand.failure { throw failure } }
    _ = try operation.types(of: operands.map(\.type))
    try modification.check(TensorType(Shape(queries.shape.dropLast() + [keys.shape[2]]), queries.dtype))
    return operation.definition(operands, modification)[0]
  }
}
