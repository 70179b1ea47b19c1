import Datasets
import Models
import NeuralNetworks
import Tensors

/// Predicting the next token of a text: cross-entropy at every position of the windows of a step.
///
/// Models that carry a state read the text in streams, and each window begins with the state that the one before left
/// (truncated back-propagation through time: Williams & Peng, "An Efficient Gradient-Based Algorithm for On-Line
/// Training of Recurrent Network Trajectories", 1990); others train on windows at random positions.
public final class TextTask: CompilableTask {
  public var model: any Layer { network }
  private let network: any LanguageModel
  private let training: TokenSequence
  private let evaluation: TokenSequence?
  private let context: Int
  private let batchSize: Int
  private let seed: UInt64
  public let stepsPerEpoch: Int
  public let processes: Distributed
  /// Of all streams; where there are several processes, each reads and writes the rows of its own.
  public let stateVariables: [(name: String, variable: Variable)]
  /// Along which axis each state has the streams.
  private let streamAxes: [Int]

  /// Trains on windows of `context` tokens, `batchSize` of them a step; `seed` determines their positions. Of several
  /// `processes` each takes its part of the windows.
  ///
  /// Throws a `DataError` where the text is too short for that, the batch size is not a multiple of the number of processes,
  /// or the validation text has fewer than two tokens, and a
  /// `TrainingError` where the text has tokens that the model does not know.
  public init(
    _ model: any LanguageModel, on training: TokenSequence, evaluatingOn evaluation: TokenSequence? = nil,
    context: Int, batchSize: Int, seed: UInt64 = 0, over processes: Distributed = .one
  ) throws {
    network = model
    self.processes = processes
    self.training = training
    self.evaluation = evaluation
    self.context = context
    self.batchSize = batchSize
    self.seed = seed
    for text in [training, evaluation].compactMap({ $0 }) { try checkVocabulary(of: model, text.vocabularySize) }
    stepsPerEpoch =
      model.carriesState
      ? try training.streamStepsPerEpoch(context: context, batchSize: batchSize)
      : try training.randomStepsPerEpoch(context: context, batchSize: batchSize)
    try processes.check(batchSize: batchSize)
    if let evaluation { _ = try evaluation.evaluationWindows(context: context, batchSize: 1) }
    let state = model.carriesState ? model.initialState(batch: batchSize, capacity: context) : []
    let larger = model.carriesState ? model.initialState(batch: batchSize.plus(1), capacity: context) : []
    streamAxes = zip(state, larger).map { a, b in a.shape.indices.first { a.shape[$0] != b.shape[$0] } ?? 0 }
    stateVariables = try state.enumerated().map { index, tensor in
      let name = "state.\(index)"
      if let failure = tensor.failure { throw failure }
      try Memory.check(
        2 * tensor.dtype.byteCount * tensor.shape.elementCount, for: "the state of a batch of \(batchSize)")
      return (name, try Variable(tensor, name: name))
    }
  }

  /// The variant distinguishes the beginning of a stream.
  public func inputs(ofStep step: Int) throws -> StepInputs {
    guard network.carriesState else {
      let batch = try training.randomWindows(
        context: context, batchSize: batchSize, seed: seed, step: step, over: processes)
      return StepInputs([batch.inputs, batch.targets], examples: batch.count * processes.size)
    }
    let (batch, startsAnew) = try training.streamWindows(
      context: context, batchSize: batchSize, step: step, over: processes)
    return StepInputs(
      [batch.inputs, batch.targets], variant: startsAnew ? 1 : 0, examples: batch.count * processes.size)
  }

  public func record(_ inputs: StepInputs) -> RecordedStep {
    let state = zip(stateVariables, streamAxes).map { state, axis in
      let whole = state.variable.tensor
      let own = processes.size == 1 ? whole : streams(of: whole, along: axis)[1]
      return inputs.variant == 1 ? Tensor.zeros(own.shape, dtype: own.dtype) : own
    }
    return record(network, inputs, state: network.carriesState ? state : nil)
  }

  private func record<Model: LanguageModel>(_ model: Model, _ inputs: StepInputs, state: [Tensor]?) -> RecordedStep {
    let (ids, targets) = (inputs.tensors[0], inputs.tensors[1])
    var after: [Tensor] = []
    let (_, gradients) = valueAndGradient(of: model) { model in
      guard let state else { return crossEntropy(of: model(ids), targets) }
      let (logits, next) = model(ids, state: state)
      after = next
      return crossEntropy(of: logits, targets)
    }
    return RecordedStep(
      gradients: gradients, examples: inputs.examples,
      assignments: zip(zip(stateVariables, streamAxes), after).map { state, next in
        (state.0.variable, processes.size == 1 ? next : replacing(state.0.variable.tensor, along: state.1, with: next))
      })
  }

  /// The state of all streams with `next` for those of this process.
  private func replacing(_ whole: Tensor, along axis: Int, with next: Tensor) -> Tensor {
    let parts = streams(of: whole, along: axis)
    return Tensor.concatenated([parts[0], next, parts[2]], axis: axis)
  }

  /// The state of the streams before those of this process, of these, and of those after them.
  private func streams(of whole: Tensor, along axis: Int) -> [Tensor] {
    let part = processes.part(of: batchSize)
    return whole.split(sizes: [part.lowerBound, part.count, batchSize - part.upperBound], axis: axis)
  }

  /// Adds up what each process has of its own streams.
  public func collectState() throws {
    guard processes.size > 1, !stateVariables.isEmpty else { return }
    let wholes = zip(stateVariables, streamAxes).map { state, axis in
      let whole = state.variable.tensor
      let own = streams(of: whole, along: axis)[1]
      return processes.sum(replacing(.zeros(whole.shape, dtype: whole.dtype), along: axis, with: own))
    }
    try Tensors.evaluate([], assigning: zip(stateVariables, wholes).map { ($0.variable, $1) })
  }

  /// The first window of the validation text, or of the training text where there is none.
  public func example() throws -> Tensor? {
    try (evaluation ?? training).evaluationWindows(context: context, batchSize: 1).first { _ in true }?.inputs
  }

  public func evaluate() throws -> Evaluation? {
    guard let evaluation else { return nil }
    return .language(try evaluateLanguageModel(network, on: evaluation, context: context))
  }
}

/// The mean cross-entropy of logits [batch, time, vocabulary] at these targets.
private func crossEntropy(of logits: Tensor, _ targets: Tensor) -> Tensor {
  let count = targets.shape.elementCount
  return NeuralNetworks.crossEntropy(
    logits: logits.reshaped(to: [count, -1]), labels: targets.reshaped(to: [count]))
}

/// Evaluates `model` on a text, in consecutive windows: each token but the first is predicted once, and the same text
/// always gives the same windows.
///
/// Windows have `context` tokens; where the model's context is unlimited, at least 512, as each begins with an empty
/// state. Throws a `DataError` for a text of fewer than two tokens, and a `TrainingError` for one with tokens that the
/// model does not know.
public func evaluateLanguageModel(
  _ model: any LanguageModel, on text: TokenSequence, context: Int
) throws -> LanguageResult {
  try checkVocabulary(of: model, text.vocabularySize)
  let clock = ContinuousClock()
  let start = clock.now
  let length = model.context == nil ? max(context, 512) : context
  // As many windows at once as limit the logits to some 64 MB.
  let batchSize = min(max((1 << 24) / max(length.times(max(model.vocabulary, 1)), 1), 1), 64)
  var sum = 0.0
  var tokens = 0
  for batch in try text.evaluationWindows(context: length, batchSize: batchSize) {
    let loss = inference { crossEntropy(of: model(batch.inputs), batch.targets) }
    sum += try loss.number() * Double(batch.count)
    tokens += batch.count
  }
  return LanguageResult(
    loss: sum / Double(max(tokens, 1)), tokens: tokens, characters: text.characterCount,
    seconds: start.duration(to: clock.now).seconds)
}

/// Throws where a tokenizer has tokens that the model does not know.
func checkVocabulary(of model: any LanguageModel, _ tokens: Int) throws(TrainingError) {
  guard tokens <= model.vocabulary else {
    throw TrainingError(
      "the tokenizer has \(tokens) tokens, but the model only \(model.vocabulary); use the tokenizer that the model was "
        + "trained with, or a model with as many")
  }
}
