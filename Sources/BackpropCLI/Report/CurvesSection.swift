import Backprop

/// Curves of what was logged, of one run or of several in the same charts.
enum CurvesSection {
  static func add(to page: inout Page, _ runs: [ReportedRun]) {
    let charts = runs.count == 1 ? runs.first.map(single) ?? [] : several(runs)
    page.section(
      "Curves", note: "Each number is one of metrics.jsonl; point at a curve to read it.", [.grid(charts)])
  }

  private static func single(_ run: ReportedRun) -> [HTML] {
    var charts: [HTML] = []
    add(
      "Loss", y: run.lossUnit, to: &charts,
      [
        ("each step", run.points(\.loss), .faint, 0, "loss"),
        ("training", run.points(\.meanLoss), .solid, 0, "meanLoss"),
        ("validation", run.points(\.validationLoss), .solid, 1, "validationLoss"),
        ("test", run.points(\.testLoss), .solid, 1, "testLoss"),
      ])
    add(
      "Accuracy", y: "share of the examples", to: &charts,
      [
        ("each step", run.points(\.accuracy), .faint, 0, "accuracy"),
        ("training", run.points(\.meanAccuracy), .solid, 0, "meanAccuracy"),
        ("validation", run.points(\.validationAccuracy), .solid, 1, "validationAccuracy"),
        ("test", run.points(\.testAccuracy), .solid, 1, "testAccuracy"),
      ])
    for (title, key, test, validation) in measures {
      add(
        title, to: &charts,
        [
          ("validation", run.points(validation), .solid, 1, "validation\(key)"),
          // Older runs of tables call it so.
          (run.record?.evaluatedSet.rawValue ?? "test", run.points(test), .solid, 1, "test\(key)"),
        ])
    }
    let metrics = Set(run.lines.flatMap { (($0.testMetrics ?? $0.validationMetrics) ?? [:]).keys }).sorted()
    for name in metrics {
      add(
        name, to: &charts,
        [
          ("validation", run.points { $0.validationMetrics?[name] }, .solid, 1, "validationMetrics/\(name)"),
          ("test", run.points { $0.testMetrics?[name] }, .solid, 1, "testMetrics/\(name)"),
        ])
    }
    add("Learning rate", to: &charts, [("learning rate", run.points(\.learningRate), .solid, 2, "learningRate")])
    add(
      "Gradient norm", y: "all parameters together", isLogarithmic: true, to: &charts,
      [
        ("gradient norm", run.points(\.gradientNorm), .solid, 3, "gradientNorm")
      ])
    let unit = run.record?.kind == .text ? "tokens" : "examples"
    add(
      "Speed", y: "\(unit) a second", to: &charts,
      [
        (
          "\(unit) a second", run.points { $0.isEvaluation ? nil : $0.examplesPerSecond }, .solid, 5,
          "examplesPerSecond"
        )
      ])
    return charts
  }

  private typealias Value = @Sendable (MetricsLine) -> Double?
  private static let measures: [(title: String, key: String, test: Value, validation: Value)] = [
    ("Perplexity", "Perplexity", { $0.testPerplexity }, { $0.validationPerplexity }),
    ("Bits per character", "BitsPerCharacter", { $0.testBitsPerCharacter }, { $0.validationBitsPerCharacter }),
    ("Mean absolute error", "MeanAbsoluteError", { $0.testMeanAbsoluteError }, { $0.validationMeanAbsoluteError }),
    (
      "Root mean squared error", "RootMeanSquaredError", { $0.testRootMeanSquaredError },
      { $0.validationRootMeanSquaredError }
    ), ("R²", "R2", { $0.testR2 }, { $0.validationR2 }),
  ]

  private static func several(_ runs: [ReportedRun]) -> [HTML] {
    // In place of the unit, of which there may be several: each has a chart of its own.
    let loss = "loss"
    let kinds: [(title: String, note: String, isLogarithmic: Bool, key: String, value: (MetricsLine) -> Double?)] = [
      ("Test loss", loss, false, "testLoss", \.testLoss), ("Training loss", loss, false, "meanLoss", \.meanLoss),
      ("Test accuracy", "", false, "testAccuracy", \.testAccuracy),
      ("Training accuracy", "", false, "meanAccuracy", \.meanAccuracy),
      ("Validation loss", loss, false, "validationLoss", \.validationLoss),
      ("Validation accuracy", "", false, "validationAccuracy", \.validationAccuracy),
      (
        "Root mean squared error", "validation", false, "validationRootMeanSquaredError",
        { $0.validationRootMeanSquaredError ?? $0.testRootMeanSquaredError }
      ),
      (
        "Bits per character", "validation", false, "validationBitsPerCharacter",
        { $0.validationBitsPerCharacter ?? $0.testBitsPerCharacter }
      ),
      ("Learning rate", "", false, "learningRate", \.learningRate),
      ("Gradient norm", "all parameters together", true, "gradientNorm", \.gradientNorm),
    ]
    var charts: [HTML] = []
    let units = Set(runs.map(\.lossUnit)).sorted()
    for kind in kinds {
      for unit in kind.note == loss ? units : [kind.note] {
        add(
          kind.title, y: unit, isLogarithmic: kind.isLogarithmic, to: &charts,
          runs.enumerated().filter { kind.note != loss || $1.lossUnit == unit }.map {
            ($1.name, $1.points(kind.value), .solid, $0, kind.key)
          })
      }
    }
    return charts
  }

  /// Adds a chart of the curves that have points, where there are any.
  private static func add(
    _ title: String, y: String = "", isLogarithmic: Bool = false, to charts: inout [HTML],
    _ curves: [(name: String, points: [LineChart.Point], stroke: LineChart.Stroke, color: Int, key: String)]
  ) {
    let series = curves.filter { !$0.points.isEmpty }.map {
      LineChart.Series($0.name, $0.points, stroke: $0.stroke, color: $0.color, key: $0.key)
    }
    guard !series.isEmpty else { return }
    charts.append(LineChart(title, y: y, yScale: isLogarithmic ? .logarithmic : .linear, series).html)
  }
}
