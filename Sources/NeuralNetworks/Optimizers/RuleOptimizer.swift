import Tensors

/// What all optimizers share: the walk over the parameters, their state, clipping and the one evaluation. A subclass
/// defines its rule, `step`.
public class RuleOptimizer: Optimizer {
  public var learningRate: Float
  public var stepCount = 0
  public var clipNorm: Float?
  /// λ of the penalty λ/2 · ‖θ‖², whose gradient λθ is added to the loss's.
  public let weightDecay: Float

  private struct Slot {
    let parameter: Parameter
    let variable: Variable
    let state: [Variable]
  }
  private var slots: [Slot] = []
  /// Which state is an average or a sum of squares.
  private let squares: Int?
  /// What was wrong with a parameter; the first update throws it.
  private var failure: TensorError?

  init(
    _ model: any Layer, learningRate: Float, weightDecay: Float, clipNorm: Float?, state names: [String],
    startingAt start: Float = 0
  ) {
    self.learningRate = learningRate
    self.weightDecay = weightDecay
    self.clipNorm = clipNorm
    squares = names.firstIndex(of: "squares")
    require(
      weightDecay >= 0 && weightDecay.isFinite,
      "the weight decay must be a finite number of at least 0, not \(weightDecay)")
    do throws(TensorError) {
      for (name, parameter) in model.parameters {
        var state: [Variable] = []
        for kind in names {
          try Memory.check(4 * parameter.count, for: "the \(kind) of \(name)")
          state.append(
            try Variable(
              Array(repeating: start, count: parameter.count), shape: parameter.shape, name: "\(name).\(kind)"))
        }
        slots.append(Slot(parameter: parameter, variable: try parameter.variable(), state: state))
      }
    } catch {
      failure = error
    }
  }

  /// Records an invalid setting; the first update throws it.
  func require(_ holds: Bool, _ message: @autoclosure () -> String) {
    if !holds, failure == nil { failure = TensorError("\(type(of: self)): \(message())") }
  }

  func require(epsilon: Float) {
    require(epsilon >= 0 && epsilon.isFinite, "epsilon must be a finite number of at least 0, not \(epsilon)")
  }

  public var stateVariables: [Variable] { slots.flatMap(\.state) }

  /// Appends the step scalars, which all parameters share; `t` counts from 1.
  func append(numbersOfStep t: Int, to numbers: inout [Float]) { numbers.append(learningRate) }

  /// The rule: the new values of the parameter and its state, given its gradient and the step scalars `numbers`.
  func step(_ parameter: Tensor, _ gradient: Tensor, _ state: [Tensor], _ numbers: [Tensor]) -> (Tensor, [Tensor]) {
    (parameter, state)
  }

  public func update(along gradients: Gradients, evaluating tensors: [Tensor]) throws(TensorError) {
    var inputs: [Float] = []
    try appendInputs(to: &inputs)
    let assignments = try assignments(along: gradients, inputs.map { Tensor($0) })
    try evaluate([gradients.loss] + tensors, assigning: assignments)
    try finishStep()
  }

  /// Counts the step, and checks that the squares are finite: every 64 steps and where the count is a power of two, as
  /// reading them all costs an eighth of an update. With infinite squares a parameter would silently never change
  /// again.
  func finishStep() throws(TensorError) {
    stepCount = stepCount.plus(1)
    guard let squares, stepCount % 64 == 0 || stepCount & (stepCount - 1) == 0 else { return }
    // A parameter that is not finite either shows in the loss, whose cause the trainer finds.
    for slot in slots where slot.parameter.isTrainable && slot.state[squares].holdsInfinity && slot.variable.isFinite {
      throw TensorError(
        "the squares of the gradients of \(slot.variable.name) are infinite: a gradient beyond 1e19 took them out of the "
          + "range of float32, and the parameter would never move again; set clipNorm or lower the learning rate")
    }
  }

  /// The step scalars, which change without changing the graph: the rule's, and the norm to clip at.
  ///
  /// Throws where one of them was set to an invalid value.
  func appendInputs(to inputs: inout [Float]) throws(TensorError) {
    guard learningRate >= 0, learningRate.isFinite else {
      throw TensorError(
        "\(type(of: self)): the learning rate must be a finite number of at least 0, not \(learningRate)")
    }
    guard clipNorm.map({ $0 > 0 }) ?? true, stepCount >= 0 else {
      throw TensorError(
        "\(type(of: self)): the norm to clip at must be above 0 and the step count at least 0, not "
          + "\(clipNorm.map { "\($0)" } ?? "none") and \(stepCount)")
    }
    append(numbersOfStep: stepCount.plus(1), to: &inputs)
    if let clipNorm { inputs.append(clipNorm) }
  }

  /// Which parameters are updated.
  var trainable: some Sequence<Bool> { slots.lazy.map(\.parameter.isTrainable) }

  /// Records the new values of everything; `inputs` are the step scalars as tensors.
  func assignments(along gradients: Gradients, _ inputs: [Tensor]) throws(TensorError) -> [(Variable, Tensor)] {
    if let failure = gradients.loss.failure ?? failure { throw failure }
    let active = slots.filter(\.parameter.isTrainable)
    let clippedGradients = try clipped(active.map(\.parameter), gradients, at: clipNorm == nil ? nil : inputs.last)
    var assignments = gradients.assignments
    for (slot, clippedGradient) in zip(active, clippedGradients) {
      let parameter = slot.parameter.tensor
      let gradient = weightDecay == 0 ? clippedGradient : clippedGradient + parameter * weightDecay
      let (moved, state) = step(parameter, gradient, slot.state.map(\.tensor), inputs)
      assignments.append((slot.variable, moved))
      assignments.append(contentsOf: zip(slot.state, state))
    }
    for (_, value) in assignments { if let failure = value.failure { throw failure } }
    return assignments
  }

  /// The gradient of each parameter, all scaled alike where their common norm exceeds `limit`.
  private func clipped(
    _ parameters: [Parameter], _ gradients: Gradients, at limit: Tensor?
  ) throws(TensorError) -> [Tensor] {
    var found: [Tensor] = []
    for parameter in parameters {
      guard let gradient = gradients[parameter] else {
        throw TensorError(
          "the loss does not depend on \(parameter.name), so it has no gradient; use it in the model or set isTrainable to "
            + "false")
      }
      if let failure = gradient.failure { throw failure }
      found.append(gradient)
    }
    guard let limit, !found.isEmpty else { return found }
    let norm = gradients.norm(over: parameters)
    // Scaling by an infinite norm would silently set all gradients to zero.
    let isKnown = norm.less(than: .full([], .infinity))
    let factor = select(isKnown, minimum(Tensor.ones([]), limit / (norm + 1e-6)), .full([], .nan))
    return found.map { $0 * factor }
  }
}
