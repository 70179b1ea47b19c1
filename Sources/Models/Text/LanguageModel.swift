import NeuralNetworks
import Tensors

/// A network that predicts the next token at each position of a text:
/// int32 [batch, time] → logits [batch, time, vocabulary].
///
/// The logits at a position depend only on it and on earlier positions.
public protocol LanguageModel: Layer {
  /// How many tokens there are.
  var vocabulary: Int { get }
  /// The greatest number of positions the network can process, including those in its state; `nil`: no limit.
  var context: Int? { get }
  /// Whether training carries the state from one window of a text to the next (truncated back-propagation through
  /// time).
  var carriesState: Bool { get }
  /// The state before the first token. `capacity` is the number of positions to reserve memory for, where the state
  /// grows with them.
  func initialState(batch: Int, capacity: Int) -> [Tensor]
  /// The same state with memory for `capacity` positions.
  func grown(_ state: [Tensor], to capacity: Int) -> [Tensor]
  /// The index of the state's tensor with the number of positions read, one int32, where setting it to a smaller number
  /// is enough to rewind; `nil` where the state cannot be rewound. For models with a `context`.
  var positionCount: Int? { get }
  /// Continues from a state, and returns the state after the last token. For inference and, where `carriesState`,
  /// training.
  func callAsFunction(_ ids: Tensor, state: [Tensor]) -> (logits: Tensor, state: [Tensor])
}

extension LanguageModel {
  public func grown(_ state: [Tensor], to capacity: Int) -> [Tensor] { state }
  public var positionCount: Int? { nil }
}

/// Says what is wrong with a state that does not hold as many tensors as `initialState` gives.
func stateFailure(_ state: [Tensor], count: Int) -> TensorError? {
  state.count == count
    ? nil : TensorError("the state must hold the \(count) tensors that initialState gives, not \(state.count)")
}

/// Says what is wrong with ids that are not int32 [batch, time].
func idsFailure(_ ids: Tensor) -> TensorError? {
  if let failure = ids.failure { return failure }
  guard ids.dtype == .int32, ids.shape.rank == 2, ids.shape[1] > 0 else {
    return TensorError(
      "a language model takes ids as int32 [batch, time] with at least one step, not \(ids.dtype) \(ids.shape)")
  }
  return nil
}
