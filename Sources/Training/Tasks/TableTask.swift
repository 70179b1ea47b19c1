import Datasets
import NeuralNetworks
import Tensors

/// Predicting a column of a table from the others: the mean squared error of standardized numbers, or the cross-entropy
/// of classes, on batches of rows in another order each epoch.
public final class TableTask: CompilableTask {
  public let model: any Layer
  private let training: TableExamples
  private let evaluation: TableExamples?
  private let goal: TableGoal
  private let batchSize: Int
  private let seed: UInt64
  private let numbers: [Float]
  private let labels: [Int32]
  private let classes: Int
  /// The order of the last requested epoch.
  private var current: (epoch: Int, order: [Int32])?

  /// The last batch of an epoch may be smaller than `batchSize`; `seed` determines the order of the rows.
  ///
  /// Throws a `TrainingError` where there are no rows or no targets, the two sets do not fit each other, or the batch size
  /// is below 1.
  public init(
    _ model: any Layer, on training: TableExamples, evaluatingOn evaluation: TableExamples? = nil, batchSize: Int = 32,
    seed: UInt64 = 0
  ) throws(TrainingError) {
    guard training.count > 0, training.targets.count == training.count else {
      throw TrainingError("there are no rows with a target to train on")
    }
    guard batchSize > 0 else { throw TrainingError("the batch size must be at least 1, not \(batchSize)") }
    if let evaluation {
      guard evaluation.target == training.target, evaluation.featureCount == training.featureCount else {
        throw TrainingError("the rows for evaluation must be prepared as those for training")
      }
    }
    self.model = model
    self.training = training
    self.evaluation = evaluation.flatMap { $0.count > 0 ? $0 : nil }
    goal = training.target.goal
    self.batchSize = batchSize
    self.seed = seed
    numbers = training.standardizedTargets
    labels = training.labels
    classes = training.target.classNames.count
  }

  public var stepsPerEpoch: Int { (training.count - 1) / batchSize + 1 }

  /// Throws a `TrainingError` for a negative step.
  public func inputs(ofStep step: Int) throws -> StepInputs {
    guard 0..<Int.max ~= step else { throw TrainingError("steps are counted from 0; there is no step \(step)") }
    let order = order(ofEpoch: step / stepsPerEpoch)
    let first = step % stepsPerEpoch * batchSize
    let rows = order[first..<min(first + batchSize, order.count)].map { Int($0) }
    let targets =
      goal == .regression
      ? Tensor(rows.map { numbers[$0] }, shape: [rows.count]) : Tensor(rows.map { labels[$0] }, shape: [rows.count])
    return StepInputs([training.tensor(rows), targets], examples: rows.count)
  }

  /// The order depends on seed and epoch alone, so that a training can resume in the middle of an epoch.
  private func order(ofEpoch epoch: Int) -> [Int32] {
    if let current, current.epoch == epoch { return current.order }
    let order = ShuffledSampler(count: training.count, seed: seed).order(ofEpoch: epoch)
    current = (epoch, order)
    return order
  }

  /// Throws a `TrainingError` for inputs that are not rows and targets, and where the model does not give a number or as
  /// many logits as there are classes.
  public func record(_ inputs: StepInputs) throws -> RecordedStep {
    guard inputs.tensors.count == 2 else {
      throw TrainingError("a step takes rows and targets, not \(inputs.tensors.count) tensors")
    }
    return try record(model, inputs.tensors[0], inputs.tensors[1])
  }

  private func record<Model: Layer>(
    _ model: Model, _ rows: Tensor, _ targets: Tensor
  ) throws -> RecordedStep {
    var accuracy: Tensor?
    let examples = rows.shape[0]
    let rows = rows.cast(to: model.parameterType)
    let (_, gradients) = try valueAndGradient(of: model) { model in
      let outputs = model(rows)
      let width = goal == .regression ? 1 : classes
      guard outputs.failure != nil || outputs.shape.dimensions == [examples, width] else {
        throw TrainingError(
          "the model must give [\(examples), \(width)] for a batch of \(examples) rows, not \(outputs.shape)")
      }
      if goal == .regression {
        return meanSquaredError(outputs.reshaped(to: [examples]), targets.cast(to: outputs.dtype))
      }
      accuracy = outputs.stoppingGradient().argmax(axis: -1).equal(to: targets).cast(to: .float32).mean()
      return crossEntropy(logits: outputs, labels: targets)
    }
    return RecordedStep(gradients: gradients, accuracy: accuracy, examples: examples)
  }

  public func evaluate() throws -> Evaluation? {
    try evaluation.map { try evaluateTable(model, on: $0) }
  }
}

extension TableExamples {
  /// The features of these rows: [rows, featureCount].
  func tensor(_ rows: some Collection<Int>) -> Tensor {
    var values: [Float] = []
    values.reserveCapacity(rows.count * featureCount)
    for row in rows { values += features[row * featureCount..<(row + 1) * featureCount] }
    return Tensor(values, shape: [rows.count, featureCount])
  }
}
