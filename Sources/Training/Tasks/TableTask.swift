import Datasets
import NeuralNetworks
import Tensors

/// Predicting a column of a table from the others: the mean squared error of standardized numbers, or the cross-entropy
/// of classes, on batches of rows in another order each epoch.
public final class TableTask: CompilableTask {
  public let model: any Layer
  public var processes: Distributed { task.processes }
  private let task: SupervisedTask
  private let evaluation: TableExamples?

  /// The last batch of an epoch may be smaller than `batchSize`; `seed` determines the order of the rows. Of several
  /// `processes` each takes its part of each batch.
  ///
  /// Throws a `TrainingError` where there are no rows or no targets, the two sets do not fit each other, the model does not
  /// give a number or as many logits as there are classes, or the batch size is below 1.
  public init(
    _ model: any Layer, on training: TableExamples, evaluatingOn evaluation: TableExamples? = nil, batchSize: Int = 32,
    seed: UInt64 = 0, over processes: Distributed = .one
  ) throws(TrainingError) {
    guard training.count > 0, training.targets.count == training.count else {
      throw TrainingError("there are no rows with a target to train on")
    }
    if let evaluation {
      guard evaluation.target == training.target, evaluation.featureCount == training.featureCount else {
        throw TrainingError("the rows for evaluation must be prepared as those for training")
      }
    }
    let isRegression = training.target.goal == .regression
    let width = isRegression ? 1 : training.target.classNames.count
    // Nothing is computed for that.
    let outputs = inference { model(training.tensor([0]).cast(to: model.parameterType)) }
    guard outputs.failure != nil || outputs.shape.dimensions == [1, width] else {
      throw TrainingError("the model must give [rows, \(width)] for a batch of rows, not \(outputs.shape) for one row")
    }
    self.model = model
    self.evaluation = evaluation.flatMap { $0.count > 0 ? $0 : nil }
    let (numbers, labels) = (training.standardizedTargets, training.labels)
    do {
      task = try SupervisedTask(
        model, on: GeneratedDataset(count: training.count) { row in row },
        for: isRegression ? .regression : .classification, batchSize: batchSize, seed: seed, over: processes
      ) { rows in
        LabeledBatch(
          inputs: training.tensor(rows),
          targets: isRegression
            ? Tensor(rows.map { numbers[$0] }, shape: [rows.count, 1])
            : Tensor(rows.map { labels[$0] }, shape: [rows.count]))
      }
    } catch {
      throw TrainingError("\(error)")
    }
  }

  public var stepsPerEpoch: Int { task.stepsPerEpoch }

  /// Throws a `DataError` for a negative step.
  public func inputs(ofStep step: Int) throws -> StepInputs { try task.inputs(ofStep: step) }

  /// Throws a `TrainingError` for inputs that are not rows and targets.
  public func record(_ inputs: StepInputs) throws -> RecordedStep { try task.record(inputs) }

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
