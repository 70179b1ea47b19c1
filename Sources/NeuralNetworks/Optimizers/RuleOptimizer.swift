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
  /// The learning rate. May be changed between steps; that of groups changes in proportion.
  public var learningRate: Float {
    didSet { for group in groups { group.setLearningRate(inProportionTo: learningRate) } }
  }
  public var stepCount = 0 { didSet { for group in groups { group.optimizer.stepCount = stepCount } } }
  public var clipNorm: Float?
  /// What to do with a parameter that the loss does not depend on, such as those of a part that a step does not use:
  /// an error that names it (the default), or nothing, so that it and its state stay as they are.
  public var skipsUnusedParameters = false {
    didSet { for group in groups { group.optimizer.skipsUnusedParameters = skipsUnusedParameters } }
  }
  /// λ of the penalty λ/2 · ‖θ‖², whose gradient λθ is added to the loss's; where it is decoupled, the rule's.
  public let weightDecay: Float

  struct Slot {
    let name: String
    let parameter: Parameter
    let variable: Variable
    /// What is stored, and its values, of the type of the parameter; none before they are needed.
    let kinds: [OptimizerState]
    var state: [Variable] = []
    let weightDecay: Float
    /// The group's learning rate, as a multiple of the optimizer's.
    var rateFactor: Float
    /// The process that stores the state and updates the parameter, where the optimizer is sharded.
    var owner = 0

    /// Which state is an average or a sum of squares.
    var squares: Int? { kinds.firstIndex { $0.name == "squares" } }

    /// The first values of the state.
    func newState() throws(TensorError) -> [Variable] {
      try kinds.map { kind throws(TensorError) in
        let shape = kind.shape ?? parameter.shape
        try Memory.check(variable.dtype.byteCount * shape.elementCount, for: "the \(kind.name) of \(name)")
        return try Variable(repeating: kind.start, shape: shape, like: variable, name: "\(name).\(kind.name)")
      }
    }
  }

  /// Those of the parameters that no group's optimizer has.
  var slots: [Slot] = []
  /// The optimizers of groups.
  private(set) var groups: [GroupOptimizer] = []
  /// The processes that the state is sharded over; one, where it is not.
  var shards = Distributed.one
  private var hasState = false
  /// All parameters, those of groups too, in the model's order.
  private(set) var parameters: [Parameter] = []
  private let decouplesWeightDecay: Bool
  private let state: [OptimizerState]
  /// Which of a step's scalars are those of this rule.
  private var scalars = 0..<0
  /// What was wrong with a parameter; the first update throws it.
  private(set) var failure: TensorError?

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
      let found = model.parameters
      parameters = found.map(\.parameter)
      var members: [[(name: String, parameter: Parameter)]] = groups.map { _ in [] }
      for (name, parameter) in found {
        let index = groups.firstIndex { $0.contains(parameter) }
        let group = index.map { groups[$0] }
        if let index, groups[index].optimizer != nil {
          members[index].append((name, parameter))
          continue
        }
        slots.append(
          Slot(
            name: name, parameter: parameter, variable: try parameter.variable(), kinds: self.state(of: parameter),
            weightDecay: group?.weightDecay ?? weightDecay,
            rateFactor: group?.learningRate.map { $0 / learningRate } ?? 1))
      }
      for (group, members) in zip(groups, members) where !members.isEmpty {
        if let optimizer = group.optimizer?(PartOfModel(members: members)) { add(optimizer, of: members) }
      }
    } catch {
      failure = error
    }
  }

  /// Adds the optimizer of a group, which is of these parameters. One of others would change parameters twice, or some not
  /// at all.
  private func add(_ optimizer: RuleOptimizer, of members: [(name: String, parameter: Parameter)]) {
    failure = failure ?? optimizer.failure
    let areMembers =
      optimizer.parameters.count == members.count
      && zip(optimizer.parameters, members).allSatisfy { $0 === $1.parameter && $0.name == $1.name }
    require(
      areMembers,
      "the optimizer of the group with \(members[0].name), \(type(of: optimizer)), must be of the group's parameters: make it "
        + "for the layer that the closure is given")
    require(
      learningRate > 0,
      "the learning rate must be above 0, so that those of groups change in proportion, not \(learningRate)")
    optimizer.stepCount = stepCount
    groups.append(
      GroupOptimizer(optimizer: optimizer, rateFactor: Double(optimizer.learningRate) / Double(learningRate)))
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
    for group in groups { group.optimizer.multiplyLearningRates(by: factors) }
  }

  /// The state of the optimizer's own parameters, then that of groups with an optimizer; where it is sharded, what this
  /// process has of it.
  public var stateVariables: [Variable] {
    makeState()
    return slots.flatMap(\.state) + groups.flatMap(\.optimizer.stateVariables)
  }

  /// Makes the state where there is none yet, of the parameters that this process updates. Not before it is needed: an
  /// optimizer that is sharded at once never has all of it.
  func makeState() {
    guard !hasState else { return }
    hasState = true
    do throws(TensorError) {
      for index in slots.indices where isOwn(slots[index]) { slots[index].state = try slots[index].newState() }
    } catch {
      failure = failure ?? error
    }
  }

  /// The optimizers of groups, and those of their groups.
  package final var groupOptimizers: [RuleOptimizer] {
    groups.flatMap { [$0.optimizer] + $0.optimizer.groupOptimizers }
  }

  /// The parameters that no group's optimizer has, each with its state.
  final var ownState: [(parameter: Parameter, state: [Variable])] {
    makeState()
    return slots.map { ($0.parameter, $0.state) }
  }

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
    try exchangeParameters()
    guard stepCount % 64 == 0 || stepCount & (stepCount - 1) == 0 else { return }
    try checkSquares()
  }

  private func checkSquares() throws(TensorError) {
    // A parameter that is not finite either shows in the loss, whose cause the trainer finds.
    for slot in slots where slot.parameter.isTrainable && isOwn(slot) {
      guard let squares = slot.squares, slot.state[squares].holdsInfinity, slot.variable.isFinite else { continue }
      throw TensorError(
        "the squares of the gradients of \(slot.variable.name) are infinite: a gradient beyond 1e19 took them out of the "
          + "range of \(slot.variable.dtype), and the parameter would never move again; set clipNorm or lower the learning rate"
      )
    }
    for group in groups { try group.optimizer.checkSquares() }
  }

  /// The step scalars, which change without changing the graph: the rule's, those of groups, and the norm to clip at.
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
    if let own = self as? any MomentumOptimizer { try require(momentum: own.momentum) }
    let first = inputs.count
    appendScalars(ofStep: stepCount.plus(1), to: &inputs)
    scalars = first..<inputs.count
    for group in groups {
      guard group.optimizer.clipNorm == nil else {
        throw TensorError(
          "\(type(of: self)): a group's optimizer, \(type(of: group.optimizer)), has a clipNorm of its own; set that of the "
            + "\(type(of: self)), which limits the norm of all gradients together")
      }
      try group.optimizer.appendInputs(to: &inputs)
    }
    if let clipNorm { inputs.append(Double(clipNorm)) }
  }

  /// The step scalars as data: float64 where some parameter is, float32 otherwise.
  func scalarTensors(_ scalars: [Double]) -> [Tensor] {
    let isPrecise = parameters.contains { (try? $0.variable())?.dtype == .float64 }
    return scalars.map { isPrecise ? Tensor($0) : Tensor(Float($0)) }
  }

  /// Which parameters are updated.
  var trainable: some Sequence<Bool> { parameters.lazy.map(\.isTrainable) }

  /// Records the new values of everything; `inputs` are the step scalars that `appendInputs` gave, as tensors.
  func assignments(along gradients: Gradients, _ inputs: [Tensor]) throws(TensorError) -> [(Variable, Tensor)] {
    if let failure = gradients.loss.failure ?? failure { throw failure }
    var factor: Tensor?
    if clipNorm != nil, let limit = inputs.last {
      factor = clippingFactor(of: gradients.norm(over: trainableParameters), at: limit)
    }
    var assignments = gradients.assignments
    try appendUpdates(to: &assignments, along: gradients, scaledBy: factor, inputs)
    for (_, value) in assignments { if let failure = value.failure { throw failure } }
    return assignments
  }

  /// Records the new values of parameters and state, those of groups too.
  private func appendUpdates(
    to assignments: inout [(Variable, Tensor)], along gradients: Gradients, scaledBy factor: Tensor?, _ inputs: [Tensor]
  ) throws(TensorError) {
    makeState()
    if let failure { throw failure }
    let active = slots.filter {
      $0.parameter.isTrainable && (gradients[$0.parameter] != nil || !skipsUnusedParameters)
    }
    if let unused = active.first(where: { gradients[$0.parameter] == nil }) {
      throw TensorError(
        "the loss does not depend on \(unused.parameter.name), so it has no gradient; use it in the model, set isTrainable "
          + "to false or the optimizer's skipsUnusedParameters to true")
    }
    let own = active.filter(isOwn)
    let scaled = try scaled(own, gradients, by: factor)
    let numbers = Array(inputs[scalars])
    for (slot, gradient) in zip(own, scaled) {
      // Numbers of a rule that change are its scalars.
      let (moved, state) = Tensor.$areNumbersConstant.withValue(true) { update(slot, along: gradient, numbers) }
      assignments.append((slot.variable, moved))
      assignments.append(contentsOf: zip(slot.state, state))
    }
    for group in groups {
      try group.optimizer.appendUpdates(to: &assignments, along: gradients, scaledBy: factor, inputs)
    }
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

  /// The gradient of each parameter, times `factor` where there is one.
  private func scaled(
    _ slots: [Slot], _ gradients: Gradients, by factor: Tensor?
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
    guard let factor else { return found }
    return found.map { SlotGradient(rows: $0.rows, values: $0.values * factor.cast(to: $0.values.dtype)) }
  }
}
