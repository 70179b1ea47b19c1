/// What a trainer tells while it works, in the order of time.
public enum TrainingEvent: Sendable {
  /// A step is done.
  case step(StepReport)
  /// The data kept aside has been looked at: after each epoch, or every `evaluationInterval` steps.
  case evaluation(EvaluationReport)
  /// A checkpoint of so many steps is about to be saved.
  case saving(step: Int)
  /// It is on the disk.
  case saved(step: Int)
  /// The loss of a step is not finite; the steps since an earlier one are done again to find out why.
  case tracing(step: Int, since: Int)
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
  /// Share of the batch that the model had right, before the update; `nil` where that means nothing.
  public var accuracy: Double?
  public var learningRate: Double
  /// The norm of all gradients together, before clipping. Measured every `logInterval` steps and in the first and last.
  public var gradientNorm: Double?
  /// Examples a second since training began, evaluation and saving not counted.
  public var examplesPerSecond: Double
  /// Estimated seconds until the last step.
  public var secondsLeft: Double
}

/// The training since the evaluation before, and what was found on the data kept aside.
public struct EvaluationReport: Hashable, Sendable {
  /// Steps done so far.
  public var step: Int
  public var totalSteps: Int
  /// The epoch of the last step, from 1.
  public var epoch: Int
  public var totalEpochs: Int
  /// Mean over the examples of the steps since the evaluation before, each measured before its update.
  public var loss: Double
  /// The same of the share that was right; `nil` where that means nothing.
  public var accuracy: Double?
  /// Results on the data kept aside, where there was any.
  public var evaluation: Evaluation?
  public var examplesPerSecond: Double
  /// Seconds since training began.
  public var seconds: Double
  /// Estimated seconds until the last step.
  public var secondsLeft: Double
}

/// How a training ended.
public struct TrainingResult: Hashable, Sendable {
  public enum Ending: String, Hashable, Sendable, Codable {
    /// Every epoch or step that was asked for is done.
    case completed
    /// The loss stopped falling for as long as `patience` says.
    case converged
    /// Somebody asked for the end.
    case interrupted
  }

  public var ending: Ending
  public var steps: Int
  public var epochs: Int
  /// Mean loss and accuracy over the training examples since the evaluation before the last.
  public var loss: Double
  public var accuracy: Double?
  /// The results on the data kept aside of the weights that the model has now.
  public var evaluation: Evaluation?
  /// Seconds in all, and examples a second in training steps.
  public var seconds: Double
  public var examplesPerSecond: Double
  /// The share of the time of training steps that they waited for data; 0 where the task makes its data while it records.
  public var dataShare: Double
}
