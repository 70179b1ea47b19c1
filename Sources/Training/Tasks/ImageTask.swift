import Datasets
import NeuralNetworks
import Tensors

/// Classifying images: cross-entropy on batches of an `ImageSet`, in another order each epoch.
public final class ImageTask: CompilableTask {
  public let model: any Layer
  private let training: ImageSet
  private let evaluation: ImageSet?
  private let batchSize: Int
  private let seed: UInt64
  /// The batches of the last requested epoch.
  private var current: (epoch: Int, batches: ImageBatches)?
  /// The batch of the step after the last requested one, prefetched while that one runs.
  private var next: (step: Int, images: PendingImages, labels: Tensor)?

  /// The last batch of an epoch may be smaller than `batchSize`; `seed` determines the order of the examples.
  ///
  /// Throws a `TrainingError` for an empty set and a batch size below 1.
  public init(
    _ model: any Layer, on training: ImageSet, evaluatingOn evaluation: ImageSet? = nil, batchSize: Int = 64,
    seed: UInt64 = 0
  ) throws(TrainingError) {
    guard training.count > 0 else { throw TrainingError("there are no training examples") }
    guard batchSize > 0 else { throw TrainingError("the batch size must be at least 1, not \(batchSize)") }
    self.model = model
    self.training = training
    self.evaluation = evaluation
    self.batchSize = batchSize
    self.seed = seed
  }

  public var stepsPerEpoch: Int { (training.count - 1) / batchSize + 1 }

  /// Throws a `TrainingError` for a negative step.
  public func inputs(ofStep step: Int) throws -> StepInputs {
    guard 0..<Int.max ~= step else { throw TrainingError("steps are counted from 0; there is no step \(step)") }
    let batch = if let next, next.step == step { next } else { pending(step) }
    let inputs = [batch.images.finished(), batch.labels]
    // Not across the end of an epoch, as the order of the next one is drawn when it begins.
    next = (step + 1) % stepsPerEpoch == 0 ? nil : pending(step + 1)
    next?.images.makeOverlappedPlans()
    return StepInputs(inputs, examples: batch.labels.shape[0])
  }

  private func pending(_ step: Int) -> (step: Int, images: PendingImages, labels: Tensor) {
    let batch = batches(ofEpoch: step / stepsPerEpoch).pending(step % stepsPerEpoch)
    return (step, batch.images, batch.labels)
  }

  /// Throws a `TrainingError` for inputs that are not images and labels, and where a label of the set is not one of the
  /// model's classes.
  public func record(_ inputs: StepInputs) throws -> RecordedStep {
    guard inputs.tensors.count == 2 else {
      throw TrainingError("a step takes images and labels, not \(inputs.tensors.count) tensors")
    }
    return try record(model, inputs.tensors[0], inputs.tensors[1], examples: inputs.examples)
  }

  private func record<Model: Layer>(
    _ model: Model, _ images: Tensor, _ labels: Tensor, examples: Int
  ) throws -> RecordedStep {
    var accuracy = Tensor(0)
    let images = images.cast(to: model.parameterType)
    let (_, gradients) = try valueAndGradient(of: model) { model in
      let logits = model(images)
      // Once per recording, so for all labels: a compiled step checks none.
      if logits.shape.rank == 2 { try training.checkLabels(classes: logits.shape[1]) }
      accuracy = logits.stoppingGradient().argmax(axis: -1).equal(to: labels).cast(to: .float32).mean()
      return crossEntropy(logits: logits, labels: labels)
    }
    return RecordedStep(gradients: gradients, accuracy: accuracy, examples: examples)
  }

  /// The order depends on seed and epoch alone, so that a training can resume in the middle of an epoch.
  private func batches(ofEpoch epoch: Int) -> ImageBatches {
    if let current, current.epoch == epoch { return current.batches }
    var generator = SeededGenerator(seed: seed, stream: UInt64(epoch))
    let batches = training.batches(of: batchSize, shuffledBy: &generator)
    current = (epoch, batches)
    return batches
  }

  public func evaluate() throws -> Evaluation? {
    guard let evaluation, evaluation.count > 0 else { return nil }
    return .classification(try evaluateClassifier(model, on: evaluation))
  }
}
