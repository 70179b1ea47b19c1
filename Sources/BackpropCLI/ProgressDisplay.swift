import Backprop

/// Shows how far training is: a bar that moves where standard error is a terminal, a line an epoch elsewhere.
struct ProgressDisplay {
  var isQuiet = false
  /// What the network learns from: examples or tokens.
  private let unit: String
  private let clock = ContinuousClock()
  private var lastDrawn: ContinuousClock.Instant?

  init(isQuiet: Bool, unit: String = "examples") {
    self.isQuiet = isQuiet
    self.unit = unit
  }

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
      Console.overwrite(bar(report))
    case .evaluation(let report):
      if Console.errorIsTerminal { Console.overwrite("") }
      Console.log(line(report))
    case .saving: break
    case .tracing(let step, let start):
      end()
      Console.log("the loss of step \(step) is not finite; doing the steps since \(start) again to see why")
    }
  }

  /// Clears a bar that was left behind.
  func end() {
    if !isQuiet, Console.errorIsTerminal { Console.overwrite("") }
  }

  private func bar(_ report: StepReport) -> String {
    let width = 24
    let filled = report.totalSteps == 0 ? width : Int(Double(width) * Double(report.step) / Double(report.totalSteps))
    let bar = String(repeating: "█", count: filled) + String(repeating: "░", count: width - filled)
    return parts([
      "\(bar) \(place(report.step, report.totalSteps, report.epoch, report.totalEpochs))",
      "loss \(report.loss.fixed(4))", report.accuracy.map { "accuracy \($0.percent)" },
      "\(report.examplesPerSecond.fixed(0)) \(unit)/s", "\(clockTime(report.secondsLeft)) left",
    ])
  }

  private func line(_ report: EvaluationReport) -> String {
    parts(
      [
        place(report.step, report.totalSteps, report.epoch, report.totalEpochs), "loss \(report.loss.fixed(4))",
        report.accuracy.map { "accuracy \($0.percent)" },
      ] + (report.evaluation.map(found) ?? []) + [
        "\(report.examplesPerSecond.fixed(0)) \(unit)/s", clockTime(report.seconds),
        report.step < report.totalSteps ? "\(clockTime(report.secondsLeft)) left" : nil,
      ])
  }

  private func found(_ evaluation: Evaluation) -> [String] {
    switch evaluation {
    case .classification(let result):
      ["test loss \(result.loss.fixed(4))", "test accuracy \(result.accuracy.percent)"]
    case .language(let result):
      [
        "test loss \(result.loss.fixed(4))", "perplexity \(result.perplexity.fixed(2))",
        "\(result.bitsPerCharacter.fixed(3)) bits/character",
      ]
    }
  }

  /// The epoch, and the step where an epoch is long enough to be counted in steps.
  private func place(_ step: Int, _ totalSteps: Int, _ epoch: Int, _ totalEpochs: Int) -> String {
    totalEpochs > 1 ? "epoch \(epoch)/\(totalEpochs)" : "step \(step.grouped)/\(totalSteps.grouped)"
  }

  private func parts(_ parts: [String?]) -> String { parts.compactMap { $0 }.joined(separator: "  ") }
}
