import Datasets
import NeuralNetworks
import Tensors

/// The examples of a step: what the network gets, and what it should give.
public struct LabeledBatch: Sendable {
  /// The network's input, [batch, …].
  public var inputs: Tensor
  /// The targets, [batch, …]: what the objective compares the outputs with.
  public var targets: Tensor

  /// A batch of these inputs and targets.
  public init(inputs: Tensor, targets: Tensor) {
    self.inputs = inputs
    self.targets = targets
  }
}

/// Training a network on anyone's data: examples of a ``Dataset``, made into batches in the background, and an
/// ``Objective``.
///
/// ```swift
/// let numbers = GeneratedDataset(count: 200) { index in Float(index) / 100 - 1 }
/// let task = try SupervisedTask(model, on: numbers, for: .regression, batchSize: 20) { x in
///   LabeledBatch(inputs: Tensor(x, shape: [x.count, 1]), targets: Tensor(x.map { $0 * $0 }, shape: [x.count, 1]))
/// }
/// let result = try Trainer(epochs: 50).train(task, with: Adam(for: model, learningRate: 0.01))
/// ```
public final class SupervisedTask: CompilableTask {
  public let model: any Layer
  public let processes: Distributed
  private let objective: Objective
  /// This process' part of each batch, where there are several.
  private let part: PartSampler?
  private let training: Loader<LabeledBatch>
  private let evaluation: Loader<LabeledBatch>?

  /// Trains on `data` in the order of `sampler`, by default another one each epoch, which `seed` determines; the last
  /// batch of an epoch may be smaller than `batchSize`. Of several `processes` each takes its part of each batch. `collate`
  /// makes a batch of examples; several threads call it.
  ///
  /// Throws a `DataError` where there are no examples, or the batch size is below 1 or not a multiple of the number of
  /// processes.
  public init<Data: Dataset>(
    _ model: any Layer, on data: Data, evaluatingOn validation: (any Dataset<Data.Example>)? = nil,
    for objective: Objective, batchSize: Int = 32, by sampler: (any Sampler)? = nil, seed: UInt64 = 0,
    over processes: Distributed = .one,
    collate: @escaping @Sendable (_ examples: [Data.Example]) throws -> LabeledBatch
  ) throws {
    self.model = model
    self.objective = objective
    self.processes = processes
    let sampler = sampler ?? ShuffledSampler(count: data.count, seed: seed)
    part = processes.size > 1 ? try PartSampler(sampler, batchSize: batchSize, over: processes) : nil
    training = try Loader(data, by: part ?? sampler, batchSize: part?.batchSize ?? batchSize) { examples, _ in
      try collate(examples)
    }
    func loader(_ data: some Dataset<Data.Example>) throws -> Loader<LabeledBatch> {
      try Loader(data, by: SequentialSampler(count: data.count), batchSize: batchSize) { examples, _ in
        try collate(examples)
      }
    }
    evaluation = try validation.flatMap { $0.count > 0 ? try loader($0) : nil }
  }

  public var stepsPerEpoch: Int { training.stepsPerEpoch }

  /// Throws what reading an example and `collate` throw.
  public func inputs(ofStep step: Int) throws -> StepInputs {
    let batch = try training.batch(ofStep: step)
    let (whole, own) = part?.examples(ofStep: step) ?? (batch.targets.shape.first ?? 0, nil)
    return StepInputs([batch.inputs, batch.targets], examples: whole, ownExamples: own)
  }

  /// Throws a `TrainingError` for other inputs than a batch and its targets.
  public func record(_ inputs: StepInputs) throws -> RecordedStep {
    guard inputs.tensors.count == 2 else {
      throw TrainingError("a step takes inputs and targets, not \(inputs.tensors.count) tensors")
    }
    return record(model, inputs.tensors[0], inputs.tensors[1], examples: inputs.examples)
  }

  private func record<Model: Layer>(
    _ model: Model, _ inputs: Tensor, _ targets: Tensor, examples: Int
  ) -> RecordedStep {
    var accuracy: Tensor?
    let type = model.parameterType
    let (_, gradients) = valueAndGradient(of: model) { model in
      let outputs = model(inputs.cast(toFloating: type))
      let targets = targets.cast(toFloating: type)
      accuracy = objective.accuracy.map { $0(outputs.stoppingGradient(), targets) }
      return objective.loss(outputs, targets)
    }
    return RecordedStep(gradients: gradients, accuracy: accuracy, examples: examples)
  }

  /// Evaluates on the validation set. Throws what the model throws where shapes do not fit.
  public func evaluate() throws -> Evaluation? {
    guard let evaluation else { return nil }
    return try evaluate(model, on: evaluation)
  }

  private func evaluate<Model: Layer>(_ model: Model, on loader: Loader<LabeledBatch>) throws -> Evaluation {
    var measurement = objective.makeMeasurement()
    var (lossSum, count) = (0.0, 0.0)
    let type = model.parameterType
    for step in 0..<loader.stepsPerEpoch {
      let batch = try loader.batch(ofStep: step)
      let targets = batch.targets.cast(toFloating: type)
      let (outputs, loss) = inference {
        let outputs = model(batch.inputs.cast(toFloating: type))
        return (outputs, objective.loss(outputs, targets))
      }
      try Tensors.evaluate([loss, outputs])
      let examples = Double(targets.shape.first ?? 0)
      lossSum += try loss.number() * examples
      count += examples
      try measurement.add(outputs, targets)
    }
    return .metrics(MetricsResult(loss: lossSum / max(count, 1), metrics: measurement.metrics))
  }
}

extension Tensor {
  /// The model's type for numbers; integers, such as labels and tokens, stay what they are.
  fileprivate func cast(toFloating type: DType) -> Tensor {
    [DType.float32, .float64, .bfloat16, .float16].contains(dtype) ? cast(to: type) : self
  }
}
