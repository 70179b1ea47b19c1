import Tensors

/// Counts steps, examples and time; time spent on evaluation and saving does not count as training.
struct Progress {
  /// The counts that a resumed training needs.
  struct Counts: Hashable, Codable {
    var steps = 0
    var examples = 0
    /// Seconds in all, and those of them not spent on training.
    var seconds = 0.0
    var pausedSeconds = 0.0
    /// Seconds in which steps waited for data; checkpoints of version 0.1 do not know them.
    var dataSeconds: Double?
    /// Seconds of the evaluations, and how many they were; checkpoints of version 0.1 do not know them.
    var evaluationSeconds: Double?
    var evaluations: Int?
    /// The step after which the model was evaluated last, and its result.
    var evaluatedStep = 0
    var evaluation: Evaluation?
    /// Means over the period before that evaluation.
    var loss = 0.0
    var accuracy: Double?
    // Sums over the examples since then.
    var periodExamples = 0
    var lossSum = 0.0
    var correctSum: Double?
  }

  let length: TrainingLength
  /// Seconds for the whole training.
  private let timeLimit: Double?
  /// Whether only a last evaluation fits in the time that is left. Decided after each step.
  private var isTimeUp = false
  /// What several processes agreed on with the last step, as each measures another time; `nil` for one process.
  private var agreedSteps: Int?
  private(set) var counts: Counts
  private let clock = ContinuousClock()
  private let start: ContinuousClock.Instant

  init(_ length: TrainingLength, timeLimit: Double? = nil, from counts: Counts = Counts()) {
    self.length = length
    self.timeLimit = timeLimit
    self.counts = counts
    start = clock.now
    isTimeUp = counts.steps > 0 && isOverTime
  }

  /// The counts with the time until now.
  private var current: Counts {
    var result = counts
    result.seconds = seconds
    return result
  }

  var steps: Int { counts.steps }
  /// The epoch of the last step, from 1.
  var epoch: Int { length.epoch(ofStep: counts.steps) }
  /// Whether the model is to be evaluated before the next step.
  var needsEvaluation: Bool {
    (length.isEvaluated(after: counts.steps) || isTimeUp) && counts.evaluatedStep != counts.steps
  }
  var isDone: Bool { counts.steps >= length.steps || isTimeUp }
  /// Steps there will be; with a time limit, as many as fit in it at the speed so far.
  var totalSteps: Int { agreedSteps.map { max($0, counts.steps) } ?? possibleSteps }
  /// The same by the time of this process alone.
  var possibleSteps: Int {
    guard let timeLimit, counts.steps > 0 else { return length.steps }
    let left = isTimeUp ? 0 : max(timeLimit - seconds - meanEvaluationSeconds, 0)
    let possible = Double(counts.steps) * left / max(seconds, 1e-9)
    return min(counts.steps + Int(min(possible, 1e15)), length.steps)
  }
  /// Whether the time of this process is up.
  var isOverTime: Bool { timeLimit.map { seconds + meanEvaluationSeconds >= $0 } ?? false }
  private var totalEpochs: Int { length.epoch(ofStep: totalSteps) }
  private var meanEvaluationSeconds: Double {
    (counts.evaluationSeconds ?? 0) / Double(max(counts.evaluations ?? 0, 1))
  }

  private var seconds: Double { counts.seconds + start.duration(to: clock.now).seconds }
  private var trainingSeconds: Double { max(seconds - counts.pausedSeconds, 1e-9) }
  private var examplesPerSecond: Double { Double(counts.examples) / trainingSeconds }
  /// Of the steps, evaluations and checkpoints that are left, as long as those before took.
  private var secondsLeft: Double {
    if let timeLimit { return max(timeLimit - seconds, 0) }
    let evaluations = counts.evaluationSeconds ?? 0
    // The steps and what is done between them, besides evaluations.
    let others = max(seconds - evaluations, 0) / Double(max(counts.steps, 1)) * Double(length.steps - counts.steps)
    return others + meanEvaluationSeconds * Double(length.evaluations(after: counts.steps))
  }

  /// Adds a step and returns its report.
  mutating func count(_ outcome: StepOutcome, learningRate: Double) -> StepReport {
    counts.steps += 1
    if agreedSteps == nil { isTimeUp = isOverTime }
    counts.examples += outcome.examples
    counts.dataSeconds = (counts.dataSeconds ?? 0) + outcome.dataSeconds
    counts.periodExamples += outcome.examples
    counts.lossSum += outcome.loss * Double(outcome.examples)
    if let accuracy = outcome.accuracy {
      counts.correctSum = (counts.correctSum ?? 0) + accuracy * Double(outcome.examples)
    }
    return StepReport(
      step: steps, totalSteps: totalSteps, epoch: epoch, totalEpochs: totalEpochs, loss: outcome.loss,
      accuracy: outcome.accuracy, learningRate: learningRate, gradientNorm: outcome.gradientNorm,
      layers: outcome.layers, examplesPerSecond: examplesPerSecond, secondsLeft: secondsLeft)
  }

  /// Takes over the time of process 0, of several.
  mutating func agree(isTimeUp: Bool? = nil, totalSteps: Int) {
    if timeLimit != nil { (self.isTimeUp, agreedSteps) = (isTimeUp ?? self.isTimeUp, totalSteps) }
  }

  /// Ends the period since the previous evaluation and returns its report.
  mutating func count(_ evaluation: Evaluation?) -> EvaluationReport {
    closePeriod()
    counts.evaluation = evaluation
    counts.evaluatedStep = counts.steps
    return EvaluationReport(
      step: steps, totalSteps: totalSteps, epoch: epoch, totalEpochs: totalEpochs, loss: counts.loss,
      accuracy: counts.accuracy, evaluation: evaluation, examplesPerSecond: examplesPerSecond, seconds: seconds,
      secondsLeft: secondsLeft)
  }

  private mutating func closePeriod() {
    guard counts.periodExamples > 0 else { return }
    counts.loss = counts.lossSum / Double(counts.periodExamples)
    counts.accuracy = counts.correctSum.map { $0 / Double(counts.periodExamples) }
    (counts.periodExamples, counts.lossSum, counts.correctSum) = (0, 0, nil)
  }

  /// Evaluates the model without counting its time as training.
  mutating func evaluating(_ body: () throws -> Evaluation?) rethrows -> Evaluation? {
    let before = counts.pausedSeconds
    let result = try pausing { _ in try body() }
    counts.evaluationSeconds = (counts.evaluationSeconds ?? 0) + counts.pausedSeconds - before
    counts.evaluations = (counts.evaluations ?? 0) + 1
    return result
  }

  /// Runs `body` without counting its time as training.
  mutating func pausing<Result>(_ body: (Counts) throws -> Result) rethrows -> Result {
    let before = clock.now
    defer { counts.pausedSeconds += before.duration(to: clock.now).seconds }
    return try body(current)
  }

  func result(_ ending: TrainingResult.Ending, evaluation: Evaluation?) -> TrainingResult {
    var last = self
    last.closePeriod()
    return TrainingResult(
      ending: ending, steps: steps, epochs: epoch, loss: last.counts.loss, accuracy: last.counts.accuracy,
      evaluation: evaluation, validation: nil, seconds: seconds, examplesPerSecond: examplesPerSecond,
      dataShare: (counts.dataSeconds ?? 0) / trainingSeconds)
  }
}

/// The measurements of a step, before its update.
struct StepOutcome {
  var loss: Double
  var accuracy: Double?
  var gradientNorm: Double?
  var layers: [LayerStatistics]?
  var examples: Int
  /// Seconds in which the step waited for its data.
  var dataSeconds: Double
  /// What some process requests, of several.
  var requests = StepRequests()
}

/// What a process requests of all with a step, so that all do it after the same one.
struct StepRequests {
  /// To stop.
  var stop = false
  /// To save a checkpoint; of process 0.
  var save = false
  /// To end, as the time is up; of process 0.
  var isTimeUp = false
  /// How many steps there will be; of process 0, 0 from the others.
  var totalSteps = 0

  init() {}

  /// From the sums over all processes.
  init(_ sums: some Collection<Double>) {
    let sums = Array(sums)
    guard sums.count == Self.count else { return }
    (stop, save, isTimeUp) = (sums[0] > 0, sums[1] > 0, sums[2] > 0)
    totalSteps = Int(min(sums[3], 1e18))
  }

  var tensors: [Tensor] { [stop, save, isTimeUp].map { Tensor(Float($0 ? 1 : 0)) } + [Tensor(Float(totalSteps))] }
  static let count = 4
}

extension Duration {
  /// The whole duration in seconds.
  var seconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }
}
