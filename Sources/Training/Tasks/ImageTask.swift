import Datasets
import NeuralNetworks
import Tensors

/// Classifying images: cross-entropy on batches of images, in another order each epoch.
public final class ImageTask: CompilableTask {
  public let model: any Layer
  private let training: ImageSet
  private let loader: ImageLoader
  private let evaluation: ImageSet?
  private let labelSmoothing: Double
  public let processes: Distributed
  /// This process' part of each batch, where there are several.
  private let part: PartSampler?

  /// The last batch of an epoch may be smaller than `batchSize`; `seed` determines the order of the examples and how
  /// `augmentation` varies them; `labelSmoothing` is that of `crossEntropy`, in training alone. Of several `processes` each
  /// takes its part of each batch.
  ///
  /// Throws a `TrainingError` for an empty set, a batch size below 1 or not a multiple of the number of processes, and an
  /// augmentation that cannot be.
  public init(
    _ model: any Layer, on training: ImageSet, evaluatingOn evaluation: ImageSet? = nil,
    augmentation: Augmentation = Augmentation(), labelSmoothing: Double = 0, batchSize: Int = 64, seed: UInt64 = 0,
    over processes: Distributed = .one
  ) throws(TrainingError) {
    self.processes = processes
    self.labelSmoothing = labelSmoothing
    guard training.count > 0 else { throw TrainingError("there are no training examples") }
    self.model = model
    self.training = training
    self.evaluation = evaluation
    do {
      let sampler = ShuffledSampler(count: training.count, seed: seed)
      part = processes.size > 1 ? try PartSampler(sampler, batchSize: batchSize, over: processes) : nil
      loader = try ImageLoader(
        training, by: part ?? sampler, batchSize: part?.batchSize ?? batchSize, augmentation: augmentation,
        seed: processes.seed(seed))
    } catch {
      throw TrainingError(error.message)
    }
  }

  public var stepsPerEpoch: Int { loader.stepsPerEpoch }

  /// Throws a `DataError` for a negative step and an image that cannot be read.
  public func inputs(ofStep step: Int) throws -> StepInputs {
    let batch = try loader.batch(ofStep: step)
    let mixed = [batch.otherLabels, batch.shares].compactMap { $0 }
    let (whole, own) = part?.examples(ofStep: step) ?? (batch.labels.shape[0], nil)
    return StepInputs([batch.images, batch.labels] + mixed, examples: whole, ownExamples: own)
  }

  /// Images and labels; of mixed images also the other labels, and the shares of the first ones.
  ///
  /// Throws a `TrainingError` for other inputs, and where a label of the set is not one of the model's classes.
  public func record(_ inputs: StepInputs) throws -> RecordedStep {
    let tensors = inputs.tensors
    guard tensors.count == 2 || tensors.count == 4 else {
      throw TrainingError(
        "a step takes images and labels, and of mixed images other labels and shares, not \(tensors.count) tensors")
    }
    return try record(
      model, tensors[0], tensors[1], mixedWith: tensors.count == 4 ? (tensors[2], tensors[3]) : nil,
      examples: inputs.examples)
  }

  private func record<Model: Layer>(
    _ model: Model, _ images: Tensor, _ labels: Tensor, mixedWith mixture: (labels: Tensor, shares: Tensor)?,
    examples: Int
  ) throws -> RecordedStep {
    var accuracy = Tensor(0)
    let images = images.cast(to: model.parameterType)
    let (_, gradients) = try valueAndGradient(of: model) { model in
      let logits = model(images)
      // Once per recording, so for all labels: a compiled step checks none.
      if logits.shape.rank == 2 { try checkLabels(of: training, classes: logits.shape[1]) }
      accuracy = logits.stoppingGradient().argmax(axis: -1).equal(to: labels).cast(to: .float32).mean()
      guard let (otherLabels, shares) = mixture else {
        return crossEntropy(logits: logits, labels: labels, labelSmoothing: labelSmoothing)
      }
      // −Σ targets · log softmax is linear in the targets, so mixed targets need no product over the classes.
      let (own, other) = (
        crossEntropyLosses(logits: logits, labels: labels), crossEntropyLosses(logits: logits, labels: otherLabels)
      )
      let loss = (other + shares.cast(to: own.dtype) * (own - other)).mean()
      return loss.smoothed(by: labelSmoothing, logits, CallSite(#fileID, #line))
    }
    return RecordedStep(gradients: gradients, accuracy: accuracy, examples: examples)
  }

  public func evaluate() throws -> Evaluation? {
    guard let evaluation, evaluation.count > 0 else { return nil }
    return .classification(try evaluateClassifier(model, on: evaluation))
  }

  /// The first sixteen images of the validation set, or of the training set where there is none.
  public func example() throws -> Tensor? {
    let set = if let evaluation, evaluation.count > 0 { evaluation } else { training }
    let images = try set.subset(0..<min(set.count, 16))
    return images.batches(of: 16).first { _ in true }?.images.cast(to: model.parameterType)
  }
}
