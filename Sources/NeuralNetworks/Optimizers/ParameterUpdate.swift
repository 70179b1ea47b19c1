import Tensors

/// What a rule is given for one parameter.
public struct ParameterUpdate {
  /// The parameter's value before the step.
  public let parameter: Tensor
  /// The loss's gradient, clipped, with that of the penalty.
  public let gradient: Tensor
  /// The parameter's state before the step, in the order of the optimizer's `state(of:)`.
  public let state: [Tensor]
  /// The learning rate of the parameter's group, a scalar: [].
  public let learningRate: Tensor
  /// The step scalars that `appendScalars` gave, each []; the first is the learning rate.
  public let scalars: [Tensor]
  /// The decoupled weight decay of the group.
  public let weightDecay: Float
}
