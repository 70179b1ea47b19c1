// Recurrent layers in primitive operations: time steps one after the other.
//
// The product of all inputs with their weights is computed before the loop, for all time steps at once, and the
// gradients of the weights after it; only what depends on the step before is in the loop. With `·` for matrix products,
// ⊙ for elementwise ones, σ for the sigmoid, x the projected input of the step and h, c the state before it:
//
// - tanh, relu: h' = f(x + h · W + b)
// - lstm:       i, f, o = σ(x + h · W + b), g = tanh(x + h · W + b), each its block in the order i, f, g, o;
//               c' = f ⊙ c + i ⊙ g, h' = o ⊙ tanh(c')
// - gru:        r, z = σ(x + h · W + b), q = h · W + b₄, n = tanh(x + b₃ + r ⊙ q), blocks in the order r, z, n;
//               h' = (1 − z) ⊙ n + z ⊙ h
//
// An example whose length is t or less keeps its state at step t; a reversed loop therefore begins at its last step.
//
// Sources: Hochreiter & Schmidhuber, "Long Short-Term Memory", Neural Computation 9 (1997), with the forget gate of
// Gers, Schmidhuber & Cummins (2000); Cho et al., EMNLP 2014, with the reset gate after the product, as in the first
// version of its preprint (arXiv:1406.1078v1) and in cuDNN.

/// The operands of `Recurrence`.
struct RecurrenceInputs {
  /// [time, batch, gates · size]
  var projected: Tensor
  /// [size, gates · size]
  var weights: Tensor
  /// [biases · size]
  var bias: Tensor
  /// int32 [batch]
  var lengths: Tensor
  /// [batch, size]
  var initial: Tensor
  /// [batch, size], for `lstm`
  var initialCell: Tensor?

  init(_ inputs: [Tensor]) {
    (projected, weights, bias, lengths, initial) = (inputs[0], inputs[1], inputs[2], inputs[3], inputs[4])
    initialCell = inputs.count > 5 ? inputs[5] : nil
  }
}

/// The operands of `RecurrenceGradient`: what `Recurrence` gave, and upstream gradients of the same shapes.
struct RecurrenceGradientInputs {
  var weights: Tensor
  var lengths: Tensor
  /// [time + 1, batch, size]: the initial state, then those after each step (the other way round if reversed).
  var states: Tensor
  var cells: Tensor?
  /// [time, batch, 4 · size]: i, f, g, o or r, z, n, q; zeros past an example's length.
  var saved: Tensor?
  var upstreamStates: Tensor
  var upstreamCells: Tensor?

  init(_ cell: RecurrentCell, _ inputs: [Tensor]) {
    (weights, lengths, states) = (inputs[0], inputs[1], inputs[2])
    switch cell {
    case .tanh, .relu: upstreamStates = inputs[3]
    case .gru: (saved, upstreamStates) = (inputs[3], inputs[4])
    case .lstm: (cells, saved, upstreamStates, upstreamCells) = (inputs[3], inputs[4], inputs[5], inputs[6])
    }
  }
}

/// Results: states [time + 1, batch, size]; cells of the same shape for `lstm`; saved activations for the backward
/// pass.
func recurrenceDefinition(_ cell: RecurrentCell, reversed: Bool, _ inputs: RecurrenceInputs) -> [Tensor] {
  let (time, size) = (inputs.projected.shape[0], inputs.weights.shape[0])
  func bias(_ block: Int, _ count: Int = 1) -> Tensor {
    inputs.bias.sliced(starts: [block * size], shape: [count * size])
  }
  var (state, memory) = (inputs.initial, inputs.initialCell ?? inputs.initial)
  var (states, cells) = ([state], [memory])
  var saved: [Tensor] = []

  for t in reversed ? Array((0..<time).reversed()) : Array(0..<time) {
    let valid = isValid(t, inputs.lengths)
    let x = Tensor.where(valid, step(inputs.projected, t), Tensor.fill(0))
    let product = state.matmul(inputs.weights)
    var next = state
    var blocks: [Tensor] = []
    switch cell {
    case .tanh: next = (x + product + inputs.bias).tanh()
    case .relu: next = (x + product + inputs.bias).relu()
    case .lstm:
      let sum = x + product + inputs.bias
      let (i, f) = (columns(sum, 0, size).sigmoid(), columns(sum, 1, size).sigmoid())
      let (g, o) = (columns(sum, 2, size).tanh(), columns(sum, 3, size).sigmoid())
      let after = f * memory + i * g
      next = o * after.tanh()
      memory = Tensor.where(valid, after, memory)
      blocks = [i, f, g, o]
    case .gru:
      let gates = (columns(x, 0, size, 2) + columns(product, 0, size, 2) + bias(0, 2)).sigmoid()
      let (r, z) = (columns(gates, 0, size), columns(gates, 1, size))
      let q = columns(product, 2, size) + bias(3)
      let n = (columns(x, 2, size) + bias(2) + r * q).tanh()
      next = (1 - z) * n + z * state
      blocks = [r, z, n, q]
    }
    state = Tensor.where(valid, next, state)
    states.append(state)
    cells.append(memory)
    if !blocks.isEmpty { saved.append(Tensor.where(valid, .concatenated(blocks, axis: 1), Tensor.fill(0))) }
  }

  func inTime(_ steps: [Tensor]) -> Tensor { stacked(reversed ? steps.reversed() : steps) }
  return [inTime(states)] + (cell == .lstm ? [inTime(cells)] : []) + (saved.isEmpty ? [] : [inTime(saved)])
}

/// Back-propagation through time: the gradients of the projected inputs, of what was added to the products of the state
/// (`gru`; for the others it is the same), of the initial state and of the initial cell (`lstm`).
///
/// Source: Werbos, "Backpropagation Through Time: What It Does and How to Do It", Proceedings of the IEEE 78 (1990).
func recurrenceGradientDefinition(
  _ cell: RecurrentCell, reversed: Bool, _ inputs: RecurrenceGradientInputs
) -> [Tensor] {
  let (time, size) = (inputs.states.shape[0] - 1, inputs.weights.shape[0])
  let zero = Tensor.fill(0, [], inputs.weights.dtype)
  func after(_ t: Int) -> Int { reversed ? t : t + 1 }
  func before(_ t: Int) -> Int { reversed ? t + 1 : t }

  // Gradients of the state and the cell after the step at hand.
  var state = step(inputs.upstreamStates, reversed ? 0 : time)
  var memory = inputs.upstreamCells.map { step($0, reversed ? 0 : time) }
  var projected: [Tensor] = []
  var recurrent: [Tensor] = []

  for t in reversed ? Array(0..<time) : Array((0..<time).reversed()) {
    let valid = isValid(t, inputs.lengths)
    let saved = inputs.saved.map { saved in (0..<4).map { columns(step(saved, t), $0, size) } } ?? []
    let previous = step(inputs.states, before(t))
    let value = step(inputs.states, after(t))
    var forInput = state
    var forState = state
    var direct: Tensor?
    var memoryBefore: Tensor?
    switch cell {
    case .tanh:
      forInput = state * (1 - value.square())
      forState = forInput
    case .relu:
      forInput = Tensor.where(zero.less(than: value), state, zero)
      forState = forInput
    case .lstm:
      let (i, f, g, o) = (saved[0], saved[1], saved[2], saved[3])
      guard let cells = inputs.cells, let upstreamCell = memory else { break }
      let squashed = step(cells, after(t)).tanh()
      let total = upstreamCell + state * o * (1 - squashed.square())
      forInput = .concatenated(
        [
          total * g * i * (1 - i), total * step(cells, before(t)) * f * (1 - f), total * i * (1 - g.square()),
          state * squashed * o * (1 - o),
        ], axis: 1)
      forState = forInput
      memoryBefore = Tensor.where(valid, total * f, upstreamCell)
    case .gru:
      let (r, z, n, q) = (saved[0], saved[1], saved[2], saved[3])
      let candidate = state * (1 - z) * (1 - n.square())
      let gates = [candidate * q * r * (1 - r), state * (previous - n) * z * (1 - z)]
      forInput = .concatenated(gates + [candidate], axis: 1)
      forState = .concatenated(gates + [candidate * r], axis: 1)
      direct = state * z
    }
    forInput = Tensor.where(valid, forInput, zero)
    forState = Tensor.where(valid, forState, zero)
    projected.append(forInput)
    recurrent.append(forState)
    let carried = Tensor.where(valid, direct ?? zero.broadcast(to: state.shape), state)
    state = forState.matmul(inputs.weights.transposed) + carried + step(inputs.upstreamStates, before(t))
    if let memoryBefore, let upstream = inputs.upstreamCells { memory = memoryBefore + step(upstream, before(t)) }
  }

  func inTime(_ steps: [Tensor]) -> Tensor { stacked(reversed ? steps : steps.reversed()) }
  return [inTime(projected)] + (cell == .gru ? [inTime(recurrent)] : []) + [state] + (memory.map { [$0] } ?? [])
}

/// x[t] of [time, ...].
private func step(_ x: Tensor, _ t: Int) -> Tensor {
  let shape = Array(x.shape.dropFirst())
  return x.sliced(starts: [t] + shape.map { _ in 0 }, shape: Shape([1] + shape)).reshaped(to: Shape(shape))
}

/// Blocks of `size` columns of [batch, blocks · size].
private func columns(_ x: Tensor, _ block: Int, _ size: Int, _ count: Int = 1) -> Tensor {
  x.sliced(starts: [0, block * size], shape: [x.shape[0], count * size])
}

/// [batch, 1]: whether step t belongs to the example.
private func isValid(_ t: Int, _ lengths: Tensor) -> Tensor {
  Tensor.fill(Double(t), [], .int32).less(than: lengths).reshaped(to: [lengths.shape[0], 1])
}

private func stacked(_ steps: [Tensor]) -> Tensor {
  .concatenated(steps.map { $0.reshaped(to: Shape([1] + $0.shape.dimensions)) }, axis: 0)
}
