import Tensors

/// The parameters of one direction of one recurrent layer.
public struct RecurrentDirection: Sendable {
  /// The weights of the input: [inputs, gates · size].
  public let inputWeight: Parameter
  /// The weights of the previous state: [size, gates · size].
  public let recurrentWeight: Parameter
  /// The biases: [biases · size].
  public let bias: Parameter

  init(_ cell: RecurrentCell, _ inputs: Int, _ size: Int) {
    let uniform = Initializer.uniform(within: 1 / Float(size).squareRoot())
    inputWeight = Parameter(
      uniform, shape: [inputs, cell.gates * size], fanIn: inputs, fanOut: size, name: "inputWeight")
    recurrentWeight = Parameter(
      uniform, shape: [size, cell.gates * size], fanIn: size, fanOut: size, name: "recurrentWeight")
    let forgetGate = size..<2 * size
    bias = Parameter(
      Initializer.shaped { shape, fanIn, fanOut throws(TensorError) in
        let values = try uniform.values(shape: shape, fanIn: fanIn, fanOut: fanOut)
        return cell == .lstm ? values.indices.map { forgetGate.contains($0) ? 1 : values[$0] } : values
      }, shape: [cell.biases * size], fanIn: size, fanOut: size, name: "bias")
  }

  /// x [time, batch, inputs] → output [time, batch, size] and the state after the last step.
  func run(
    _ x: Tensor, _ cell: RecurrentCell, reversed: Bool, _ lengths: Tensor, _ hidden: Tensor, _ memory: Tensor?
  ) -> (output: Tensor, hidden: Tensor, cell: Tensor?) {
    let (states, cells) = x.matmul(inputWeight.tensor).recurred(
      cell, reversed: reversed, weights: recurrentWeight.tensor, bias: bias.tensor, lengths: lengths, initial: hidden,
      initialCell: memory)
    if states.failure != nil { return (states, states, memory.map { _ in states }) }
    let (time, shape) = (x.shape[0], Array(hidden.shape))
    func last(_ all: Tensor) -> Tensor {
      all.sliced(starts: [reversed ? 0 : time, 0, 0], shape: Shape([1] + shape)).reshaped(to: hidden.shape)
    }
    return (
      states.sliced(starts: [reversed ? 0 : 1, 0, 0], shape: Shape([time] + shape)), last(states), cells.map(last)
    )
  }

  var parameterCount: Int { inputWeight.count + recurrentWeight.count + bias.count }
}
