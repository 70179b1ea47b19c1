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

extension Recurrence {
  func definition(_ operands: [Tensor]) -> [Tensor] {
    let (projected, weights, bias, lengths) = (operands[0], operands[1], operands[2], operands[3])
    let (time, size) = (projected.shape[0], weights.shape[0])
    /// Blocks of `size` columns.
    func columns(_ x: Tensor, _ block: Int, _ count: Int = 1) -> Tensor {
      x[.ellipsis, block * size..<(block + count) * size]
    }
    var (state, memory) = (operands[4], operands[operands.count - 1])
    var (states, cells) = ([state], [memory])
    var saved: [Tensor] = []

    for t in reversed ? Array((0..<time).reversed()) : Array(0..<time) {
      // Whether the step belongs to the example: [batch, 1].
      let valid = Tensor.fill(Double(t), [], .int32).less(than: lengths).unsqueezed(axis: 1)
      let x = Tensor.where(valid, projected[t], Tensor.fill(0))
      let product = state.matmul(weights)
      var next = state
      var blocks: [Tensor] = []
      switch cell {
      case .tanh: next = (x + product + bias).tanh()
      case .relu: next = (x + product + bias).relu()
      case .lstm:
        let sum = x + product + bias
        let (i, f) = (columns(sum, 0).sigmoid(), columns(sum, 1).sigmoid())
        let (g, o) = (columns(sum, 2).tanh(), columns(sum, 3).sigmoid())
        let after = f * memory + i * g
        next = o * after.tanh()
        memory = Tensor.where(valid, after, memory)
        blocks = [i, f, g, o]
      case .gru:
        let gates = (columns(x, 0, 2) + columns(product, 0, 2) + columns(bias, 0, 2)).sigmoid()
        let (r, z) = (columns(gates, 0), columns(gates, 1))
        let q = columns(product, 2) + columns(bias, 3)
        let n = (columns(x, 2) + columns(bias, 2) + r * q).tanh()
        next = (1 - z) * n + z * state
        blocks = [r, z, n, q]
      }
      state = Tensor.where(valid, next, state)
      states.append(state)
      cells.append(memory)
      if !blocks.isEmpty { saved.append(Tensor.where(valid, .concatenated(blocks, axis: 1), Tensor.fill(0))) }
    }

    func inTime(_ steps: [Tensor]) -> Tensor { .stacked(reversed ? steps.reversed() : steps) }
    return [inTime(states)] + (cell == .lstm ? [inTime(cells)] : []) + (saved.isEmpty ? [] : [inTime(saved)])
  }
}
