import Tensors

/// Recurrent layers, one on top of the other: [batch, time, inputs] → [batch, time, size] (twice the size with both
/// directions, the forward one first).
///
/// ```swift
/// let layer = Recurrent.lstm(128, 256, layers: 2)
/// let (output, state) = layer(x, state: nil)
/// ```
///
/// Each layer and direction has `inputWeight` [inputs, gates · size], `recurrentWeight` [size, gates · size] and
/// `bias`, all uniform in ±1/√size but for a bias of 1 at the LSTM's forget gate. Blocks of gates are in the order i,
/// f, g, o (LSTM) and r, z, n (GRU, whose bias has a fourth block for the candidate's recurrent product). Cost of a
/// time step: 2 · gates · size · (inputs + size) operations an example.
///
/// Sources: Elman 1990 (RNN); Hochreiter & Schmidhuber 1997 and Gers, Schmidhuber & Cummins 2000 (LSTM, and the forget
/// gate's bias); Cho et al. 2014 (GRU, in cuDNN's form); Schuster & Paliwal 1997 (both directions); Zaremba, Sutskever
/// & Vinyals 2014 (dropout between layers only).
public struct Recurrent: NamedLayer {
  /// The layers, the one that reads the input first.
  public let layers: [RecurrentLevel]
  public let path = LayerPath()
  public let failure: TensorError?
  /// What each layer computes at a time step.
  public let cell: RecurrentCell
  /// The width of the state of each layer and direction.
  public let size: Int
  private let inputs: Int
  private let dropout: Dropout?

  /// Recurrent layers for sequences of `inputs` features.
  ///
  /// - Parameters:
  ///   - size: the width of the state.
  ///   - count: how many layers there are, 1 to 1024.
  ///   - bidirectional: whether each layer also has a direction that reads from the end.
  ///   - dropout: the rate of dropout between layers, never from one time step to the next.
  public init(
    _ cell: RecurrentCell, _ inputs: Int, _ size: Int, layers count: Int = 1, bidirectional: Bool = false,
    dropout: Float = 0
  ) {
    self.cell = cell
    self.inputs = inputs
    self.size = size
    self.dropout = dropout == 0 ? nil : Dropout(dropout)
    let directions = bidirectional ? 2 : 1
    let sizes = 1...(1 << 31)
    let isPossible = sizes ~= inputs && sizes ~= size && 1...1024 ~= count
    layers = (0..<(isPossible ? count : 0)).map { level in
      RecurrentLevel(cell, level == 0 ? inputs : directions * size, size, bidirectional: bidirectional)
    }
    failure =
      isPossible
      ? self.dropout?.failure
      : TensorError(
        "\(cell.rawValue): inputs and size must be at least 1 and at most 2³¹, and layers 1 to 1024, not \(inputs), \(size) and \(count)"
      )
  }

  /// A recurrent network of tanh or ReLU units.
  public static func rnn(
    _ inputs: Int, _ size: Int, activation: Activation = .tanh, layers: Int = 1, bidirectional: Bool = false,
    dropout: Float = 0
  ) -> Recurrent {
    Recurrent(
      activation == .relu ? .relu : .tanh, inputs, size, layers: layers, bidirectional: bidirectional,
      dropout: dropout)
  }

  /// Long short-term memory layers (Hochreiter & Schmidhuber 1997), with a forget gate.
  public static func lstm(
    _ inputs: Int, _ size: Int, layers: Int = 1, bidirectional: Bool = false, dropout: Float = 0
  ) -> Recurrent {
    Recurrent(.lstm, inputs, size, layers: layers, bidirectional: bidirectional, dropout: dropout)
  }

  /// Layers of gated recurrent units (Cho et al. 2014), in cuDNN's form.
  public static func gru(
    _ inputs: Int, _ size: Int, layers: Int = 1, bidirectional: Bool = false, dropout: Float = 0
  ) -> Recurrent {
    Recurrent(.gru, inputs, size, layers: layers, bidirectional: bidirectional, dropout: dropout)
  }

  public var summary: String {
    let depth = layers.count > 1 ? ", \(layers.count) layers" : ""
    return "\(cell.rawValue) \(inputs) → \(size)\(depth)\(layers.first?.backward == nil ? "" : ", both directions")"
  }

  public func apply(_ x: Tensor) -> Tensor { run(x, state: nil, lengths: nil).output }

  /// Continues from `state` (`nil`: zeros) and also returns the state after the last step.
  ///
  /// `lengths` int32 [batch] says how many steps of each example count (`nil`: all): past them the output is 0, the
  /// state stays and the input has no effect, not even where it is NaN; the backward direction begins at each example's
  /// own end.
  public func callAsFunction(
    _ x: Tensor, state: RecurrentState?, lengths: Tensor? = nil
  ) -> (output: Tensor, state: RecurrentState) {
    traced(x) { failure.map { (.failed($0), RecurrentState()) } ?? run(x, state: state, lengths: lengths) }
  }

  private func run(_ x: Tensor, state: RecurrentState?, lengths: Tensor?) -> (output: Tensor, state: RecurrentState) {
    func failed(_ message: String) -> (Tensor, RecurrentState) { (.failed(TensorError(message)), RecurrentState()) }
    if x.failure != nil { return (x, RecurrentState()) }
    guard x.shape.rank == 3, x.shape[1] > 0, x.shape[2] == inputs else {
      return failed("\(cell.rawValue): the input must be [batch, time, \(inputs)], not \(x.shape)")
    }
    let directions = layers.reduce(0) { $0 + $1.directions.count }
    if let state, state.hidden.count != directions || (cell == .lstm && state.cell.count != directions) {
      return failed("\(cell.rawValue): the state must hold \(directions) tensors, one a layer and direction")
    }
    let (batch, time) = (x.shape[0], x.shape[1])
    if let lengths, lengths.failure == nil, lengths.dtype != .int32 || lengths.shape != [batch] {
      return failed("\(cell.rawValue): lengths must be int32 [\(batch)], not \(lengths.dtype) \(lengths.shape)")
    }
    let ends = lengths ?? Tensor.full([batch], Float(time)).cast(to: .int32)
    let zero = Tensor.zeros([batch, size], dtype: x.dtype)
    // Time first inside, so that the inputs of a step are contiguous.
    var signal = (lengths.map { x.zeroed(pastLengths: $0) } ?? x).permuted([1, 0, 2])
    var after = RecurrentState()
    for (number, layer) in layers.enumerated() {
      if number > 0, let dropout { signal = dropout(signal) }
      var outputs: [Tensor] = []
      for (direction, reversed) in layer.directions {
        let index = after.hidden.count
        let hidden = state?.hidden[index] ?? zero
        let memory = cell == .lstm ? state?.cell[index] ?? zero : nil
        let result = direction.run(signal, cell, reversed: reversed, ends, hidden, memory)
        after.hidden.append(result.hidden)
        if let memory = result.cell { after.cell.append(memory) }
        outputs.append(result.output)
      }
      signal = outputs.count == 1 ? outputs[0] : .concatenated(outputs, axis: 2)
      if lengths != nil { signal = Tensor.where(isInside(ends, time: time), signal, .zeros([])) }
    }
    return (signal.permuted([1, 0, 2]), after)
  }

  /// [time, batch, 1]: 1 at the steps that count.
  private func isInside(_ ends: Tensor, time: Int) -> Tensor {
    let steps = Tensor.arange(to: time).reshaped(to: [time, 1, 1])
    return steps.less(than: ends.reshaped(to: [1, ends.shape.elementCount, 1]))
  }

  public var ownParameterCount: Int { layers.reduce(0) { $0 + $1.parameterCount } }

  public func operations(input: Shape, output: Shape) -> Int {
    let steps = input.rank == 3 ? input[0].times(input[1]) : 0
    let weights = layers.flatMap(\.directions).reduce(0) {
      $0 + $1.direction.inputWeight.count + $1.direction.recurrentWeight.count
    }
    return steps.times(2).times(weights)
  }
}

/// The state of a recurrent layer: a tensor [batch, size] for each layer and direction, in that order.
public struct RecurrentState: Sendable {
  /// The states: of the first layer the forward direction, then the backward one, then of the next layer.
  public var hidden: [Tensor] = []
  /// The memory cells of an LSTM; empty for others.
  public var cell: [Tensor] = []

  /// A state of these tensors; without any it is zero.
  public init(hidden: [Tensor] = [], cell: [Tensor] = []) {
    self.hidden = hidden
    self.cell = cell
  }
}

/// One layer of a `Recurrent`: a direction or two.
public struct RecurrentLevel: Layer {
  /// The direction that reads from the first time step on.
  public let forward: RecurrentDirection
  /// The direction that reads from the last one on; `nil` where there is only one direction.
  public let backward: RecurrentDirection?

  fileprivate init(_ cell: RecurrentCell, _ inputs: Int, _ size: Int, bidirectional: Bool) {
    forward = RecurrentDirection(cell, inputs, size)
    backward = bidirectional ? RecurrentDirection(cell, inputs, size) : nil
  }

  fileprivate var directions: [(direction: RecurrentDirection, reversed: Bool)] {
    [(forward, false)] + (backward.map { [($0, true)] } ?? [])
  }

  /// A level alone returns its input; `Recurrent` runs it.
  public func callAsFunction(_ x: Tensor) -> Tensor { x }
}

extension RecurrentLevel {
  fileprivate var parameterCount: Int {
    directions.reduce(0) { $0 + $1.direction.parameterCount }
  }
}
