import Backprop

/// Shows the progress of training: an aligned line an evaluation, and below, where standard error is a terminal, a bar
/// and with `--plot` the curves. A file gets lines only, and the curves once, at the end.
struct ProgressDisplay {
  var isQuiet = false
  /// The unit of the data: examples or tokens.
  private let unit: String
  /// What the model is evaluated on.
  private let set: EvaluatedSet
  private let clock = ContinuousClock()
  private var lastDrawn: ContinuousClock.Instant?
  /// The table of the line before; another one needs its titles.
  private var table: ProgressTable?
  private var curves: TrainingCurves?
  private var lastStep: StepReport?

  init(isQuiet: Bool, unit: String = "examples", set: EvaluatedSet = .test, plots: Bool = false) {
    self.isQuiet = isQuiet
    self.unit = unit
    self.set = set
    curves = plots && !isQuiet ? TrainingCurves(set) : nil
  }

  mutating func show(_ event: TrainingEvent) {
    guard !isQuiet else { return }
    switch event {
    case .step(let report):
      curves?.note(report)
      lastStep = report
      guard Console.errorIsTerminal else { return }
      // Often enough to look smooth, rarely enough to cost nothing.
      if let lastDrawn, lastDrawn.duration(to: clock.now) < .milliseconds(curves == nil ? 80 : 250),
        report.step < report.totalSteps
      {
        return
      }
      lastDrawn = clock.now
      draw(report)
    case .evaluation(let report):
      curves?.note(report)
      Console.erase()
      write(report)
      if Console.errorIsTerminal, let lastStep, report.step < report.totalSteps { draw(lastStep) }
    case .saving, .saved: break
    case .tracing(let step, let start):
      Console.erase()
      Console.log("the loss of step \(step) is not finite; doing the steps since \(start) again to see why")
    }
  }

  /// Clears the bar, and leaves the curves.
  mutating func end() {
    Console.erase()
    guard let curves, lastStep != nil else { return }
    for line in curves.lines(width: columns, colors: Console.errorHasColors) { Console.note(line: line) }
    self.curves = nil
  }

  /// One less than the terminal's: some wrap after the last column.
  private var columns: Int { (Terminal.columns(of: 2) ?? Terminal.defaultColumns) - 1 }

  private func draw(_ report: StepReport) {
    let plot = curves?.lines(width: columns, colors: Console.errorHasColors) ?? []
    Console.redraw([Self.bar(report, unit: unit, columns: columns)] + plot)
  }

  private mutating func write(_ report: EvaluationReport) {
    let table = Self.table(report, unit: unit, set: set, columns: columns)
    if table != self.table { Console.note(line: table.header) }
    self.table = table
    Console.note(line: table.row(Self.cells(report, unit: unit, set: set)))
  }

  /// The line of a step, in at most `columns` characters.
  static func bar(_ report: StepReport, unit: String, columns: Int) -> String {
    var line = FittedLine()
    line.add(bar(report, width: 24), short: bar(report, width: 8), rank: 2)
    line.add(
      "\(placeTitle(report.totalEpochs)) \(place(report.step, report.totalSteps, report.epoch, report.totalEpochs))",
      rank: 6)
    line.add("loss \(number(report.loss))", rank: 5)
    if let accuracy = report.accuracy { line.add("accuracy \(accuracy.percent)", short: accuracy.percent, rank: 1) }
    line.add("\(short(report.examplesPerSecond)) \(unit)/s", rank: 0)
    line.add("\(clockTime(report.secondsLeft)) left", rank: 4)
    return line.text(columns: columns)
  }

  private static func bar(_ report: StepReport, width: Int) -> String {
    let share = report.totalSteps == 0 ? 1 : Double(report.step) / Double(report.totalSteps)
    let filled = Int(Double(width) * min(share, 1))
    return String(repeating: "█", count: filled) + String(repeating: "░", count: width - filled)
  }

  /// The table of evaluations like this one.
  static func table(
    _ report: EvaluationReport, unit: String, set: EvaluatedSet = .test, columns: Int
  ) -> ProgressTable {
    // The widest place is the last one.
    let last = place(report.totalSteps, report.totalSteps, report.totalEpochs, report.totalEpochs)
    var all: [ProgressTable.Column] = [
      .init(title: placeTitle(report.totalEpochs), width: last.count, rank: 9), .init(title: "loss", width: 7, rank: 8),
    ]
    if report.accuracy != nil { all.append(.init(title: "accuracy", width: 7, rank: 2)) }
    if report.evaluation != nil { all.append(.init(title: "\(set.rawValue) loss", width: 7, rank: 5)) }
    switch report.evaluation {
    case .classification: all.append(.init(title: "\(set.rawValue) accuracy", width: 7, rank: 7))
    case .language:
      all.append(.init(title: "perplexity", width: 8, rank: 3))
      all.append(.init(title: "bits/char", width: 6, rank: 7))
    case .regression:
      all += [.init(title: "MAE", width: 7, rank: 7), .init(title: "R²", width: 6, rank: 3)]
    case .metrics(let result):
      all += result.metrics.keys.sorted().map { .init(title: $0, width: 8, rank: 3) }
    case nil: break
    }
    all += [
      .init(title: "\(unit)/s", width: 6, rank: 1), .init(title: "time", width: 7, rank: 4),
      .init(title: "left", width: 7, rank: 6),
    ]
    return ProgressTable(all, within: columns)
  }

  /// The cells of an evaluation by the titles of their columns.
  static func cells(_ report: EvaluationReport, unit: String, set: EvaluatedSet = .test) -> [String: String] {
    var cells = [
      placeTitle(report.totalEpochs): place(report.step, report.totalSteps, report.epoch, report.totalEpochs),
      "loss": number(report.loss), "\(unit)/s": short(report.examplesPerSecond), "time": clockTime(report.seconds),
    ]
    if report.step < report.totalSteps { cells["left"] = clockTime(report.secondsLeft) }
    cells["accuracy"] = report.accuracy?.percent
    cells["\(set.rawValue) loss"] = report.evaluation.map { number($0.loss) }
    switch report.evaluation {
    case .classification(let result): cells["\(set.rawValue) accuracy"] = result.accuracy.percent
    case .language(let result):
      cells["perplexity"] = number(result.perplexity)
      cells["bits/char"] = result.bitsPerCharacter.fixed(3)
    case .regression(let result):
      (cells["MAE"], cells["R²"]) = (number(result.meanAbsoluteError), result.r2.map { $0.fixed(3) })
    case .metrics(let result): for (name, value) in result.metrics { cells[name] = number(value) }
    case nil: break
    }
    return cells
  }

  /// The epoch, and the step where there is only one epoch.
  private static func placeTitle(_ totalEpochs: Int) -> String { totalEpochs > 1 ? "epoch" : "step" }

  private static func place(_ step: Int, _ totalSteps: Int, _ epoch: Int, _ totalEpochs: Int) -> String {
    totalEpochs > 1 ? "\(epoch)/\(totalEpochs)" : "\(step.grouped)/\(totalSteps.grouped)"
  }

  /// A loss in at most seven characters, whatever its size.
  private static func number(_ value: Double) -> String {
    let size = value.magnitude
    guard size < 1e7 else { return value.isFinite ? ShownNumber.short(value) : "\(value)" }
    return value.readable(size >= 10_000 ? 0 : size >= 1000 ? 1 : size >= 100 ? 2 : size >= 10 ? 3 : 4)
  }

  /// A speed: `850`, `12.3k`, `1.2M`.
  private static func short(_ value: Double) -> String {
    value >= 999_500 ? (value / 1e6).fixed(1) + "M" : value >= 9_999.5 ? (value / 1e3).fixed(1) + "k" : value.fixed(0)
  }
}
