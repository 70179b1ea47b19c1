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
    case .unary(let kind): return [kind.gradient(x: inputs[0], y: y, upstream)]
    case .binary(let kind): return kind.gradients(inputs[0], inputs[1], y: y, upstream)
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
    case .scatterAdd(let rows):  // numbers outside the table add nothing
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

  /// The loop's gradient op gives what depends on the order of time; the weights' gradient is one product over all steps.
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
    // Fresh names for the inputs end this walk at the operation's border; later derivatives pass through them.
    let borders = inputs.map { Tensor(Node(.reshape($0.shape), inputs: [$0], types: [$0.type])) }
    guard let results = definition(borders) else { throw TensorError("\(name) has no derivative") }
    return try reverseWalk(from: zip(results, upstreams).map { ($0, $1) }, to: borders)
  }
}

extension Unary {
  /// u · dy/dx, from x and y = f(x).
  fileprivate func gradient(x: Tensor, y: Tensor, _ u: Tensor) -> Tensor? {
    switch self {
    case .negate: -u
    case .absolute: u * x.sign()
    case .sign, .floor: nil
    case .geluTanh: u * x.unary(.geluTanhDerivative)
    case .geluTanhDerivative: u * geluCurvature(x)
    case .exp: u * y
    case .log: u / x
    case .sqrt: u * 0.5 / y
    case .rsqrt: u * -0.5 * y * y.square()
    case .reciprocal: -(u * y.square())
    case .square: u * x * 2
    case .tanh: u * (1 - y.square())
    case .sigmoid: u * y * (1 - y)
    case .relu: select(Tensor.fill(0).less(than: y), u, Tensor.fill(0))
    case .sin: u * x.cos()
    case .cos: -(u * x.sin())
    case .erf: u * Tensor.fill(2 / Double.pi.squareRoot()) * (-bounded(x).square()).exp()
    }
  }
}

/// x within −20...20, for functions that are constant beyond: their derivatives are made of infinities times 0 there.
private func bounded(_ x: Tensor) -> Tensor { minimum(maximum(x, .fill(-20)), .fill(20)) }

/// The second derivative of `geluTanh`: with t = tanh(y), it is (1 − t²) (y' + x y'' / 2 − x t y'²).
private func geluCurvature(_ x: Tensor) -> Tensor {
  let x = bounded(x)
  let factor = (2 / Double.pi).squareRoot()
  let y = Tensor.fill(factor) * (x + Tensor.fill(0.044715) * x * x.square())
  let derivative = Tensor.fill(factor) * (1 + Tensor.fill(3 * 0.044715) * x.square())
  let bend = Tensor.fill(6 * 0.044715 * factor) * x
  let t = y.tanh()
  return (1 - t.square()) * (derivative + x * bend * 0.5 - x * t * derivative.square())
}

/// d/da a^b = b a^(b − 1), also where a is 0: a⁰ is constant, and a⁰ and a¹ have no pole at 0.
private func powerGradient(_ a: Tensor, _ b: Tensor, _ isZero: Tensor, _ u: Tensor) -> Tensor {
  if case .fill(let constant, _) = b.node.op {
    switch constant.value {
    case 0: return Tensor.fill(0)
    case 1: return u
    case 2: return u * a * 2
    default: return u * Tensor.fill(constant.value) * a.power(.fill(constant.value - 1))
    }
  }
  // b a^(b − 1) is 0 · ∞ where both are 0.
  let isConstant = isZero * b.equal(to: Tensor.fill(0))
  return u * (b * a.power(select(isConstant, Tensor.fill(0), b - 1)))  // u · b might be infinite where the power is 0
}

extension Binary {
  fileprivate func gradients(_ a: Tensor, _ b: Tensor, y: Tensor, _ u: Tensor) -> [Tensor?] {
    /// All where this operand won, half where both are equal.
    func share(_ winner: Tensor, _ other: Tensor) -> Tensor {
      winner.equal(to: y) * (1 - 0.5 * winner.equal(to: other))
    }
    switch self {
    case .add: return [u, u]
    case .subtract: return [u, -u]
    case .multiply: return [u * b, u * a]
    case .divide: return [u / b, -(u * y / b)]
    case .power:  // u b a^(b − 1) and u y log a
      // d/db a^b = a^b log a: 0 at a = 0 for b ≥ 0, minus infinity for b < 0; taken as 0 for negative a.
      let zero = Tensor.fill(0)
      let isZero = a.equal(to: zero)
      let base = select(zero.less(than: a), a, 1 - isZero * b.less(than: zero))
      return [powerGradient(a, b, isZero, u), u * (y * base.log())]
    case .maximum, .minimum: return [u * share(a, b), u * share(b, a)]
    case .less, .lessOrEqual, .equal: return [nil, nil]
    }
  }
}
