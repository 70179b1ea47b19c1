import Datasets
import NeuralNetworks
import Tensors

/// Evaluates `model` on every image of `set`.
///
/// Batches are of equal size but the last one, so two plans suffice for the whole set. Throws what the model throws
/// where shapes do not fit, what reading an image throws, and a `TrainingError` for an empty set or a label that is not
/// one of the model's classes.
public func evaluateClassifier<Model: Layer>(
  _ model: Model, on set: ImageSet, batchSize: Int = 250
) throws -> ClassificationResult {
  guard set.count > 0 else { throw TrainingError("there are no examples to evaluate on") }
  let clock = ContinuousClock()
  let start = clock.now
  var matrix = try ConfusionMatrix(classes: 0)
  var lossSum = 0.0
  let type = model.parameterType
  let loader = try ImageLoader(set, by: SequentialSampler(count: set.count), batchSize: max(batchSize, 1))
  for step in 0..<loader.stepsPerEpoch {
    let batch = try loader.batch(ofStep: step)
    let (logits, loss) = inference {
      let logits = model(batch.images.cast(to: type))
      return (logits, crossEntropy(logits: logits, labels: batch.labels))
    }
    let predictions = logits.argmax(axis: -1)
    if logits.failure == nil { try checkLabels(of: set, classes: logits.shape[-1]) }
    try evaluate([loss, predictions])
    try matrix.grow(to: logits.shape[-1])
    lossSum += try loss.number() * Double(batch.labels.shape[0])
    for (truth, prediction) in zip(try batch.labels.values(as: Int32.self), try predictions.values(as: Int32.self)) {
      try matrix.record(truth: Int(truth), prediction: Int(prediction))
    }
  }
  let seconds = start.duration(to: clock.now).seconds
  return ClassificationResult(
    loss: lossSum / Double(set.count), accuracy: matrix.accuracy, confusionMatrix: matrix, seconds: seconds,
    examplesPerSecond: Double(set.count) / max(seconds, 1e-9))
}

/// Throws where a label is not one of so many classes, with the first such one.
func checkLabels(of set: ImageSet, classes: Int) throws(TrainingError) {
  let labels = set.labels
  guard let index = labels.firstIndex(where: { !(0..<classes ~= Int($0)) }) else { return }
  throw TrainingError(
    "the label of image \(index) is \(labels[index]), but the model has \(classes) classes, so labels must be 0 to "
      + "\(classes - 1); give the model as many classes as there are, or correct the labels")
}

/// A class and its predicted probability.
public struct Prediction: Hashable, Sendable {
  /// The class, from 0.
  public var label: Int
  /// Its probability, 0 to 1.
  public var probability: Double
}

/// The `top` most probable classes of each image of a batch, the most probable one first.
public func classify<Model: Layer>(_ images: Tensor, with model: Model, top: Int = 1) throws -> [[Prediction]] {
  let probabilities = inference { model(images.cast(to: model.parameterType)).softmax().cast(to: .float32) }
  let values = try probabilities.values()
  let classes = probabilities.shape[-1]
  guard classes > 0 else { return [] }
  return stride(from: 0, to: values.count, by: classes).map { start in
    (0..<classes)
      .map { Prediction(label: $0, probability: Double(values[start + $0])) }
      .sorted { ($0.probability, $1.label) > ($1.probability, $0.label) }
      .prefix(max(top, 0)).map { $0 }
  }
}
