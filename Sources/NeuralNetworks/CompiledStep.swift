import Tensors

/// A compiled training step: recorded once and then run on other inputs. The graph is not recorded, hashed and
/// discarded in each step, which is most of the time of a small network's step.
///
/// ```swift
/// let step = CompiledStep(with: optimizer) { inputs in
///   valueAndGradient(of: model) { crossEntropy(logits: $0(inputs[0]), labels: inputs[1]) }.gradients
/// }
/// for batch in batches { loss = try step([batch.images, batch.labels])[0].scalar() }
/// ```
///
/// `record` must do the same whatever the inputs' values; what it depends on besides their shapes and types is
/// distinguished by `variant`. Learning rate, step count, the norm to clip at and random numbers are updated in each
/// step. A `Float` that `record` combines with a tensor would be fixed, which is an error: it is an input, or a
/// `Tensor.constant`. Asking for the value of an input, or of what depends on one, is an error, too. The step is recorded again for inputs of new shapes (the 64 used last are kept), when parameters are
/// frozen, and each time with an optimizer that is not a `RuleOptimizer`.
public final class CompiledStep {
  /// The result of recording: gradients to step along, and other tensors to compute.
  public typealias Recording = (gradients: Gradients, others: [Tensor])

  /// A recording and its key.
  private struct Recorded {
    let variant: Int
    let shapes: [Shape]
    let types: [DType]
    let trainable: [Bool]
    let clips: Bool
    let mode: Bool?
    let shards: Distributed
    let compiled: CompiledGraph

    func fits(_ inputs: [Tensor], _ rule: RuleOptimizer, _ variant: Int) -> Bool {
      variant == self.variant && inputs.count == types.count
        && zip(inputs, types).allSatisfy { $0.dtype == $1 } && zip(inputs, shapes).allSatisfy { $0.shape == $1 }
        && trainable.elementsEqual(rule.trainable) && clips == (rule.clipNorm != nil) && mode == Mode.stated
        && shards == rule.shards
    }
  }

  private let optimizer: any Optimizer
  private let record: ([Tensor], _ variant: Int) throws -> Recording
  /// For which variants the changes of the parameters are computed, too.
  private let measuresChanges: (_ variant: Int) -> Bool
  /// How many recordings are kept: those used last.
  private static let capacity = 64
  /// Few, so searched linearly: a dictionary key would be allocated in each step. The one used last is the last.
  private var recordings: [Recorded] = []
  /// The optimizer's step scalars.
  private var numbers: [Double] = []

  /// A step of `optimizer` along the gradients that `record` gives for inputs, computing other tensors with it.
  public convenience init(
    with optimizer: any Optimizer, recording record: @escaping (_ inputs: [Tensor], _ variant: Int) throws -> Recording
  ) {
    self.init(with: optimizer, measuringChanges: { _ in false }, recording: record)
  }

  /// A step that has `RuleOptimizer.changes(by:)` as its last result for the variants where `measuringChanges` says so,
  /// unless its optimizer is not a `RuleOptimizer`.
  package init(
    with optimizer: any Optimizer, measuringChanges: @escaping (_ variant: Int) -> Bool,
    recording record: @escaping (_ inputs: [Tensor], _ variant: Int) throws -> Recording
  ) {
    self.optimizer = optimizer
    measuresChanges = measuringChanges
    self.record = record
  }

  /// A step of `optimizer` along the gradients that `record` gives for inputs.
  public convenience init(with optimizer: any Optimizer, _ record: @escaping (_ inputs: [Tensor]) throws -> Gradients) {
    self.init(with: optimizer) { inputs, _ in (try record(inputs), []) }
  }

  /// A step of `optimizer` along the gradients of a loss of `model`, which is all that most steps are.
  ///
  /// ```swift
  /// let shorter = CompiledStep(with: optimizer, for: model) { model, inputs in
  ///   crossEntropy(logits: model(inputs[0]), labels: inputs[1])
  /// }
  /// ```
  public convenience init<Model: Layer>(
    with optimizer: any Optimizer, for model: Model,
    loss: @escaping (_ model: Model, _ inputs: [Tensor]) throws -> Tensor
  ) {
    self.init(with: optimizer) { inputs in try valueAndGradient(of: model) { try loss($0, inputs) }.gradients }
  }

  /// Takes a step. Returns the loss and the other tensors, computed. Throws what `record` throws and the graph's error;
  /// then nothing has changed.
  @discardableResult public func callAsFunction(_ inputs: [Tensor], variant: Int = 0) throws -> [Tensor] {
    guard let rule = optimizer as? RuleOptimizer else {
      let (gradients, others) = try record(inputs, variant)
      try optimizer.update(along: gradients, evaluating: others)
      return [gradients.loss] + others
    }
    numbers.removeAll(keepingCapacity: true)
    try rule.appendInputs(to: &numbers)
    let compiled: CompiledGraph
    if let found = recordings.lastIndex(where: { $0.fits(inputs, rule, variant) }) {
      compiled = recordings[found].compiled
      if found != recordings.count - 1 { recordings.append(recordings.remove(at: found)) }
    } else {
      compiled = try compile(inputs, rule, variant)
      if recordings.count == Self.capacity { recordings.removeFirst() }
      recordings.append(
        Recorded(
          variant: variant, shapes: inputs.map(\.shape), types: inputs.map(\.dtype), trainable: Array(rule.trainable),
          clips: rule.clipNorm != nil, mode: Mode.stated, shards: rule.shards, compiled: compiled))
    }
    let results = try compiled.run(inputs, numbers: numbers)
    try rule.finishStep()
    return results
  }

  /// Records with placeholders. Recording may draw random numbers; the first run then draws the same ones.
  private func compile(_ inputs: [Tensor], _ rule: RuleOptimizer, _ variant: Int) throws -> CompiledGraph {
    for input in inputs { if let failure = input.failure { throw failure } }
    let standIns = inputs.map { Tensor.standIn(like: $0) }
    let shared = rule.scalarTensors(numbers)
    let random = Random.current
    let firstDraw = random.counter
    let (gradients, others) = try record(standIns, variant)
    let assignments = try rule.assignments(along: gradients, shared)
    let changes = measuresChanges(variant) ? [rule.changes(by: assignments)] : []
    let draws = random.counter &- firstDraw
    random.counter = firstDraw
    return try CompiledGraph(
      computing: [gradients.loss] + others + changes, assigning: assignments, inputs: standIns, numbers: shared,
      firstDraw: firstDraw, draws: draws, freezesNumbers: false)
  }
}
