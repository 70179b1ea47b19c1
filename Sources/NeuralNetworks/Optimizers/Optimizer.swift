import Tensors

/// Changes a model's parameters along the gradient of a loss.
///
/// `update` computes everything: forward, backward, the update rule and running means become one plan.
/// Learning rate and step count are inputs of it, so changing them costs nothing.
public protocol Optimizer: AnyObject {
  /// The learning rate. May be changed between steps.
  var learningRate: Float { get set }
  /// How many updates there were. Set it, with the values of `stateVariables`, to continue where a run ended.
  var stepCount: Int { get set }
  /// The greatest norm of all gradients together; larger ones are scaled down. `nil`: no limit.
  ///
  /// Source: Pascanu, Mikolov & Bengio, "On the difficulty of training recurrent neural networks", ICML 2013.
  var clipNorm: Float? { get set }
  /// The optimizer's state, named after the parameter: `layers.0.weight.velocity`.
  var stateVariables: [Variable] { get }
  /// Computes the loss and `tensors`, and takes one step. Throws any error of the graph, and an error that names a
  /// parameter the loss does not depend on; then nothing has changed. Optimizers with squares of gradients in their
  /// state check from time to time, after a step, that these are finite, and otherwise throw an error that names the
  /// parameter.
  func update(along gradients: Gradients, evaluating tensors: [Tensor]) throws(TensorError)
}

extension Optimizer {
  /// Computes the loss and takes one step.
  public func update(along gradients: Gradients) throws(TensorError) { try update(along: gradients, evaluating: []) }
}

/// An optimizer whose momentum may change between steps, as a schedule says that has one
/// (``LearningRateSchedule/momentum(after:of:)``).
public protocol MomentumOptimizer: Optimizer {
  /// The share of the velocity, or of the gradient's mean (β₁), that is carried over, at least 0 and below 1.
  var momentum: Double { get set }
}

extension Optimizer {
  /// This optimizer and those of its groups where they have a momentum, each before those of its groups; none where this
  /// one has none.
  package var momentumOptimizers: [any MomentumOptimizer] {
    guard let own = self as? any MomentumOptimizer else { return [] }
    let groups = (self as? RuleOptimizer)?.groupOptimizers ?? []
    return [own] + groups.compactMap { $0 as? any MomentumOptimizer }
  }
}

extension RuleOptimizer {
  func require(momentum: Double) throws(TensorError) {
    guard 0..<1 ~= momentum else {
      throw failure ?? TensorError("\(type(of: self)): the momentum must be at least 0 and below 1, not \(momentum)")
    }
  }

  /// Sets the momentum of the groups' optimizers that have one, as a schedule of all parameters does.
  func setMomentum(ofGroups momentum: Double) {
    for case let optimizer as any MomentumOptimizer in groupOptimizers { optimizer.momentum = momentum }
  }
}

/// Whose form of a rule is used, where the paper and libraries differ; each optimizer documents how.
public enum OptimizerVariant: String, Hashable, Sendable, Codable, CaseIterable {
  /// As in the paper that the optimizer's documentation names.
  case paper
  /// As PyTorch's `torch.optim`.
  case pytorch
  /// As Keras' `keras.optimizers`.
  case keras
}
