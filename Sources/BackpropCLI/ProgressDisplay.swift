import Backprop

/// Shows how far training is: a bar that moves where standard error is a terminal, a line an epoch elsewhere.
struct ProgressDisplay {
  var isQuiet = false
  private let clock = ContinuousClock()
  private var lastDrawn: ContinuousClock.Instant?

  init(isQuiet: Bool) { self.isQuiet = isQuiet }

  mutating func show(_ event: TrainingEvent) {
    guard !isQuiet else { return }
    switch event {
    case .step(let report):
      guard Console.errorIsTerminal else { return }
      // Often enough to look alive, rarely enough to cost nothing.
      if let lastDrawn, lastDrawn.duration(to: clock.now) < .milliseconds(80), report.step < report.totalSteps {
        return
      }
      lastDrawn = clock.now
      Console.overwrite(Self.bar(report))
    case .epoch(let report):
      if Console.errorIsTerminal { Console.overwrite("") }
      Console.log(Self.line(report))
    }
  }

  /// Clears a bar that was left behind.
  func end() {
    if !isQuiet, Console.errorIsTerminal { Console.overwrite("") }
  }

  static func bar(_ report: StepReport) -> String {
    let width = 24
    let filled = report.totalSteps == 0 ? width : width * report.step / report.totalSteps
    let bar = String(repeating: "█", count: filled) + String(repeating: "░", count: width - filled)
    return "\(bar) epoch \(report.epoch)/\(report.totalEpochs)  loss \(report.loss.fixed(4))  "
      + "accuracy \(report.accuracy.percent)  \(report.examplesPerSecond.fixed(0)) examples/s  "
      + "\(clockTime(report.secondsLeft)) left"
  }

  static func line(_ report: EpochReport) -> String {
    var text =
      "epoch \(report.epoch)/\(report.totalEpochs)  loss \(report.loss.fixed(4))  accuracy \(report.accuracy.percent)"
    if let evaluation = report.evaluation {
      text += "  test loss \(evaluation.loss.fixed(4))  test accuracy \(evaluation.accuracy.percent)"
    }
    text += "  \(report.examplesPerSecond.fixed(0)) examples/s  \(clockTime(report.seconds))"
    let left = report.seconds / Double(max(report.epoch, 1)) * Double(report.totalEpochs - report.epoch)
    return report.epoch < report.totalEpochs ? text + "  \(clockTime(left)) left" : text
  }
}
