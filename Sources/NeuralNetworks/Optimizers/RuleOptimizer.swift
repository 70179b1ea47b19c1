import Tensors

/// What all optimizers share: the walk over the parameters, their state, groups, clipping and the one evaluation.
///
/// A subclass defines its rule, `step`, also outside of this package. It then has all that the built-in optimizers have:
/// the rule becomes part of the step's plan, `CompiledStep` replays it, and checkpoints contain its state.
///
/// ```swift
/// /// Chen et al., "Symbolic Discovery of Optimization Algorithms", 2023.
/// final class Lion: RuleOptimizer {
///   init(for model: any Layer, learningRate: Float = 1e-4) {
///     super.init(for: model, learningRate: learningRate, state: ["mean"])
///   }
///   override func step(_ update: ParameterUpdate) -> (parameter: Tensor, state: [Tensor]) {
///     let (mean, gradient) = (update.state[0], update.gradient)
///     let direction = (mean * 0.9 + gradient * 0.1).sign()
///     return (update.parameter - update.learningRate * direction, [mean * 0.99 + gradient * 0.01])
///   }
/// }
/// ```
open class RuleOptimizer: Optimizer {
  public var learningRate: Float
  public var stepCount = 0
  public var clipNorm: Float?
  /// What to do with a parameter that the loss does not depend on, such as those of a part that a step does not use:
  /// an error that names it (the default), or nothing, so that it and its state stay as they are.
  public var skipsUnusedParameters = false
  /// λ of the penalty λ/2 · ‖θ‖², whose gradient λθ is added to the loss's; where it is decoupled, the rule's.
  public let weightDecay: Float

  private struct Slot {
    let parameter: Parameter
    let variable: Variable
    /// Of the type of the parameter.
    let state: [Variable]
    /// Which state is an average or a sum of squares.
    let squares: Int?
    let weightDecay: Float
    /// The group's learning rate, as a multiple of the optimizer's.
    var rateFactor: Float
  }

  private var slots: [Slot] = []
  private let decouplesWeightDecay: Bool
  private let state: [OptimizerState]
  /// What was wrong with a parameter; the first update throws it.
  private var failure: TensorError?

  /// - Parameters:
  ///   - state: what is stored for each parameter, such as `["mean", "squares"]`; see `state(of:)`.
  ///   - decouplesWeightDecay: whether the rule applies the weight decay itself (`ParameterUpdate.weightDecay`), instead
  ///     of the penalty's gradient in the gradient.
  ///   - groups: settings for some of the parameters; the first group that has a parameter counts.
  public init(
    for model: any Layer, learningRate: Float, weightDecay: Float = 0, clipNorm: Float? = nil, state: [OptimizerState],
    decouplesWeightDecay: Bool = false, groups: [ParameterGroup] = []
  ) {
    self.learningRate = learningRate
    self.weightDecay = weightDecay
    self.clipNorm = clipNorm
    self.decouplesWeightDecay = decouplesWeightDecay
    self.state = state
    for decay in [weightDecay] + groups.compactMap(\.weightDecay) {
      require(
        decay >= 0 && decay.isFinite, "the weight decay must be a finite number of at least 0, not \(decay)")
    }
    for rate in groups.compactMap(\.learningRate) {
      require(
        rate >= 0 && rate.isFinite && learningRate > 0,
        "a group's learning rate must be a finite number of at least 0, and the optimizer's above 0, not \(rate) and "
          + "\(learningRate)")
    }
    do throws(TensorError) {
      for (name, parameter) in model.parameters {
        let group = groups.first { $0.contains(parameter) }
        let variable = try parameter.variable()
        let kinds = self.state(of: parameter)
        let state = try kinds.map { kind throws(TensorError) in
          let shape = kind.shape ?? parameter.shape
          try Memory.check(variable.dtype.byteCount * shape.elementCount, for: "the \(kind.name) of \(name)")
          return try Variable(repeating: kind.start, shape: shape, like: variable, name: "\(name).\(kind.name)")
        }
        slots.append(
          Slot(
            parameter: parameter, variable: variable, state: state,
            squares: kinds.firstIndex { $0.name == "squares" },
            weightDecay: group?.weightDecay ?? weightDecay,
            rateFactor: group?.learningRate.map { $0 / learningRate } ?? 1))
      }
    } catch {
      failure = error
    }
  }

  /// What is stored for a parameter: by default what the optimizer was made with. Called while it is made, so an override
  /// reads properties that are set before `super.init`.
  open func state(of parameter: Parameter) -> [OptimizerState] { state }

  /// Records an invalid setting, where the condition does not hold; the first update throws it.
  public func require(_ holds: Bool, _ message: @autoclosure () -> String) {
    if !holds, failure == nil { failure = TensorError("\(type(of: self)): \(message())") }
  }

  func require(epsilon: Double) {
    require(epsilon >= 0 && epsilon.isFinite, "epsilon must be a finite number of at least 0, not \(epsilon)")
  }

  /// Multiplies the learning rates of the parameters with these names by a factor each.
  package final func multiplyLearningRates(by factors: [String: Float]) {
    for index in slots.indices { slots[index].rateFactor *= factors[slots[index].parameter.name] ?? 1 }
  }

  public var stateVariables: [Variable] { slots.flatMap(\.state) }

  /// Appends the step scalars, which all parameters share: the learning rate, then those of the rule, which change from
  /// step to step without changing the graph. `t` counts from 1.
  open func appendScalars(ofStep t: Int, to scalars: inout [Double]) { scalars.append(Double(learningRate)) }

  /// The rule: the new values of the parameter and its state. By default nothing changes. A `Float` in it is a
  /// constant; what changes from step to step is a step scalar.
  open func step(_ update: ParameterUpdate) -> (parameter: Tensor, state: [Tensor]) { (update.parameter, update.state) }

  public func update(along gradients: Gradients, evaluating tensors: [Tensor]) throws(TensorError) {
    var inputs: [Double] = []
    try appendInputs(to: &inputs)
    // Handed over, so that no graph holds the state's old values while it is written.
    let assignments = try assignments(along: gradients, scalarTensors(inputs))
    // One plan: forward, backward and the rule, whose last kernel writes into the variables' own memory
    // (`Lowering.writesInPlace`).
    try evaluate([gradients.loss] + tensors, assigning: consume assignments)
    try finishStep()
  }

  /// Counts the step, and checks that the squares are finite: every 64 steps and where the count is a power of two, as
  /// reading them all costs an eighth of an update. With infinite squares a parameter would silently never change
  /// again.
  func finishStep() throws(TensorError) {
    stepCount = stepCount.plus(1)
    guard stepCount % 64 == 0 || stepCount & (stepCount - 1) == 0 else { return }
    // A parameter that is not finite either shows in the loss, whose cause the trainer finds.
    for slot in slots where slot.parameter.isTrainable {
      guard let squares = slot.squares, slot.state[squares].holdsInfinity, slot.variable.isFinite else { continue }
      throw TensorError(
        "the squares of the gradients of \(slot.variable.name) are infinite: a gradient beyond 1e19 took them out of the "
          + "range of \(slot.variable.dtype), and the parameter would never move again; set clipNorm or lower the learning rate"
      )
    }
  }

  /// The step scalars, which change without changing the graph: the rule's, and the norm to clip at.
  ///
  /// Throws where one of them was set to an invalid value.
  func appendInputs(to inputs: inout [Double]) throws(TensorError) {
    guard learningRate >= 0, learningRate.isFinite else {
      throw TensorError(
        "\(type(of: self)): the learning rate must be a finite number of at least 0, not \(learningRate)")
    }
    guard clipNorm.map({ $0 > 0 }) ?? true, stepCount >= 0 else {
      throw TensorError(
        "\(type(of: self)): the norm to clip at must be above 0 and the step count at least 0, not "
          + "\(clipNorm.map { "\($0)" } ?? "none") and \(stepCount)")
    }
    appendScalars(ofStep: stepCount.plus(1), to: &inputs)
    if let clipNorm { inputs.append(Double(clipNorm)) }
  }

  /// The step scalars as data: float64 where some parameter is, float32 otherwise.
  func scalarTensors(_ scalars: [Double]) -> [Tensor] {
    let isPrecise = slots.contains { $0.variable.dtype == .float64 }
    return scalars.map { isPrecise ? Tensor($0) : Tensor(Float($0)) }
  }

  /// All parameters, in the model's order.
  var parameters: some Sequence<Parameter> { slots.lazy.map(\.parameter) }

  /// Which parameters are updated.
  var trainable: some Sequence<Bool> { slots.lazy.map(\.parameter.isTrainable) }

  /// Records the new values of everything; `inputs` are the step scalars as tensors.
  func assignments(along gradients: Gradients, _ inputs: [Tensor]) throws(TensorError) -> [(Variable, Tensor)] {
    if let failure = gradients.loss.failure ?? failure { throw failure }
    let active = slots.filter {
      $0.parameter.isTrainable && (gradients[$0.parameter] != nil || !skipsUnusedParameters)
    }
    if let unused = active.first(where: { gradients[$0.parameter] == nil }) {
      throw TensorError(
        "the loss does not depend on \(unused.parameter.name), so it has no gradient; use it in the model, set isTrainable "
          + "to false or the optimizer's skipsUnusedParameters to true")
    }
    let clipped = try clipped(active, gradients, at: clipNorm == nil ? nil : inputs.last)
    var assignments = gradients.assignments
    for (slot, gradient) in zip(active, clipped) {
      // Numbers of a rule that change are its scalars.
      let (moved, state) = Tensor.$areNumbersConstant.withValue(true) { update(slot, along: gradient, inputs) }
      assignments.append((slot.variable, moved))
      assignments.append(contentsOf: zip(slot.state, state))
    }
    for (_, value) in assignments { if let failure = value.failure { throw failure } }
    return assignments
  }

  private func update(
    _ slot: Slot, along gradient: SlotGradient, _ inputs: [Tensor]
  ) -> (parameter: Tensor, state: [Tensor]) {
    let (parameter, state) = (slot.parameter.tensor, slot.state.map(\.tensor))
    guard let numbers = gradient.rows else { return step(slot, parameter, gradient.values, state, inputs) }
    // Of a table the rule sees the used rows alone; where a row is none, what it gives is not written anywhere.
    let places = maximum(numbers, .zeros([], dtype: .int32))
    let (moved, changed) = step(slot, parameter.rows(places), gradient.values, state.map { $0.rows(places) }, inputs)
    return (
      parameter.replacingRows(numbers, with: moved), zip(state, changed).map { $0.replacingRows(numbers, with: $1) }
    )
  }

  private func step(
    _ slot: Slot, _ parameter: Tensor, _ gradient: Tensor, _ state: [Tensor], _ inputs: [Tensor]
  ) -> (parameter: Tensor, state: [Tensor]) {
    let inputs = inputs.map { $0.cast(to: slot.variable.dtype) }
    let penalty = decouplesWeightDecay ? 0 : slot.weightDecay
    return step(
      ParameterUpdate(
        parameter: parameter, gradient: penalty == 0 ? gradient : gradient + parameter * penalty, state: state,
        learningRate: slot.rateFactor == 1 ? inputs[0] : inputs[0] * slot.rateFactor, scalars: inputs,
        weightDecay: decouplesWeightDecay ? slot.weightDecay : 0))
  }

  /// A parameter's gradient, or of its used rows.
  private struct SlotGradient {
    /// The rows' numbers, each once, with −1 for no row; `nil` for the whole gradient.
    var rows: Tensor?
    var values: Tensor
  }

  /// The gradient of each parameter, all scaled alike where their common norm exceeds `limit`.
  private func clipped(
    _ slots: [Slot], _ gradients: Gradients, at limit: Tensor?
  ) throws(TensorError) -> [SlotGradient] {
    var found: [SlotGradient] = []
    for slot in slots {
      guard let gradient = gradients[slot.parameter] else { continue }
      if let failure = gradient.failure { throw failure }
      let isOfRows = slot.state.allSatisfy { $0.shape == slot.variable.shape }
      if isOfRows, let rows = gradients.usedRows(of: slot.parameter) {
        found.append(SlotGradient(rows: rows.numbers, values: rows.values))
      } else {
        found.append(SlotGradient(rows: nil, values: gradient))
      }
    }
    guard let limit, !found.isEmpty else { return found }
    let factor = clippingFactor(of: gradients.norm(over: slots.map(\.parameter)), at: limit)
    return found.map { SlotGradient(rows: $0.rows, values: $0.values * factor.cast(to: $0.values.dtype)) }
  }
}
