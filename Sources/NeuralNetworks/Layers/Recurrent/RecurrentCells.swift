import Tensors

// One time step of a recurrent network, for loops that are written by hand: where an input depends on the output before.
// `Recurrent` takes a whole sequence at once, which is faster. Weights are stored as there.

/// A recurrent unit one step at a time: h' = tanh(x · inputWeight + h · recurrentWeight + bias), or ReLU of it.
///
/// ```swift
/// let cell = RNNCell(8, 16)
/// var hidden: Tensor?
/// for x in steps { hidden = cell(x, hidden) }  // each [batch, 8] → [batch, 16]
/// ```
///
/// Source: Elman, "Finding Structure in Time", Cognitive Science 14 (1990).
public struct RNNCell: NamedLayer {
  /// The parameters, as those of a layer of `Recurrent`.
  public let weights: RecurrentDirection
  public let path = LayerPath()
  private let unit: RecurrentUnit

  /// A cell for `inputs` features with a state of `size`.
  public init(_ inputs: Int, _ size: Int, activation: Activation = .tanh) {
    unit = RecurrentUnit(activation == .relu ? .relu : .tanh, inputs, size)
    weights = unit.weights
  }

  /// A cell that shares the parameters of a layer of `Recurrent`.
  public init(sharing weights: RecurrentDirection, activation: Activation = .tanh) {
    unit = RecurrentUnit(activation == .relu ? .relu : .tanh, sharing: weights)
    self.weights = weights
  }

  public var failure: TensorError? { unit.failure }
  public var summary: String { "RNNCell \(unit.sizes)" }
  public var ownParameterCount: Int { weights.parameterCount }
  public func apply(_ x: Tensor) -> Tensor { unit.step(x, nil).hidden }
  public func operations(input: Shape, output: Shape) -> Int { unit.operations(input) }

  /// The next state, [batch, size], for an input [batch, inputs] and the state before it, zero where `nil`.
  public func callAsFunction(_ x: Tensor, _ hidden: Tensor?) -> Tensor {
    traced(x) { (unit.step(x, hidden).hidden, ()) }.0
  }
}

/// A gated recurrent unit one step at a time, in cuDNN's form; see ``Recurrent``.
///
/// Source: Cho et al., EMNLP 2014.
public struct GRUCell: NamedLayer {
  /// The parameters, as those of a layer of `Recurrent`.
  public let weights: RecurrentDirection
  public let path = LayerPath()
  private let unit: RecurrentUnit

  /// A cell for `inputs` features with a state of `size`.
  public init(_ inputs: Int, _ size: Int) {
    unit = RecurrentUnit(.gru, inputs, size)
    weights = unit.weights
  }

  /// A cell that shares the parameters of a layer of `Recurrent`.
  public init(sharing weights: RecurrentDirection) {
    unit = RecurrentUnit(.gru, sharing: weights)
    self.weights = weights
  }

  public var failure: TensorError? { unit.failure }
  public var summary: String { "GRUCell \(unit.sizes)" }
  public var ownParameterCount: Int { weights.parameterCount }
  public func apply(_ x: Tensor) -> Tensor { unit.step(x, nil).hidden }
  public func operations(input: Shape, output: Shape) -> Int { unit.operations(input) }

  /// The next state, [batch, size], for an input [batch, inputs] and the state before it, zero where `nil`.
  public func callAsFunction(_ x: Tensor, _ hidden: Tensor?) -> Tensor {
    traced(x) { (unit.step(x, hidden).hidden, ()) }.0
  }
}

/// A unit of long short-term memory one step at a time, with a forget gate; see ``Recurrent``.
///
/// Source: Hochreiter & Schmidhuber 1997; Gers, Schmidhuber & Cummins 2000.
public struct LSTMCell: NamedLayer {
  /// The parameters, as those of a layer of `Recurrent`.
  public let weights: RecurrentDirection
  public let path = LayerPath()
  private let unit: RecurrentUnit

  /// A cell for `inputs` features with a state and a memory of `size`.
  public init(_ inputs: Int, _ size: Int) {
    unit = RecurrentUnit(.lstm, inputs, size)
    weights = unit.weights
  }

  /// A cell that shares the parameters of a layer of `Recurrent`.
  public init(sharing weights: RecurrentDirection) {
    unit = RecurrentUnit(.lstm, sharing: weights)
    self.weights = weights
  }

  public var failure: TensorError? { unit.failure }
  public var summary: String { "LSTMCell \(unit.sizes)" }
  public var ownParameterCount: Int { weights.parameterCount }
  public func apply(_ x: Tensor) -> Tensor { unit.step(x, nil).hidden }
  public func operations(input: Shape, output: Shape) -> Int { unit.operations(input) }

  /// The next state and memory, both [batch, size], for an input [batch, inputs] and those before it, zero where `nil`.
  public func callAsFunction(_ x: Tensor, _ state: (hidden: Tensor, cell: Tensor)?) -> (hidden: Tensor, cell: Tensor) {
    traced(x) { unit.step(x, state?.hidden, state?.cell) }
  }
}

/// What the cells share.
private struct RecurrentUnit: Sendable {
  let weights: RecurrentDirection
  let failure: TensorError?
  private let cell: RecurrentCell
  private let inputs: Int
  private let size: Int

  init(_ cell: RecurrentCell, _ inputs: Int, _ size: Int) {
    let isPossible = 1...(1 << 31) ~= inputs && 1...(1 << 31) ~= size
    self.cell = cell
    (self.inputs, self.size) = isPossible ? (inputs, size) : (1, 1)
    weights = RecurrentDirection(cell, self.inputs, self.size)
    failure =
      isPossible
      ? nil
      : TensorError(
        "\(cell.rawValue) cell: inputs and size must be at least 1 and at most 2³¹, not \(inputs) and \(size)")
  }

  init(_ cell: RecurrentCell, sharing weights: RecurrentDirection) {
    let (input, recurrent) = (weights.inputWeight.shape, weights.recurrentWeight.shape)
    self.cell = cell
    self.weights = weights
    (inputs, size) = (input[0], recurrent[0])
    failure =
      recurrent[1] == cell.gates.times(size)
      ? nil
      : TensorError(
        "\(cell.rawValue) cell: the weights [size, \(cell.gates) · size] of another kind of layer are \(recurrent)")
  }

  var sizes: String { "\(inputs) → \(size)" }

  /// The states after the step: `Recurrent` for a sequence of one.
  func step(_ x: Tensor, _ hidden: Tensor?, _ memory: Tensor? = nil) -> (hidden: Tensor, cell: Tensor) {
    func failed(_ error: TensorError) -> (Tensor, Tensor) { (.failed(error), .failed(error)) }
    if let error = failure ?? x.failure ?? hidden?.failure ?? memory?.failure { return failed(error) }
    guard x.shape.rank == 2, x.shape[1] == inputs else {
      return failed(TensorError("\(cell.rawValue) cell: the input must be [batch, \(inputs)], not \(x.shape)"))
    }
    let shape: Shape = [x.shape[0], size]
    if let wrong = [hidden, memory].compactMap(\.self).first(where: { $0.shape != shape }) {
      return failed(TensorError("\(cell.rawValue) cell: the state must be \(shape), not \(wrong.shape)"))
    }
    let zero = Tensor.zeros(shape, dtype: x.dtype)
    let lengths = Tensor.full([x.shape[0]], 1).cast(to: .int32)
    let result = weights.run(
      x.unsqueezed(axis: 0), cell, reversed: false, lengths, hidden ?? zero, cell == .lstm ? memory ?? zero : nil)
    return (result.hidden, result.cell ?? result.hidden)
  }

  func operations(_ input: Shape) -> Int {
    input[0].times(2).times(weights.inputWeight.count.plus(weights.recurrentWeight.count))
  }
}
