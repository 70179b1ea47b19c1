/// Counts what was done and how long it took; time spent on evaluation does not count as training.
struct Progress {
  let totalSteps: Int
  let totalEpochs: Int
  private(set) var steps = 0
  var evaluation: ClassificationResult?

  private let clock = ContinuousClock()
  private let start: ContinuousClock.Instant
  private var paused = 0.0
  private var examples = 0
  private var epoch = 0
  // Sums over the epoch's examples.
  private var epochExamples = 0
  private var lossSum = 0.0
  private var correctSum = 0.0

  init(totalSteps: Int, totalEpochs: Int) {
    self.totalSteps = totalSteps
    self.totalEpochs = totalEpochs
    start = clock.now
  }

  var seconds: Double { start.duration(to: clock.now).seconds }
  private var trainingSeconds: Double { max(seconds - paused, 1e-9) }
  private var examplesPerSecond: Double { Double(examples) / trainingSeconds }
  var meanLoss: Double { epochExamples == 0 ? 0 : lossSum / Double(epochExamples) }
  private var meanAccuracy: Double { epochExamples == 0 ? 0 : correctSum / Double(epochExamples) }

  mutating func begin(epoch: Int) {
    self.epoch = epoch
    (epochExamples, lossSum, correctSum) = (0, 0, 0)
  }

  /// Adds a step and says what is to be told of it.
  mutating func count(_ outcome: StepOutcome, examples count: Int, learningRate: Double) -> StepReport {
    steps += 1
    examples += count
    epochExamples += count
    lossSum += outcome.loss * Double(count)
    correctSum += outcome.accuracy * Double(count)
    return StepReport(
      step: steps, totalSteps: totalSteps, epoch: epoch, totalEpochs: totalEpochs, loss: outcome.loss,
      accuracy: outcome.accuracy, learningRate: learningRate, examplesPerSecond: examplesPerSecond,
      secondsLeft: trainingSeconds / Double(steps) * Double(totalSteps - steps))
  }

  /// Does `body` without counting its time as training.
  mutating func pause(_ body: (inout Progress) throws -> Void) rethrows {
    let before = seconds
    defer { paused += seconds - before }
    try body(&self)
  }

  var epochReport: EpochReport {
    EpochReport(
      epoch: epoch, totalEpochs: totalEpochs, step: steps, loss: meanLoss, accuracy: meanAccuracy,
      evaluation: evaluation, examplesPerSecond: examplesPerSecond, seconds: seconds)
  }

  func result(_ ending: TrainingResult.Ending) -> TrainingResult {
    TrainingResult(
      ending: ending, steps: steps, epochs: epoch, loss: meanLoss, accuracy: meanAccuracy, evaluation: evaluation,
      seconds: seconds, examplesPerSecond: examplesPerSecond)
  }
}

extension Duration {
  /// The whole duration in seconds.
  var seconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }
}
