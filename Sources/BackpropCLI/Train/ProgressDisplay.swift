import Backprop

/// Shows the progress of training: a bar where standard error is a terminal, otherwise a line an epoch.
struct ProgressDisplay {
  var isQuiet = false
  /// The unit of the data: examples or tokens.
  private let unit: String
  /// What the model is evaluated on.
  private let set: EvaluatedSet
  private let clock = ContinuousClock()
  private var lastDrawn: ContinuousClock.Instant?

  init(isQuiet: Bool, unit: String = "examples", set: EvaluatedSet = .test) {
    self.isQuiet = isQuiet
    self.unit = unit
    self.set = set
  }

  mutating func show(_ event: TrainingEvent) {
    guard !isQuiet else { return }
    switch event {
    case .step(let report):
      guard Console.errorIsTerminal else { return }
      // Often enough to look smooth, rarely enough to cost nothing.
      if let lastDrawn, lastDrawn.duration(to: clock.now) < .milliseconds(80), report.step < report.totalSteps {
        return
      }
      lastDrawn = clock.now
      Console.overwrite(bar(report))
    case .evaluation(let report):
      if Console.errorIsTerminal { Console.overwrite("") }
      Console.log(line(report))
    case .saving, .saved: break
    case .tracing(let step, let start):
      end()
      Console.log("the loss of step \(step) is not finite; doing the steps since \(start) again to see why")
    }
  }

  /// Clears a bar that was left behind.
  func end() {
    if !isQuiet, Console.errorIsTerminal { Console.overwrite("") }
  }

  /// One less than the terminal's: some wrap after the last column.
  private var columns: Int { (Terminal.columns(of: 2) ?? Terminal.defaultColumns) - 1 }

  private func bar(_ report: StepReport) -> String {
    var line = FittedLine()
    line.add(bar(report, width: 24), short: bar(report, width: 8), rank: 2)
    line.add(Self.place(report.step, report.totalSteps, report.epoch, report.totalEpochs), rank: 6)
    line.add("loss \(report.loss.fixed(4))", rank: 5)
    if let accuracy = report.accuracy { line.add("accuracy \(accuracy.percent)", short: accuracy.percent, rank: 1) }
    line.add("\(report.examplesPerSecond.fixed(0)) \(unit)/s", rank: 0)
    line.add("\(clockTime(report.secondsLeft)) left", rank: 4)
    return line.text(columns: columns)
  }

  private func bar(_ report: StepReport, width: Int) -> String {
    let share = report.totalSteps == 0 ? 1 : Double(report.step) / Double(report.totalSteps)
    let filled = Int(Double(width) * min(share, 1))
    return String(repeating: "█", count: filled) + String(repeating: "░", count: width - filled)
  }

  private func line(_ report: EvaluationReport) -> String { Self.line(report, unit: unit, set: set, columns: columns) }

  /// An evaluation's line in at most `columns` characters.
  static func line(
    _ report: EvaluationReport, unit: String, set: EvaluatedSet = .test, columns: Int
  ) -> String {
    var line = FittedLine()
    line.add(place(report.step, report.totalSteps, report.epoch, report.totalEpochs), rank: 9)
    line.add("loss \(report.loss.fixed(4))", rank: 8)
    if let accuracy = report.accuracy { line.add("accuracy \(accuracy.percent)", short: accuracy.percent, rank: 2) }
    switch report.evaluation {
    case .classification(let result):
      line.add("\(set.rawValue) loss \(result.loss.fixed(4))", rank: 7)
      line.add("\(set.rawValue) accuracy \(result.accuracy.percent)", short: result.accuracy.percent, rank: 3)
    case .regression(let result):
      line.add("\(set.rawValue) loss \(result.loss.fixed(4))", rank: 7)
      line.add("MAE \(result.meanAbsoluteError.significant(4))", rank: 3)
      if let r2 = result.r2 { line.add("R² \(r2.fixed(4))", rank: 2) }
    case .metrics(let result):
      line.add("\(set.rawValue) loss \(result.loss.fixed(4))", rank: 3)
      for (name, value) in result.metrics.sorted(by: { $0.key < $1.key }) {
        line.add("\(name) \(value.fixed(4))", rank: 7)
      }
    case .language(let result):
      line.add("\(set.rawValue) loss \(result.loss.fixed(4))", rank: 7)
      line.add("perplexity \(result.perplexity.fixed(2))", rank: 2)
      line.add(
        "\(result.bitsPerCharacter.fixed(3)) bits/character", short: "\(result.bitsPerCharacter.fixed(3)) bits/char",
        rank: 3)
    case nil: break
    }
    line.add("\(report.examplesPerSecond.fixed(0)) \(unit)/s", rank: 1)
    line.add(clockTime(report.seconds), rank: 0)
    if report.step < report.totalSteps { line.add("\(clockTime(report.secondsLeft)) left", rank: 5) }
    return line.text(columns: columns)
  }

  /// The epoch, and the step where an epoch is long enough to be counted in steps.
  private static func place(_ step: Int, _ totalSteps: Int, _ epoch: Int, _ totalEpochs: Int) -> String {
    totalEpochs > 1 ? "epoch \(epoch)/\(totalEpochs)" : "step \(step.grouped)/\(totalSteps.grouped)"
  }
}
