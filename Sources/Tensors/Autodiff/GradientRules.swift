extension Op {
  /// The gradient with respect to each input, given the gradient with respect to each result (`nil`: none).
  ///
  /// Rules know nothing of broadcasting: the walk sums a gradient that is larger than its input. `nil` in the result
  /// means that the function is constant in that input almost everywhere.
  func gradients(inputs: [Tensor], results: [Tensor], upstreams: [Tensor?]) throws(TensorError) -> [Tensor?] {
    guard let upstream = upstreams[0] ?? upstreams.lazy.compactMap({ $0 }).first else {
      return inputs.map { _ in nil }
    }
    let y = results[0]
    switch self {
    case .data, .variable, .fill, .iota, .failed: return []
    case .random: return [nil]
    case .stopGradient: return [nil]
    case .argmax: throw TensorError("\(name) has no derivative: its result is a position")
    case .cast(let dtype):  // u; whole numbers have none
      guard dtype == .float32, inputs[0].dtype == .float32 else {
        throw TensorError("cast: whole numbers have no derivative; use stoppingGradient() where none is meant")
      }
      return [upstream]
    case .unary(let kind): return [kind.function.gradient(upstream, inputs[0], y)]
    case .binary(let kind): return kind.function.gradients(upstream, inputs[0], inputs[1], y)
    case .select:  // u where it was taken, 0 elsewhere; none for the condition
      let zero = Tensor.fill(0)
      return [nil, Tensor.where(inputs[0], upstream, zero), Tensor.where(inputs[0], zero, upstream)]

    case .reshape: return [upstream.reshaped(to: inputs[0].shape)]
    case .permute(let order):
      return [upstream.permuted(order.indices.map { axis in order.firstIndex(of: axis) ?? axis })]
    case .broadcast: return [upstream]
    case .slice(let starts, let shape):  // u with zeros around it
      let whole = inputs[0].shape
      return [upstream.padded(before: starts, after: whole.indices.map { whole[$0] - starts[$0] - shape[$0] })]
    case .pad(let before, _, _): return [upstream.sliced(starts: before, shape: inputs[0].shape)]
    case .concatenate(let axis):  // the parts of u
      var start = 0
      return inputs.map { input in
        defer { start += input.shape[axis] }
        let starts = input.shape.indices.map { $0 == axis ? start : 0 }
        return upstream.sliced(starts: starts, shape: input.shape)
      }

    case .reduce(.sum, _): return [upstream.broadcast(to: inputs[0].shape)]
    case .reduce(.mean, let axes):  // u / count
      let count = axes.reduce(1) { $0 * inputs[0].shape[$1] }
      return [(upstream * Tensor.fill(1 / Double(count))).broadcast(to: inputs[0].shape)]
    case .reduce(.norm, _):  // x / |x|; 0 at 0, and constant there
      return [upstream * (inputs[0] / Tensor.where(y, y, Tensor.fill(.infinity)))]
    case .reduce(_, let axes):  // equal values share
      let mask = inputs[0].equal(to: y)
      return [mask * (upstream / mask.sum(axes: axes, keepingAxes: true))]

    case .gather: return [.record(.scatterAdd(rows: inputs[0].shape[0]), [inputs[1], upstream]), nil]
    case .replaceSlice: throw TensorError("\(name) has no derivative: it is meant for caches, in use")
    case .scatterAdd(let rows):  // indices outside the table add nothing
      let numbers = inputs[0].reshaped(to: Shape(inputs[0].shape + [1]))
      let isInside =
        Tensor.fill(-1, [], .int32).less(than: numbers) * numbers.less(than: .fill(Double(rows), [], .int32))
      return [nil, Tensor.where(isInside, .record(.gather, [upstream, inputs[0]]), Tensor.fill(0))]

    case .matmul:  // u · bᵀ and aᵀ · u, for [m, k] · [k, n] -> [m, n]
      let (a, b) = (inputs[0], inputs[1])
      return [upstream.matmul(b.transposed), a.transposed.matmul(upstream)]
    case .unfold(let window, _):
      return [.record(.fold(window, height: inputs[0].shape[2], width: inputs[0].shape[3]), [upstream])]
    case .fold(let window, _, _):
      return [.record(.unfold(window, outside: Constant(0)), [upstream])]

    // y = x ∗ w is linear in x and in w, so these three are each other's gradients.
    case .convolution(let window, let groups):
      let (x, w) = (inputs[0], inputs[1])
      return [
        .record(.convolutionInputGradient(window, groups: groups, x.shape), [upstream, w]),
        .record(.convolutionWeightGradient(window, groups: groups, w.shape), [x, upstream]),
      ]
    case .convolutionInputGradient(let window, let groups, _):
      let (u, w) = (inputs[0], inputs[1])
      return [
        .record(.convolution(window, groups: groups), [upstream, w]),
        .record(.convolutionWeightGradient(window, groups: groups, w.shape), [upstream, u]),
      ]
    case .convolutionWeightGradient(let window, let groups, _):
      let (x, u) = (inputs[0], inputs[1])
      return [
        .record(.convolutionInputGradient(window, groups: groups, x.shape), [u, upstream]),
        .record(.convolution(window, groups: groups), [x, upstream]),
      ]
    case .maxPool(let window): return [.record(.maxPoolGradient(window), [inputs[0], upstream])]
    case .averagePool(let window): return [.record(.averagePoolGradient(window, inputs[0].shape), [upstream])]
    case .averagePoolGradient(let window, _): return [.record(.averagePool(window), [upstream])]
    case .batchNorm(let epsilon):
      guard upstreams[1] == nil, upstreams[2] == nil else { break }
      return Tensor.recordAll(
        .batchNormGradient(epsilon: epsilon), [inputs[0], results[1], results[2], inputs[1], upstream])

    case .softmax:  // y (u − Σ u y)
      return [y * (upstream - (upstream * y).sum(axes: [-1], keepingAxes: true))]
    case .logSoftmax:  // u − softmax(x) Σ u
      return [upstream - y.exp() * upstream.sum(axes: [-1], keepingAxes: true)]
    case .crossEntropy:
      return [.record(.crossEntropyGradient, [inputs[0], inputs[1], upstream]), nil]
    case .layerNorm(let epsilon):
      guard upstreams[1] == nil, upstreams[2] == nil else { break }
      return Tensor.recordAll(
        .layerNormGradient(epsilon: epsilon), [inputs[0], results[1], results[2], inputs[1], upstream])
    case .recurrence(let cell, let reversed):  // back-propagation through time
      guard cell.savedBlocks == 0 || upstreams[results.count - 1] == nil else { break }
      return recurrenceGradients(cell, reversed: reversed, RecurrenceInputs(inputs), results, upstreams)
    case .attention(let causal, let scale):
      guard upstreams[1] == nil else { break }
      let (y, logsumexp) = (results[0], results[1])
      return Tensor.recordAll(
        .attentionGradient(causal: causal, scale: scale), inputs + [y, logsumexp, upstream]) + [nil]
    case .maxPoolGradient, .batchNormGradient, .crossEntropyGradient, .layerNormGradient, .recurrenceGradient,
      .attentionGradient:
      break
    }
    return try gradientsOfDefinition(inputs: inputs, upstreams: upstreams)
  }

  /// The loop's gradient op gives what depends on the order of time; the weights' gradient is one product over all
  /// steps.
  private func recurrenceGradients(
    _ cell: RecurrentCell, reversed: Bool, _ inputs: RecurrenceInputs, _ results: [Tensor], _ upstreams: [Tensor?]
  ) -> [Tensor?] {
    let (states, weights) = (results[0], inputs.weights)
    let (time, batch, size) = (states.shape[0] - 1, states.shape[1], states.shape[2])
    let zeros = Tensor.zeros(states.shape)
    let all = Tensor.recordAll(
      .recurrenceGradient(cell, reversed: reversed),
      [weights, inputs.lengths] + results + [upstreams[0] ?? zeros] + (cell == .lstm ? [upstreams[1] ?? zeros] : []))
    let forInput = all[0]
    let forState = cell == .gru ? all[1] : all[0]
    let before = states.sliced(starts: [reversed ? 1 : 0, 0, 0], shape: [time, batch, size])
    let forWeights = before.reshaped(to: [time * batch, size]).transposed
      .matmul(forState.reshaped(to: [time * batch, cell.gates * size]))
    var forBias = forInput.sum(axes: [0, 1])
    if cell == .gru {
      let candidate = forState.sum(axes: [0, 1]).sliced(starts: [2 * size], shape: [size])
      forBias = .concatenated([forBias, candidate], axis: 0)
    }
    let first = cell == .gru ? 2 : 1
    return [forInput, forWeights, forBias, nil] + all[first...].map { $0 }
  }

  /// Differentiates the definition in primitive operations, where the operation has no rule of its own.
  private func gradientsOfDefinition(inputs: [Tensor], upstreams: [Tensor?]) throws(TensorError) -> [Tensor?] {
    // New leaves for the inputs end this walk at the operation's boundary; later derivatives pass through them.
    let borders = inputs.map { Tensor(Node(.reshape($0.shape), inputs: [$0], types: [$0.type])) }
    guard let results = definition(borders) else { throw TensorError("\(name) has no derivative") }
    return try reverseWalk(from: zip(results, upstreams).map { ($0, $1) }, to: borders)
  }
}
