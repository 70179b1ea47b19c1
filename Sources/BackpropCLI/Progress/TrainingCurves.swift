import Backprop

/// The curves of `--plot`: loss and accuracy of the steps, as means of stretches, and of the evaluations.
struct TrainingCurves {
  private struct Stretch {
    var lossSum = 0.0
    var accuracySum = 0.0
    var accuracyCount = 0
    var count = 0
  }

  /// So many stretches are more than the dots of any terminal.
  private static let count = 400
  private var stretches = [Stretch](repeating: Stretch(), count: count)
  private var tests: [(step: Int, loss: Double, accuracy: Double?)] = []
  private var total = 1
  private let set: EvaluatedSet

  /// `set` is what the evaluations are of.
  init(_ set: EvaluatedSet = .test) { self.set = set }

  mutating func note(_ report: StepReport) {
    total = max(report.totalSteps, 1)
    let index = min(Int(Double(report.step - 1) / Double(total) * Double(Self.count)), Self.count - 1)
    guard index >= 0 else { return }
    stretches[index].lossSum += report.loss
    stretches[index].count += 1
    if let accuracy = report.accuracy {
      stretches[index].accuracySum += accuracy
      stretches[index].accuracyCount += 1
    }
  }

  mutating func note(_ report: EvaluationReport) {
    guard let evaluation = report.evaluation else { return }
    // Of very many, every second one is as good.
    if tests.count >= 2 * Self.count { tests = stride(from: 0, to: tests.count, by: 2).map { tests[$0] } }
    tests.append((report.step, evaluation.loss, evaluation.metrics["accuracy"]))
  }

  /// The plots in lines of at most `width` characters: side by side, or one below the other where that is narrow.
  func lines(width: Int, colors: Bool) -> [String] {
    let loss = plot("loss", width, colors, { $0.count > 0 ? $0.lossSum / Double($0.count) : nil }, { $0.loss })
    let accuracy = plot(
      "accuracy", width, colors, { $0.accuracyCount > 0 ? $0.accuracySum / Double($0.accuracyCount) : nil },
      { $0.accuracy })
    guard accuracy.curves.contains(where: { !$0.points.isEmpty }) else { return loss.lines(colors: colors) }
    guard width >= 2 * Self.least else { return loss.lines(colors: colors) + accuracy.lines(colors: colors) }
    let half = (width - 2) / 2
    let sides = [loss, accuracy].map { plot -> [String] in
      var plot = plot
      plot.width = half
      return plot.lines(colors: colors)
    }
    return zip(sides[0], sides[1]).enumerated().map { index, pair in
      // A title is as wide as its text; the other lines are as wide as the plot.
      pair.0 + String(repeating: " ", count: index == 0 ? max(half - pair.0.count, 0) + 2 : 2) + pair.1
    }
  }

  /// The longest title, "accuracy: training, validation (o)", is shorter.
  private static let least = 36

  private func plot(
    _ name: String, _ width: Int, _ colors: Bool, _ mean: (Stretch) -> Double?,
    _ test: ((step: Int, loss: Double, accuracy: Double?)) -> Double?
  ) -> BraillePlot {
    let training = stretches.enumerated().compactMap { index, stretch in
      mean(stretch).map { (x: (Double(index) + 0.5) / Double(Self.count), y: $0) }
    }
    let tests = tests.compactMap { entry in test(entry).map { (x: Double(entry.step) / Double(total), y: $0) } }
    let mark: Character = "o"
    return BraillePlot(
      title: name + (tests.isEmpty ? "" : ": training, \(set.rawValue)" + (colors ? "" : " (\(mark))")),
      width: width, height: 8, range: 0...1,
      curves: [.init(points: training, color: 33), .init(points: tests, color: 208, mark: mark)],
      allowsLogarithm: name == "loss")
  }
}
