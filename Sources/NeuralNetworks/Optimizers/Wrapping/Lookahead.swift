import Tensors

/// Lookahead: after each `interval` steps of another optimizer, the weights return to a share of the way that those steps
/// went. It evens out their noise.
///
/// ```swift
/// let optimizer = Lookahead(AdamW(for: model), for: model)
/// ```
///
/// φ ← φ + α · (θ − φ); θ ← φ. The other optimizer's state continues. Stores one value a parameter. The learning rate and
/// the norm to clip at are the other optimizer's. A `CompiledStep` records each step anew with it.
///
/// Source: Zhang, Lucas, Hinton & Ba, "Lookahead Optimizer: k steps forward, 1 step back", NeurIPS 2019, algorithm 1.
public final class Lookahead: WrappingOptimizer {
  private let interval: Int
  private let share: Double
  private var slow: [(parameter: Parameter, weights: Variable)] = []
  private var failure: TensorError?

  /// Lookahead around `optimizer`, which is of the same model. `share` is α, above 0 and at most 1; invalid settings are
  /// errors of the first update.
  public init(_ optimizer: any Optimizer, for model: any Layer, interval: Int = 5, share: Double = 0.5) {
    (self.interval, self.share) = (interval, share)
    super.init(optimizer)
    if interval < 1 || !(share > 0 && share <= 1) {
      failure = TensorError(
        "Lookahead: the interval must be at least 1 step, and the share above 0 and at most 1, not \(interval) and \(share)"
      )
    }
    do throws(TensorError) {
      for (name, parameter) in model.parameters {
        let variable = try parameter.variable()
        let weights = try Variable(repeating: 0, shape: parameter.shape, like: variable, name: "\(name).slow")
        slow.append((parameter, weights))
        try weights.set(converting: variable.tensor)
      }
    } catch {
      failure = failure ?? error
    }
  }

  public override var stateVariables: [Variable] { super.stateVariables + slow.map(\.weights) }

  public override func update(along gradients: Gradients, evaluating tensors: [Tensor]) throws(TensorError) {
    if let failure { throw failure }
    try super.update(along: gradients, evaluating: tensors)
    guard stepCount % interval == 0 else { return }
    var assignments: [(Variable, Tensor)] = []
    for (parameter, weights) in slow where parameter.isTrainable {
      let variable = try parameter.variable()
      let (from, to) = (weights.tensor, variable.tensor)
      let next = from + (to - from) * .constant(share)
      assignments += [(weights, next), (variable, next)]
    }
    try evaluate([], assigning: consume assignments)
  }
}
