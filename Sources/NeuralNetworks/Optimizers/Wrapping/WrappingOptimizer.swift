import Tensors

/// An optimizer that changes how another one is used; its settings are the other's.
public class WrappingOptimizer: Optimizer {
  let base: any Optimizer

  init(_ base: any Optimizer) { self.base = base }

  public var learningRate: Float {
    get { base.learningRate }
    set { base.learningRate = newValue }
  }
  public var stepCount: Int {
    get { base.stepCount }
    set { base.stepCount = newValue }
  }
  public var clipNorm: Float? {
    get { base.clipNorm }
    set { base.clipNorm = newValue }
  }
  public var stateVariables: [Variable] { base.stateVariables }

  public func update(along gradients: Gradients, evaluating tensors: [Tensor]) throws(TensorError) {
    try base.update(along: gradients, evaluating: tensors)
  }
}
