/// How long a training is and after which steps the model is evaluated.
struct TrainingLength: Hashable {
  /// Steps in all.
  let steps: Int
  private let stepsPerEpoch: Int
  private let evaluationInterval: Int

  /// Throws a `TrainingError` for settings without any step.
  init(_ trainer: Trainer, stepsPerEpoch: Int) throws(TrainingError) {
    guard trainer.epochs > 0, trainer.steps ?? 1 > 0, trainer.evaluationInterval ?? 1 > 0,
      trainer.logInterval > 0, trainer.checkpointSteps ?? 1 > 0, trainer.checkpointInterval > 0
    else { throw TrainingError("epochs, steps and intervals must be at least 1") }
    if let limit = trainer.timeLimit, !(limit > 0 && limit <= 1e9) {
      throw TrainingError("the time limit must be above 0 and at most 1,000,000,000 seconds, not \(limit)")
    }
    if let failure = trainer.schedule.failure { throw TrainingError(failure.message) }
    guard stepsPerEpoch > 0 else { throw TrainingError("there are no training examples") }
    let (product, overflow) = trainer.epochs.multipliedReportingOverflow(by: stepsPerEpoch)
    if overflow, trainer.steps == nil, trainer.timeLimit == nil {
      throw TrainingError("\(trainer.epochs) epochs are more steps than can be counted; ask for fewer")
    }
    steps = min(overflow ? .max : product, trainer.steps ?? .max)
    self.stepsPerEpoch = stepsPerEpoch
    evaluationInterval = trainer.evaluationInterval ?? stepsPerEpoch
  }

  /// Epochs in all; the last may be cut short.
  var epochs: Int { epoch(ofStep: steps) }

  /// The epoch of a step, both counted from 1.
  func epoch(ofStep step: Int) -> Int { (max(step, 1) - 1) / stepsPerEpoch + 1 }

  func isEpochEnd(_ step: Int) -> Bool { step % stepsPerEpoch == 0 }

  /// How many evaluations follow after `step` steps.
  func evaluations(after step: Int) -> Int {
    // The last step has one in any case.
    let left = steps / evaluationInterval - min(step, steps) / evaluationInterval
    return left + (steps % evaluationInterval != 0 && step < steps ? 1 : 0)
  }

  func isEvaluated(after step: Int) -> Bool { step > 0 && (step % evaluationInterval == 0 || step == steps) }
}
