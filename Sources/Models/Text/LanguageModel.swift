import NeuralNetworks
import Tensors

/// A network that says at each position of a text how likely each token is to come next:
/// int32 [batch, time] → logits [batch, time, vocabulary].
///
/// The logits at a position depend on it and what stands before it alone.
public protocol LanguageModel: Layer {
  /// How many tokens there are.
  var vocabulary: Int { get }
  /// The greatest number of positions the network can take at once, what it remembers included; `nil`: no limit.
  var context: Int? { get }
  /// Whether training hands the state on from one window of a text to the next (truncated back-propagation through
  /// time).
  var carriesState: Bool { get }
  /// What is remembered before the first token. `capacity` is the number of positions there shall be room for, where
  /// the memory grows with them.
  func initialState(batch: Int, capacity: Int) -> [Tensor]
  /// The same memory with room for `capacity` positions.
  func grown(_ state: [Tensor], to capacity: Int) -> [Tensor]
  /// Which tensor of the state is the number of positions read, one int32, where giving it a smaller number is all it takes
  /// to go back to it; `nil` where there is no such way. Counts for models with a `context`.
  var positionCount: Int? { get }
  /// Goes on from a state, and gives the state after the last token. Meant for use and, where `carriesState`, training.
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

/// Says what is wrong with ids that are no int32 [batch, time].
func idsFailure(_ ids: Tensor) -> TensorError? {
  if let failure = ids.failure { return failure }
  guard ids.dtype == .int32, ids.shape.rank == 2, ids.shape[1] > 0 else {
    return TensorError(
      "a language model takes ids as int32 [batch, time] with at least one step, not \(ids.dtype) \(ids.shape)")
  }
  return nil
}
