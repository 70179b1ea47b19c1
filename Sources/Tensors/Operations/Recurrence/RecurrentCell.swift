/// The cell of a recurrent layer: what it computes at one time step.
public enum RecurrentCell: String, Hashable, Sendable, BitwiseCopyable, Codable, CaseIterable {
  /// tanh or ReLU of the sum: Elman, "Finding Structure in Time", Cognitive Science 14 (1990).
  case tanh, relu
  /// Long short-term memory: Hochreiter & Schmidhuber, Neural Computation 9 (1997), with a forget gate.
  case lstm
  /// The gated recurrent unit: Cho et al., EMNLP 2014, in cuDNN's form.
  case gru

  /// Blocks of the input's projection: gates and candidate.
  public var gates: Int {
    switch self {
    case .tanh, .relu: 1
    case .lstm: 4
    case .gru: 3
    }
  }

  /// Blocks of the bias; the candidate of `gru` has one for the input and one for the state.
  public var biases: Int { self == .gru ? 4 : gates }
  /// Blocks of saved activations, which the backward pass reads.
  var savedBlocks: Int { gates == 1 ? 0 : 4 }
}
