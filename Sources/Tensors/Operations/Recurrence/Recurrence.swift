/// The loop of a recurrent layer over time. See `RecurrenceDefinition.swift` for the equations.
///
/// operands: projected inputs [time, batch, gates · size], weights [size, gates · size], bias [biases · size], lengths
/// int32 [batch], initial state [batch, size], [initial cell] → states [time + 1, batch, size], the initial one first
/// (last if reversed), [cells] of the same shape, [saved activations [time, batch, 4 · size]: i, f, g, o or r, z, n, q,
/// zeros past an example's length]
struct Recurrence: CompositeOperation {
  let cell: RecurrentCell
  let reversed: Bool

  var resultCount: Int { 1 + (cell == .lstm ? 1 : 0) + (cell.savedBlocks > 0 ? 1 : 0) }

  func types(of operands: [TensorType]) throws(TensorError) -> [TensorType] {
    let x = operands[0].shape
    let size = operands[1].shape.rank == 2 ? operands[1].shape[0] : 0
    guard x.rank == 3, x[0] > 0, size > 0, x[2] == cell.gates * size else {
      throw TensorError(
        "\(cell.rawValue): needs projected inputs [time, batch, \(cell.gates) · size] with at least one time step, not \(x), "
          + "for weights \(operands[1].shape)")
    }
    let dtype = operands[0].dtype
    guard dtype.isDifferentiable else { throw needsArithmetic([operands[0]]) }
    let state = TensorType([x[1], size], dtype)
    let wanted =
      [
        operands[0], TensorType([size, cell.gates * size], dtype), TensorType([cell.biases * size], dtype),
        TensorType([x[1]], .int32),
      ] + [TensorType](repeating: state, count: cell == .lstm ? 2 : 1)
    for (name, (found, right)) in zip(
      ["inputs", "weights", "bias", "lengths", "initial state", "initial cell"], zip(operands, wanted))
    where found != right { throw TensorError("\(cell.rawValue): the \(name) must be \(right), not \(found)") }
    let states = TensorType([x[0] + 1, x[1], size], dtype)
    let saved = TensorType([x[0], x[1], cell.savedBlocks * size], dtype)
    return [states] + (cell == .lstm ? [states] : []) + (cell.savedBlocks > 0 ? [saved] : [])
  }

  /// Back-propagation through time: the loop's gradient operation gives what depends on the order of time; the weights'
  /// gradient is one product over all steps.
  func gradients(_ step: BackwardStep) throws(TensorError) -> [Tensor?] {
    let (results, upstreams) = (step.results, step.upstreams)
    guard cell.savedBlocks == 0 || upstreams[results.count - 1] == nil else { return try definitionGradients(step) }
    let states = results[0]
    let (time, batch, size) = (states.shape[0] - 1, states.shape[1], states.shape[2])
    let zeros = Tensor.zeros(states.shape, dtype: states.dtype)
    let all = Tensor.recordAll(
      RecurrenceGradient(forward: self),
      step.operands + results + [upstreams[0] ?? zeros] + (cell == .lstm ? [upstreams[1] ?? zeros] : []))
    let (forInput, forState) = (all[0], all[cell == .gru ? 1 : 0])
    let before = reversed ? states[1...] : states[..<time]
    let forWeights = before.reshaped(to: [time * batch, size]).transposed.matmul(
      forState.reshaped(to: [time * batch, cell.gates * size]))
    var forBias = forInput.sum(axes: [0, 1])
    if cell == .gru {
      forBias = .concatenated([forBias, forState.sum(axes: [0, 1])[(2 * size)...]], axis: 0)
    }
    return [forInput, forWeights, forBias, nil] + all[(cell == .gru ? 2 : 1)...].map { $0 }
  }

  func hasKernel(for operands: [TensorType], on target: Target) -> Bool { true }

  func lower(_ instruction: IR.Instruction, in lowering: inout Lowering) throws(TensorError) {
    let inputs = instruction.inputs
    let sizes = RecurrenceSizes(self, lowering.ir.types[instruction.firstOutput].shape)
    let kernel = RecurrenceKernel(sizes: sizes, runsOnAMX: lowering.target.usesAMX(for: sizes))
    lowering.emit(kernel, try lowering.contiguous(inputs, optional: 4...5), instruction, workspace: kernel.workspace)
  }
}

/// The gradients of the loop: back-propagation through time.
///
/// operands: those of `Recurrence`, its results, upstream states, [upstream cells] → gradients of the projected inputs,
/// [for `gru` of the products of states and weights], of the initial state, [of the initial cell]
///
/// Source: Werbos, "Backpropagation Through Time: What It Does and How to Do It", Proceedings of the IEEE 78 (1990).
struct RecurrenceGradient: CompositeOperation {
  let forward: Recurrence
  private var cell: RecurrentCell { forward.cell }
  /// How many operands are those of `Recurrence`.
  private var inputCount: Int { cell == .lstm ? 6 : 5 }

  var resultCount: Int { cell == .lstm || cell == .gru ? 3 : 2 }

  func types(of operands: [TensorType]) -> [TensorType] {
    let steps = operands[0]
    return [steps] + (cell == .gru ? [steps] : []) + operands[4..<inputCount]
  }

  func definition(_ operands: [Tensor]) -> [Tensor] {
    let upstreams = Array(operands[(inputCount + forward.resultCount)...])
    let all = forward.gradientDefinition(of: Array(operands[..<inputCount]), upstreams)
    guard cell == .gru else { return [all[0]] + all[4...] }
    // The candidate's product is multiplied by the gate r before the sum.
    let (saved, size) = (operands[inputCount + 1], operands[4].shape[1])
    let (gates, candidate) = (all[0][.ellipsis, ..<(2 * size)], all[0][.ellipsis, (2 * size)...])
    return [all[0], .concatenated([gates, candidate * saved[.ellipsis, ..<size]], axis: 2), all[4]]
  }

  func hasKernel(for operands: [TensorType], on target: Target) -> Bool { true }

  func lower(_ instruction: IR.Instruction, in lowering: inout Lowering) throws(TensorError) {
    // Of the operands of the loop itself, the weights and the lengths are enough.
    let inputs = [instruction.inputs[1], instruction.inputs[3]] + instruction.inputs[inputCount...]
    let sizes = RecurrenceSizes(forward, lowering.ir.types[inputs[2]].shape)
    let kernel = RecurrenceGradientKernel(sizes: sizes, runsOnAMX: lowering.target.usesAMX(for: sizes))
    let upstreams = inputs.count - (cell == .lstm ? 2 : 1)...inputs.count - 1
    lowering.emit(
      kernel, try lowering.contiguous(inputs, optional: upstreams), instruction, spaced: cell == .gru ? 2 : 1,
      workspace: kernel.workspace)
  }
}

extension Tensor {
  /// A recurrent layer over inputs that have been multiplied with their weights: [time, batch, gates · size] → all
  /// states [time + 1, batch, size] and, for `lstm`, all cells; the initial ones are first (last if reversed).
  ///
  /// - Parameters:
  ///   - weights: the recurrent weights [size, gates · size].
  ///   - bias: [gates · size]; for `gru` [4 · size].
  ///   - lengths: int32 [batch]; past an example's length its state stays.
  ///   - initial: the state before the first step, [batch, size].
  ///   - initialCell: the cell before the first step, for `lstm`.
  public func recurred(
    _ cell: RecurrentCell, reversed: Bool = false, weights: Tensor, bias: Tensor, lengths: Tensor, initial: Tensor,
    initialCell: Tensor? = nil, file: StaticString = #fileID, line: UInt = #line
  ) -> (states: Tensor, cells: Tensor?) {
    guard (initialCell != nil) == (cell == .lstm) else {
      let failed = Tensor.failed(
        TensorError("\(cell.rawValue): an initial cell is for lstm and needed there", callSite: CallSite(file, line)))
      return (failed, initialCell.map { _ in failed })
    }
    let all = Tensor.recordAll(
      Recurrence(cell: cell, reversed: reversed),
      [self, weights, bias, lengths, initial] + (initialCell.map { [$0] } ?? []), CallSite(file, line))
    return (all[0], cell == .lstm ? all[1] : nil)
  }
}
