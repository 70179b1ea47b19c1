import Tensors

/// Gradient accumulation: another optimizer takes a step along the mean gradient of each `count` batches, as if they were one
/// batch, for which there may be no memory.
///
/// ```swift
/// let optimizer = GradientAccumulation(Adam(for: model), for: model, of: 4)
/// for batch in batches { try optimizer.update(along: valueAndGradient(of: model) { loss($0, batch) }.gradients) }
/// ```
///
/// Running statistics, as of batch normalization, are updated with each batch. `stepCount` counts batches, and the other
/// optimizer's its steps. Stores one value a parameter. A `CompiledStep` records each step anew with it. A loss that is a mean
/// counts each batch the same, however many examples it has.
///
/// Of several processes, each accumulates the gradients of its own batches, and what they send each other is one mean a step:
/// give the processes here instead of averaging each batch.
public final class GradientAccumulation: WrappingOptimizer {
  private let count: Int
  private let processes: Distributed
  private var sums: [(parameter: Parameter, sum: Variable)] = []
  private var failure: TensorError?
  private var batches = 0
  /// The parameters that have a gradient since the last step.
  private var used: Set<ObjectIdentifier> = []

  /// Accumulates the gradients of `count` batches for `optimizer`, which is of the same model. An invalid count is an error
  /// of the first update. `processes` take each step together, along the mean of all their batches.
  public init(
    _ optimizer: any Optimizer, for model: any Layer, of count: Int, over processes: Distributed = .one
  ) {
    self.count = count
    self.processes = processes
    super.init(optimizer)
    guard count > 0 else {
      failure = TensorError("GradientAccumulation: there must be at least 1 batch a step, not \(count)")
      return
    }
    do throws(TensorError) {
      for (name, parameter) in model.parameters {
        let variable = try parameter.variable()
        let sum = try Variable(repeating: 0, shape: parameter.shape, like: variable, name: "\(name).gradientSum")
        sums.append((parameter, sum))
      }
    } catch {
      failure = error
    }
  }

  public override var stateVariables: [Variable] { super.stateVariables + sums.map(\.sum) }

  /// How many batches there were.
  public override var stepCount: Int {
    get { batches }
    set {
      batches = newValue
      base.stepCount = newValue / max(count, 1)
      // Between two steps, sums that were restored may be of any parameter.
      used = newValue % max(count, 1) == 0 ? [] : Set(sums.map { ObjectIdentifier($0.parameter) })
    }
  }

  public override func update(along gradients: Gradients, evaluating tensors: [Tensor]) throws(TensorError) {
    if let failure = failure ?? gradients.loss.failure { throw failure }
    var gradients = gradients
    var added: [(Variable, Tensor)] = []
    let isLast = batches.plus(1) % count == 0
    let found = sums.filter { gradients[$0.parameter] != nil }.map { ObjectIdentifier($0.parameter) }
    for (parameter, sum) in sums where parameter.isTrainable {
      // A batch that does not use a parameter adds nothing; where none did, the other optimizer says so.
      let gradient = gradients[parameter]
      if let failure = gradient?.failure { throw failure }
      guard gradient != nil || used.contains(ObjectIdentifier(parameter)) else { continue }
      let total = gradient.map { sum.tensor + $0 } ?? sum.tensor
      gradients[parameter] = total * .constant(1 / Double(count))
      added.append((sum, isLast ? .zeros(total.shape, dtype: total.dtype) : total))
    }
    if isLast {
      gradients = gradients.averaged(over: processes)
      for (sum, value) in added { gradients.assign(value, to: sum) }
      added = []
      try super.update(along: consume gradients, evaluating: tensors)
    } else {
      try evaluate([gradients.loss] + tensors, assigning: added + gradients.assignments)
    }
    batches = batches.plus(1)
    if isLast { used = [] } else { used.formUnion(found) }
  }
}
