import Tensors

/// Changes a model's parameters along the gradient of a loss.
///
/// `update` is the one place where work happens: forward, backward, the update rule and running means become one plan.
/// Learning rate and step count are inputs of it, so changing them costs nothing.
public protocol Optimizer: AnyObject {
  /// How far a step goes. May be changed between steps.
  var learningRate: Float { get set }
  /// How many updates there were. Set it, with the values of `stateVariables`, to go on where a run ended.
  var stepCount: Int { get set }
  /// The greatest norm of all gradients together; longer ones are scaled down. `nil`: no limit.
  ///
  /// Source: Pascanu, Mikolov & Bengio, "On the difficulty of training recurrent neural networks", ICML 2013.
  var clipNorm: Float? { get set }
  /// What the optimizer remembers, named after the parameter: `layers.0.weight.velocity`.
  var stateVariables: [Variable] { get }
  /// Computes the loss and `tensors`, and takes one step. Throws what went wrong anywhere in the graph, and an error
  /// that names a parameter the loss does not depend on; then nothing has changed. Optimizers that keep squares of
  /// gradients look from time to time, after a step, whether these have become infinite, and throw an error that names the
  /// parameter.
  func update(along gradients: Gradients, evaluating tensors: [Tensor]) throws(TensorError)
}

extension Optimizer {
  /// Computes the loss and takes one step.
  public func update(along gradients: Gradients) throws(TensorError) { try update(along: gradients, evaluating: []) }
}

/// Whose form of a rule is meant, where the paper and libraries differ; each optimizer says how.
public enum OptimizerVariant: String, Hashable, Sendable, Codable, CaseIterable {
  case paper, pytorch, keras
}
