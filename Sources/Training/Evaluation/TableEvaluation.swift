import Datasets
import NeuralNetworks
import Tensors

/// Evaluates `model` on rows with their targets: a `ClassificationResult` or a `RegressionResult`, as their goal is.
///
/// Throws a `TrainingError` where there are no rows or no targets, or the model does not fit the target, and what the
/// model throws where shapes do not fit.
public func evaluateTable(_ model: any Layer, on examples: TableExamples) throws -> Evaluation {
  guard examples.count > 0, examples.targets.count == examples.count else {
    throw TrainingError("there are no rows with a target to evaluate on")
  }
  let clock = ContinuousClock()
  let start = clock.now
  let outputs = try tableOutputs(model, examples)
  let seconds = { start.duration(to: clock.now).seconds }
  switch examples.target.goal {
  case .classification: return .classification(try classification(outputs, examples, seconds))
  case .regression: return .regression(try regression(outputs, examples, seconds))
  }
}

private func classification(
  _ logits: [[Double]], _ examples: TableExamples, _ seconds: () -> Double
) throws -> ClassificationResult {
  let labels = examples.targets.map { Int($0) }
  let classes = examples.target.classNames.count
  let results = logits.map(softmax)
  let batch = try ClassificationBatch(
    probabilities: results.flatMap(\.probabilities), classes: classes, labels: labels)
  var matrix = try ConfusionMatrix(classes: classes)
  try matrix.update(batch)
  // From logits, as a probability that is rounded to 0 has no logarithm.
  let losses = zip(zip(logits, results), labels).map { $0.1.logSum - $0.0[$1] }
  let seconds = seconds()
  return ClassificationResult(
    loss: losses.reduce(0, +) / Double(labels.count), accuracy: matrix.accuracy, confusionMatrix: matrix,
    seconds: seconds, examplesPerSecond: Double(labels.count) / max(seconds, 1e-9))
}

private func regression(
  _ outputs: [[Double]], _ examples: TableExamples, _ seconds: () -> Double
) throws -> RegressionResult {
  let target = examples.target
  let predictions = try RegressionBatch(
    predictions: outputs.map { target.unstandardized($0[0]) }, targets: examples.targets)
  let means = try RegressionBatch(predictions: outputs.map { _ in target.mean }, targets: examples.targets)
  let square = try value(of: MeanSquaredError(), predictions)
  return RegressionResult(
    loss: square / (target.deviation * target.deviation), count: examples.count,
    meanAbsoluteError: try value(of: MeanAbsoluteError(), predictions), rootMeanSquaredError: square.squareRoot(),
    r2: try? value(of: R2(), predictions), baselineMeanAbsoluteError: try value(of: MeanAbsoluteError(), means),
    baselineRootMeanSquaredError: try value(of: RootMeanSquaredError(), means), seconds: seconds())
}

/// The value of a metric over one batch.
private func value<Measure: Metric>(of metric: Measure, _ batch: Measure.Batch) throws -> Double {
  var metric = metric
  try metric.update(batch)
  return try metric.value
}
