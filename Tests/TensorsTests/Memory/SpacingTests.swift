import Testing

@testable import Tensors

/// Rows a multiple of 4 KB apart, which get gaps: in copies for products, and in the gradients of recurrent layers.
@Suite struct SpacingTests {
  @Test(arguments: [(256, 1024), (1024, 260), (100, 1024)]) func gradientsOfWeightsMatchTheReference(
    _ m: Int, _ n: Int
  ) throws {
    let seed: UInt64 = 3
    let operation = OperationCase("down both", [256, m], [256, n]) { x in
      (x[0] * 0.0625).permuted([1, 0]).matmul(x[1])
    }
    let different = try difference(operation.function(operation.inputs(seed: seed)), seed: seed)
    #expect(different == nil, "[256, \(m)]ᵀ · [256, \(n)]")
  }

  @Test(arguments: [(RecurrentCell.lstm, 256), (.tanh, 1024), (.gru, 85)], [false, true])
  func gradientsOfRecurrentLayersMatchTheReference(_ layer: (RecurrentCell, Int), reversed: Bool) throws {
    let seed: UInt64 = 4
    let (cell, size) = layer
    let (time, batch, width) = (3, 2, cell.gates * size)
    let numbers = Tensor([4, 0, 2, 2, 1, 4] as [Int32], shape: [time * batch])
    let lengths = Tensor([3, 2] as [Int32], shape: [batch])
    let operation = OperationCase(
      "\(cell.rawValue) of symbols", [5, 3], [3, width], [size, width], [cell.biases * size], [width]
    ) { x in
      // Both ways from the gates: through the table's rows, and summed to a bias.
      let symbols = Tensor.record(Gather(), [x[0], numbers]).matmul(x[1]) + x[4]
      let states = [Tensor](repeating: .zeros([batch, size]), count: cell == .lstm ? 2 : 1)
      let scaled = x[2] * (1 / Float(size).squareRoot())
      return Tensor.recordAll(
        Recurrence(cell: cell, reversed: reversed),
        [symbols.reshaped(to: [time, batch, width]), scaled, x[3], lengths] + states)[0]
    }
    let inputs = operation.inputs(seed: seed)
    for gradient in gradients(of: operation.function(inputs).square().sum(), withRespectTo: inputs) {
      let different = try difference(#require(gradient), seed: seed)
      #expect(different == nil, "\(cell) of \(size), reversed \(reversed)")
    }
  }
}
