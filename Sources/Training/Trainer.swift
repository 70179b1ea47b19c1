import Datasets
import NeuralNetworks
import Tensors

/// Trains a classifier: forward, loss, backward, update, until the epochs are done, the loss has stopped falling or
/// somebody asks for the end.
///
/// The model is initialised where it is made; training changes its parameters in place. Dropout draws from
/// `Random.current`, the order of the examples from `seed`, so the same seeds give the same training.
///
/// ```swift
/// let result = try Trainer(epochs: 5).train(model, with: optimizer, on: data.train, evaluatingOn: data.test)
/// ```
public struct Trainer: Sendable {
  /// How often every training example is seen. With `steps`, whichever ends first counts.
  public var epochs: Int
  /// The greatest number of updates, or `nil` for as many as the epochs take.
  public var steps: Int?
  /// Examples an update looks at. The last batch of an epoch may be smaller.
  public var batchSize: Int
  /// Ends training once this many epochs went by without a lower loss than before; `nil` never does. The loss is the
  /// one on the data kept aside, or the training loss where there is none.
  public var patience: Int?
  /// How the learning rate falls from what the optimizer begins with.
  public var decay: Decay
  /// Determines the order in which examples are seen.
  public var seed: UInt64
  /// Looked at after each step.
  public var stop: StopRequest

  public init(
    epochs: Int = 10, steps: Int? = nil, batchSize: Int = 64, patience: Int? = nil, decay: Decay = .constant,
    seed: UInt64 = 0, stop: StopRequest = StopRequest()
  ) {
    self.epochs = epochs
    self.steps = steps
    self.batchSize = batchSize
    self.patience = patience
    self.decay = decay
    self.seed = seed
    self.stop = stop
  }

  /// Trains `model` on `training` and looks at `evaluation` after each epoch.
  ///
  /// `report` hears of each step and each epoch. Throws a `TrainingError` that names the step where the loss is not
  /// finite, what the model throws where shapes do not fit, and what `report` throws.
  public func train<Model: Layer>(
    _ model: Model, with optimizer: any Optimizer, on training: ImageSet, evaluatingOn evaluation: ImageSet? = nil,
    report: (TrainingEvent) throws -> Void = { _ in }
  ) throws -> TrainingResult {
    try check(training)
    let stepsPerEpoch = (training.count + batchSize - 1) / batchSize
    let totalSteps = min(epochs * stepsPerEpoch, steps ?? .max)
    let totalEpochs = (totalSteps + stepsPerEpoch - 1) / stepsPerEpoch

    var generator = SeededGenerator(seed: seed)
    var progress = Progress(totalSteps: totalSteps, totalEpochs: totalEpochs)
    var best = Double.infinity
    var epochsWithoutGain = 0
    var ending = TrainingResult.Ending.completed
    let firstRate = optimizer.learningRate
    defer { optimizer.learningRate = firstRate }

    training: for epoch in 1...max(totalEpochs, 1) {
      progress.begin(epoch: epoch)
      for batch in training.batches(of: batchSize, shuffledBy: &generator) {
        if progress.steps == totalSteps { break }
        optimizer.learningRate = firstRate * Float(decay.factor(after: progress.steps, of: totalSteps))
        let outcome = try step(model, optimizer, batch, number: progress.steps + 1)
        try report(.step(progress.count(outcome, examples: batch.count, learningRate: Double(optimizer.learningRate))))
        if stop.isRequested { break }
      }
      if stop.isRequested {
        ending = .interrupted
        break training
      }
      try progress.pause { progress in
        if let evaluation, evaluation.count > 0 {
          progress.evaluation = try evaluateClassifier(model, on: evaluation)
        }
      }
      try report(.epoch(progress.epochReport))

      let watched = progress.evaluation?.loss ?? progress.meanLoss
      epochsWithoutGain = watched < best ? 0 : epochsWithoutGain + 1
      best = min(best, watched)
      if let patience, epochsWithoutGain >= patience, epoch < totalEpochs {
        ending = .converged
        break training
      }
    }
    return progress.result(ending)
  }

  /// One update. The loss and the accuracy come out of the same plan as the update.
  private func step<Model: Layer>(
    _ model: Model, _ optimizer: any Optimizer, _ batch: ImageBatch, number: Int
  ) throws -> StepOutcome {
    var correct = Tensor(0)
    let (loss, gradients) = valueAndGradient(of: model) { model in
      let logits = model(batch.images)
      correct = logits.stoppingGradient().argmax(axis: -1).equal(to: batch.labels).mean()
      return crossEntropy(logits: logits, labels: batch.labels)
    }
    try optimizer.update(along: gradients, evaluating: [loss, correct])
    let value = try loss.scalar()
    guard value.isFinite else {
      throw TrainingError.diverged(loss: value, step: number, learningRate: optimizer.learningRate)
    }
    return StepOutcome(loss: Double(value), accuracy: Double(try correct.scalar()))
  }

  private func check(_ training: ImageSet) throws {
    guard epochs > 0, batchSize > 0, steps ?? 1 > 0, patience ?? 1 > 0 else {
      throw TrainingError("epochs, steps, batch size and patience must be at least 1")
    }
    guard training.count > 0 else { throw TrainingError("there are no training examples") }
    guard epochs.multipliedReportingOverflow(by: training.count).overflow == false else {
      throw TrainingError("\(epochs) epochs are more steps than can be counted")
    }
  }
}

/// What a step found out, before its update.
struct StepOutcome {
  var loss: Double
  var accuracy: Double
}
