import CKernels

/// The sizes of a recurrent layer's loop.
struct RecurrenceSizes: BitwiseCopyable {
  var cell: RecurrentCell
  var reversed: Bool
  var time: Int, batch: Int, size: Int

  /// Elements from one row of gates to the next, in gradients and intermediate results.
  var gateRow: Int { Lowering.spacedRow(cell.gates * size) }

  fileprivate var packedForAMX: Int { Int(backprop_recurrence_amx_packed(cell.code, Int64(size))) }

  /// The product with the recurrent weights, and `blocks` of [time, batch, size] that go in and out.
  fileprivate func cost(blocks: Int) -> Cost {
    let weights = cell.gates * size * size
    return Cost(flops: 2 * time * batch * weights, elements: weights + blocks * time * batch * size)
  }

  fileprivate var title: String { "\(cell.rawValue) \([time, batch, size])\(reversed ? ", reversed" : "")" }
}

extension RecurrenceSizes {
  /// `states`: their shape, [time + 1, batch, size].
  init(_ loop: Recurrence, _ states: Shape) {
    self.init(cell: loop.cell, reversed: loop.reversed, time: states[0] - 1, batch: states[1], size: states[2])
  }
}

/// Operands: projected, weights, bias, lengths, initial, [initial cell]; states, [cells], [saved]; workspace.
struct RecurrenceKernel: PlainKernel {
  let sizes: RecurrenceSizes
  let runsOnAMX: Bool

  var title: String { sizes.title }
  var cost: Cost { sizes.cost(blocks: sizes.cell.gates + 2) }

  /// Elements: packed weights, a step's product.
  var workspace: [Int] {
    let (batch, size) = (Int64(sizes.batch), Int64(sizes.size))
    if runsOnAMX { return [sizes.packedForAMX, Int(backprop_recurrence_amx_workspace(batch, size))] }
    return [Int(backprop_recurrence_packed(size, size * Int64(sizes.cell.gates))), sizes.batch * sizes.gateRow]
  }

  func run(_ operands: KernelOperands) {
    let (cell, isLSTM) = (sizes.cell, sizes.cell == .lstm)
    var next = 4
    // Those that a cell does not have are skipped.
    func take(_ isThere: Bool = true) -> UnsafeMutablePointer<Float>? {
      defer { next += isThere ? 1 : 0 }
      return isThere ? operands[next] : nil
    }
    var recurrence = backprop_recurrence(
      kind: cell.code, reversed: sizes.reversed ? 1 : 0, time: Int64(sizes.time), batch: Int64(sizes.batch),
      size: Int64(sizes.size), lengths: operands.ints(3), projected: operands[0], weights: operands[1],
      bias: operands[2], initial: take(), initial_cell: take(isLSTM), states: take(), cells: take(isLSTM),
      saved: take(cell.savedBlocks > 0), packed: take(), gate_row: Int64(sizes.gateRow), product: take())
    if runsOnAMX { backprop_recurrence_forward_amx(&recurrence) } else { backprop_recurrence_forward(&recurrence) }
  }
}

/// Operands: weights, lengths, states, [cells], [saved], upstream states, [upstream cells]; gradients of the projected
/// inputs, [of the products], of the initial state, [of the initial cell]; workspace.
struct RecurrenceGradientKernel: PlainKernel {
  let sizes: RecurrenceSizes
  let runsOnAMX: Bool

  var title: String { "\(sizes.title) gradient" }
  var cost: Cost { sizes.cost(blocks: 2 * sizes.cell.gates + 3) }

  /// Elements: packed weights, product, what bypasses the product, the cell's gradient.
  var workspace: [Int] {
    let (batch, size) = (Int64(sizes.batch), Int64(sizes.size))
    let states = [sizes.batch * sizes.size, sizes.batch * sizes.size]
    if runsOnAMX {
      return [sizes.packedForAMX, Int(backprop_recurrence_gradient_amx_workspace(sizes.cell.code, batch, size))]
        + states
    }
    return [Int(backprop_recurrence_packed(size * Int64(sizes.cell.gates), size)), sizes.batch * sizes.size] + states
  }

  func run(_ operands: KernelOperands) {
    let (cell, isLSTM) = (sizes.cell, sizes.cell == .lstm)
    var next = 2
    func take(_ isThere: Bool = true) -> UnsafeMutablePointer<Float>? {
      defer { next += isThere ? 1 : 0 }
      return isThere ? operands[next] : nil
    }
    var recurrence = backprop_recurrence_gradient(
      kind: cell.code, reversed: sizes.reversed ? 1 : 0, time: Int64(sizes.time), batch: Int64(sizes.batch),
      size: Int64(sizes.size), lengths: operands.ints(1), weights: operands[0], states: take(), cells: take(isLSTM),
      saved: take(cell.savedBlocks > 0), upstream_states: take(), upstream_cells: take(isLSTM),
      gate_row: Int64(sizes.gateRow), projected_gradient: take(), product_gradient: take(cell == .gru),
      initial_gradient: take(), initial_cell_gradient: take(isLSTM), packed: take(), product: take(), direct: take(),
      cell_gradient: take())
    if runsOnAMX { backprop_recurrence_backward_amx(&recurrence) } else { backprop_recurrence_backward(&recurrence) }
  }
}

extension RecurrentCell {
  fileprivate var code: backprop_cell {
    switch self {
    case .tanh: BACKPROP_TANH_CELL
    case .relu: BACKPROP_RELU_CELL
    case .lstm: BACKPROP_LSTM_CELL
    case .gru: BACKPROP_GRU_CELL
    }
  }
}
