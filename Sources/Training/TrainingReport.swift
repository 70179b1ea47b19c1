/// What a trainer tells while it works, in the order of time.
public enum TrainingEvent: Sendable {
  /// A step is done.
  case step(StepReport)
  /// An epoch is done, and the data kept aside has been looked at.
  case epoch(EpochReport)
}

/// One step: a batch seen, every parameter updated once.
public struct StepReport: Hashable, Sendable {
  /// Steps done, this one included.
  public var step: Int
  /// Steps there will be, if nothing ends training early.
  public var totalSteps: Int
  /// The epoch this step is in, from 1.
  public var epoch: Int
  public var totalEpochs: Int
  /// Mean loss over the batch, before the update.
  public var loss: Double
  /// Share of the batch that was classified right, before the update.
  public var accuracy: Double
  public var learningRate: Double
  /// Examples a second since training began, evaluation not counted.
  public var examplesPerSecond: Double
  /// Estimated seconds until the last step.
  public var secondsLeft: Double
}

/// One epoch: every training example seen once (or as many as `steps` allowed).
public struct EpochReport: Hashable, Sendable {
  public var epoch: Int
  public var totalEpochs: Int
  /// Steps done so far.
  public var step: Int
  /// Mean over the epoch's batches, each measured before its update.
  public var loss: Double
  public var accuracy: Double
  /// Results on the data kept aside, where there was any.
  public var evaluation: ClassificationResult?
  public var examplesPerSecond: Double
  /// Seconds since training began.
  public var seconds: Double
}

/// How a training ended.
public struct TrainingResult: Hashable, Sendable {
  public enum Ending: String, Hashable, Sendable, Codable {
    /// Every epoch or step that was asked for is done.
    case completed
    /// The loss stopped falling for as many epochs as `patience` says.
    case converged
    /// Somebody asked for the end.
    case interrupted
  }

  public var ending: Ending
  public var steps: Int
  public var epochs: Int
  /// Mean loss and accuracy over the last epoch's training batches.
  public var loss: Double
  public var accuracy: Double
  /// The last results on the data kept aside.
  public var evaluation: ClassificationResult?
  /// Seconds in all, and examples a second in training steps.
  public var seconds: Double
  public var examplesPerSecond: Double
}
