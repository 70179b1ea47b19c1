import CKernels

extension Recurrence {
  typealias Memory = UnsafeMutablePointer<Float>

  var runsOnAMX: Bool { usesAMX && Engine.hasAMX }

  private var packed: Int { Int(backprop_recurrence_amx_packed(cell.code, Int64(size))) }

  /// Elements of the forward loop's workspace: packed weights, a step's product.
  var forwardScratch: [Int] {
    if runsOnAMX { return [packed, Int(backprop_recurrence_amx_workspace(Int64(batch), Int64(size)))] }
    return [Int(backprop_recurrence_packed(Int64(size), Int64(size * cell.gates))), batch * gateRow]
  }

  /// The same backward: packed weights, product, what bypasses the product, the cell's gradient.
  var backwardScratch: [Int] {
    let states = [batch * size, batch * size]
    if runsOnAMX {
      return [packed, Int(backprop_recurrence_gradient_amx_workspace(cell.code, Int64(batch), Int64(size)))] + states
    }
    return [Int(backprop_recurrence_packed(Int64(size * cell.gates), Int64(size))), batch * size] + states
  }

  /// Operands: projected, weights, bias, lengths, initial, [initial cell]; states, [cells], [saved]; scratch.
  func run(_ operands: KernelOperands) {
    var operands = Operands(operands)
    let isLSTM = cell == .lstm
    let (projected, weights, bias, lengths) = (operands.next(), operands.next(), operands.next(), operands.nextInts())
    let (initial, initialCell) = (operands.next(), operands.next(isLSTM))
    let (states, cells, saved) = (operands.next(), operands.next(isLSTM), operands.next(cell.savedBlocks > 0))
    var recurrence = backprop_recurrence(
      kind: cell.code, reversed: reversed ? 1 : 0, time: Int64(time), batch: Int64(batch), size: Int64(size),
      lengths: lengths, projected: projected, weights: weights, bias: bias, initial: initial,
      initial_cell: initialCell, states: states, cells: cells, saved: saved, packed: operands.next(),
      gate_row: Int64(gateRow), product: operands.next())
    if runsOnAMX { backprop_recurrence_forward_amx(&recurrence) } else { backprop_recurrence_forward(&recurrence) }
  }

  /// Operands: weights, lengths, states, [cells], [saved], upstream states, [upstream cells]; gradients of the projected
  /// inputs, [of the products], of the initial state, [of the initial cell]; scratch.
  func runGradient(_ operands: KernelOperands) {
    var operands = Operands(operands)
    let isLSTM = cell == .lstm
    let (weights, lengths) = (operands.next(), operands.nextInts())
    let (states, cells, saved) = (operands.next(), operands.next(isLSTM), operands.next(cell.savedBlocks > 0))
    let (upstreamStates, upstreamCells) = (operands.next(), operands.next(isLSTM))
    let (projectedGradient, productGradient) = (operands.next(), operands.next(cell == .gru))
    let (initialGradient, initialCellGradient) = (operands.next(), operands.next(isLSTM))
    var recurrence = backprop_recurrence_gradient(
      kind: cell.code, reversed: reversed ? 1 : 0, time: Int64(time), batch: Int64(batch), size: Int64(size),
      lengths: lengths, weights: weights, states: states, cells: cells, saved: saved, upstream_states: upstreamStates,
      upstream_cells: upstreamCells, gate_row: Int64(gateRow), projected_gradient: projectedGradient,
      product_gradient: productGradient,
      initial_gradient: initialGradient, initial_cell_gradient: initialCellGradient, packed: operands.next(),
      product: operands.next(), direct: operands.next(), cell_gradient: operands.next())
    if runsOnAMX { backprop_recurrence_backward_amx(&recurrence) } else { backprop_recurrence_backward(&recurrence) }
  }
}

/// Operands one after the other; those that a cell does not have are skipped.
private struct Operands {
  private let all: KernelOperands
  private var position = 0

  init(_ all: KernelOperands) { self.all = all }

  mutating func next(_ isThere: Bool = true) -> Recurrence.Memory? {
    guard isThere, position < all.count else { return nil }
    defer { position += 1 }
    return all[position]
  }

  mutating func nextInts() -> UnsafeMutablePointer<Int32>? {
    UnsafeMutableRawPointer(next())?.assumingMemoryBound(to: Int32.self)
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
