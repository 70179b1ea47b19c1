/// The reports of a trainer, in the order of time.
public enum TrainingEvent: Sendable {
  /// A step is done.
  case step(StepReport)
  /// The model was evaluated on the validation set: after each epoch, or every `evaluationInterval` steps.
  case evaluation(EvaluationReport)
  /// A checkpoint of so many steps is about to be saved.
  case saving(step: Int)
  /// The checkpoint of so many steps is saved.
  case saved(step: Int)
  /// The loss of a step is not finite; the steps since an earlier one are repeated to find the cause.
  case tracing(step: Int, since: Int)
}

/// One step: a batch, and one update of every parameter.
public struct StepReport: Hashable, Sendable {
  /// Steps done, this one included.
  public var step: Int
  /// Steps there will be, if nothing ends training early.
  public var totalSteps: Int
  /// The epoch this step is in, from 1.
  public var epoch: Int
  /// Epochs there will be, if nothing ends training early.
  public var totalEpochs: Int
  /// Mean loss over the batch, before the update.
  public var loss: Double
  /// Accuracy on the batch, before the update; `nil` where that is not defined.
  public var accuracy: Double?
  /// The learning rate of this step's update.
  public var learningRate: Double
  /// The norm of all gradients together, before clipping. Measured every `logInterval` steps and in the first and last.
  public var gradientNorm: Double?
  /// How each layer with trainable parameters was moved; measured in some forty of the steps in which `gradientNorm` is.
  public var layers: [LayerStatistics]?
  /// Examples a second since training began, evaluation and saving not counted.
  public var examplesPerSecond: Double
  /// Estimated seconds until the last step.
  public var secondsLeft: Double
}

/// The training since the previous evaluation, and the results on the validation set.
public struct EvaluationReport: Hashable, Sendable {
  /// Steps done so far, also those before the checkpoint that it resumed from.
  public var step: Int
  /// Steps there will be, if nothing ends training early.
  public var totalSteps: Int
  /// The epoch of the last step, from 1.
  public var epoch: Int
  /// Epochs there will be, if nothing ends training early.
  public var totalEpochs: Int
  /// Mean over the examples of the steps since the previous evaluation, each measured before its update.
  public var loss: Double
  /// Mean accuracy over the same examples; `nil` where that is not defined.
  public var accuracy: Double?
  /// Results on the validation set, where there is one.
  public var evaluation: Evaluation?
  /// Examples a second since training began, evaluation and saving not counted.
  public var examplesPerSecond: Double
  /// Seconds since training began.
  public var seconds: Double
  /// Estimated seconds until the last step.
  public var secondsLeft: Double
}

/// How a training ended, with its last losses and times.
public struct TrainingResult: Hashable, Sendable {
  /// Why a training ended.
  public enum Ending: String, Hashable, Sendable, Codable, CaseIterable {
    /// Every requested epoch or step is done, or the time is up.
    case completed
    /// A callback ended it, such as early stopping when the loss stopped falling.
    case converged
    /// A stop was requested.
    case interrupted
  }

  /// Why it ended.
  public var ending: Ending
  /// Steps done, also those before the checkpoint that it resumed from.
  public var steps: Int
  /// The epoch of the last step, from 1.
  public var epochs: Int
  /// Mean loss and accuracy over the training examples since the second to last evaluation.
  public var loss: Double
  /// Mean accuracy over the same examples; `nil` where that is not defined.
  public var accuracy: Double?
  /// The results on the validation set with the model's current weights; with ``TestEvaluation``, on the test set.
  public var evaluation: Evaluation?
  /// With ``TestEvaluation``, the results on the validation set; otherwise `nil`.
  public var validation: Evaluation?
  /// Seconds in all, and examples a second in training steps.
  public var seconds: Double
  /// Examples a second in training steps.
  public var examplesPerSecond: Double
  /// The share of the time of training steps that they waited for data; 0 where the task prepares its data during
  /// recording.
  public var dataShare: Double
}
