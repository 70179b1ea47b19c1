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
      "Loss", y: "nats", to: &charts,
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
    add(
      "Perplexity", y: "test", to: &charts,
      [
        ("test", run.points(\.testPerplexity), .solid, 1, "testPerplexity")
      ])
    add(
      "Bits per character", y: "test", to: &charts,
      [
        ("test", run.points(\.testBitsPerCharacter), .solid, 1, "testBitsPerCharacter")
      ])
    for (title, key, value) in regression {
      add(title, y: "validation", to: &charts, [("validation", run.points(value), .solid, 1, key)])
    }
    let metrics = Set(run.lines.flatMap { ($0.testMetrics ?? [:]).keys }).sorted()
    for name in metrics {
      add(
        name, y: "test", to: &charts,
        [
          (name, run.points { $0.testMetrics?[name] }, .solid, 1, "testMetrics/\(name)")
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

  private static let regression: [(title: String, key: String, value: @Sendable (MetricsLine) -> Double?)] = [
    ("Mean absolute error", "testMeanAbsoluteError", { $0.testMeanAbsoluteError }),
    ("Root mean squared error", "testRootMeanSquaredError", { $0.testRootMeanSquaredError }),
    ("R²", "testR2", { $0.testR2 }),
  ]

  private static func several(_ runs: [ReportedRun]) -> [HTML] {
    let kinds: [(title: String, note: String, isLogarithmic: Bool, key: String, value: (MetricsLine) -> Double?)] = [
      ("Test loss", "nats", false, "testLoss", \.testLoss), ("Training loss", "nats", false, "meanLoss", \.meanLoss),
      ("Test accuracy", "", false, "testAccuracy", \.testAccuracy),
      ("Training accuracy", "", false, "meanAccuracy", \.meanAccuracy),
      ("Validation loss", "", false, "validationLoss", \.validationLoss),
      ("Validation accuracy", "", false, "validationAccuracy", \.validationAccuracy),
      ("Root mean squared error", "", false, "testRootMeanSquaredError", \.testRootMeanSquaredError),
      ("Bits per character", "test", false, "testBitsPerCharacter", \.testBitsPerCharacter),
      ("Learning rate", "", false, "learningRate", \.learningRate),
      ("Gradient norm", "all parameters together", true, "gradientNorm", \.gradientNorm),
    ]
    var charts: [HTML] = []
    for kind in kinds {
      add(
        kind.title, y: kind.note, isLogarithmic: kind.isLogarithmic, to: &charts,
        runs.enumerated().map {
          ($1.name, $1.points(kind.value), .solid, $0, kind.key)
        })
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
