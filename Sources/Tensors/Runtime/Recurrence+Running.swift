import CKernels

// The loop over time: a product with the recurrent weights and a cell, step after step.

extension Recurrence {
  typealias Memory = UnsafeMutablePointer<Float>

  private var state: Int { batch * size }
  private var gates: Int { batch * size * cell.gates }
  private var kept: Int { batch * size * cell.kept }
  private func after(_ t: Int) -> Int { reversed ? t : t + 1 }
  private func before(_ t: Int) -> Int { reversed ? t + 1 : t }
  private var forward: [Int] { reversed ? Array((0..<time).reversed()) : Array(0..<time) }

  /// Operands: projected, weights, bias, lengths, initial, [initial cell]; states, [cells], [kept]; product.
  func run(_ operands: [Memory?]) throws(TensorError) {
    let isLSTM = cell == .lstm
    let (projected, weights, bias, initial) = (operands[0], operands[1], operands[2], operands[4])
    let lengths = UnsafeMutableRawPointer(operands[3])?.assumingMemoryBound(to: Int32.self)
    var next = isLSTM ? 6 : 5
    func take() -> Memory? {
      defer { next += 1 }
      return operands[next]
    }
    let states = take()
    let cells = isLSTM ? take() : nil
    let keep = cell.kept > 0 ? take() : nil
    let product = take()

    let first = reversed ? time : 0
    if let initial { states?.advanced(by: first * state).update(from: initial, count: state) }
    if isLSTM, let initialCell = operands[5] {
      cells?.advanced(by: first * state).update(from: initialCell, count: state)
    }
    for t in forward {
      let h = states?.advanced(by: before(t) * state)
      try matrixProduct(MatrixShape(m: batch, n: size * cell.gates, k: size), h, weights, product)
      var step = backprop_recurrent_step(
        kind: cell.code, batch: Int64(batch), size: Int64(size), time: Int64(t), lengths: lengths,
        projected: projected?.advanced(by: t * gates), product: product, bias: bias, state: h,
        cell: cells?.advanced(by: before(t) * state), next_state: states?.advanced(by: after(t) * state),
        next_cell: cells?.advanced(by: after(t) * state), kept: keep?.advanced(by: t * kept))
      backprop_recurrent_forward(&step)
    }
  }

  /// Operands: weights, lengths, states, [cells], [kept], upstream states, [upstream cells]; gradients of the projected
  /// inputs, [of the products], of the initial state, [of the initial cell]; product, direct, cell gradient.
  func runGradient(_ operands: [Memory?]) throws(TensorError) {
    let isLSTM = cell == .lstm
    var next = 0
    func take(_ isThere: Bool = true) -> Memory? {
      guard isThere else { return nil }
      defer { next += 1 }
      return operands[next]
    }
    let weights = take()
    let lengths = UnsafeMutableRawPointer(take())?.assumingMemoryBound(to: Int32.self)
    let (states, cells, kept) = (take(), take(isLSTM), take(cell.kept > 0))
    let (upstreamStates, upstreamCells) = (take(), take(isLSTM))
    let projectedGradient = take()
    let productGradient = take(cell == .gru)
    let (initialGradient, initialCellGradient) = (take(), take(isLSTM))
    let (product, direct, memoryGradient) = (take(), take(), take())
    if isLSTM { memoryGradient?.update(repeating: 0, count: state) }

    for (number, t) in forward.reversed().enumerated() {
      let (earlier, later) = (before(t) * state, after(t) * state)
      var step = backprop_recurrent_gradient_step(
        kind: cell.code, batch: Int64(batch), size: Int64(size), time: Int64(t), lengths: lengths,
        state: states?.advanced(by: earlier), cell: cells?.advanced(by: earlier),
        next_state: states?.advanced(by: later),
        next_cell: cells?.advanced(by: later), kept: kept?.advanced(by: t * self.kept),
        upstream_state: upstreamStates?.advanced(by: later), upstream_cell: upstreamCells?.advanced(by: later),
        product: number == 0 ? nil : product, direct: direct, cell_gradient: memoryGradient,
        projected_gradient: projectedGradient?.advanced(by: t * gates),
        product_gradient: productGradient?.advanced(by: t * gates))
      backprop_recurrent_backward(&step)
      try matrixProduct(
        MatrixShape(m: batch, n: size, k: size * cell.gates, transposeB: true),
        (productGradient ?? projectedGradient)?.advanced(by: t * gates), weights, product)
    }

    let first = (reversed ? time : 0) * state
    for index in 0..<state {
      let upstream = upstreamStates?[first + index] ?? 0
      initialGradient?[index] = (product?[index] ?? 0) + (direct?[index] ?? 0) + upstream
      if isLSTM { initialCellGradient?[index] = (memoryGradient?[index] ?? 0) + (upstreamCells?[first + index] ?? 0) }
    }
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
