import Backprop

/// How each layer was trained: gradients, updates, weights and activations over time.
enum LayersSection {
  static func add(to page: inout Page, _ run: ReportedRun) {
    let names = run.names { $0.layers?.map(\.name) }
    guard !names.isEmpty else { return }
    let charts = [
      chart("Gradient norm by layer", "of all its parameters, before clipping", run, names, "gradientNorm") {
        $0.gradientNorm
      },
      chart("Update by layer", "its length in shares of the weights'", run, names, "updateRatio") { $0.updateRatio },
    ]
    page.section(
      "Layers",
      note: """
        From the first layer, blue, by way of green and yellow to the last, orange. Where gradients shrink from layer to layer towards the first one, \
        that hardly learns; updates of around a thousandth of the weights are usual.
        """, [.grid(charts.compactMap { $0 })])
    addHistograms(to: &page, run)
  }

  private static func chart(
    _ title: String, _ note: String, _ run: ReportedRun, _ names: [String], _ key: String,
    _ value: (MetricsLine.Layer) -> Double?
  ) -> HTML? {
    // By place and not by name: a search in each line for each layer would take the square of their number.
    var points: [String: [LineChart.Point]] = [:]
    for line in run.lines {
      for layer in line.layers ?? [] {
        guard let value = value(layer) else { continue }
        points[layer.name, default: []].append(LineChart.Point(x: Double(line.step), y: value))
      }
    }
    let series = names.enumerated().compactMap { index, name in
      points[name].map {
        LineChart.Series(
          name.isEmpty ? "network" : name, $0, color: index, key: "layers/\(name)/\(key)",
          depth: names.count > 1 ? Double(index) / Double(names.count - 1) : 0)
      }
    }
    return series.isEmpty ? nil : LineChart(title, note: note, yScale: .logarithmic, series).html
  }

  private static func addHistograms(to page: inout Page, _ run: ReportedRun) {
    let weights = charts(run) { $0.weights }
    let activations = charts(run) { $0.activations }
    guard !weights.isEmpty || !activations.isEmpty else { return }
    var parts: [HTML] = []
    for (title, charts) in [("Weights", weights), ("Activations for a few examples", activations)]
    where !charts.isEmpty {
      parts.append(.heading(title))
      parts.append(.grid(Array(charts.prefix(6))))
      if charts.count > 6 {
        parts.append(.details("\(charts.count - 6) more", .grid(Array(charts.dropFirst(6)))))
      }
    }
    page.section(
      "Weights and activations over time", note: "Each column is a histogram: the stronger its color, the more values.",
      parts)
  }

  private static func charts(_ run: ReportedRun, _ list: (MetricsLine) -> [MetricsLine.Histogram]?) -> [HTML] {
    var histograms: [String: [(x: Double, histogram: HistogramChart.Histogram)]] = [:]
    for line in run.lines {
      for one in list(line) ?? [] { histograms[one.name, default: []].append((Double(line.step), one.chart)) }
    }
    let names = run.names { list($0)?.map(\.name) }
    // Weights say more than biases do.
    let order = names.filter { $0.hasSuffix("eight") } + names.filter { !$0.hasSuffix("eight") }
    return order.compactMap { name in histograms[name].map { HistogramChart(name, $0).html } }
  }
}
