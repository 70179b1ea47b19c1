/// The report of a comparison: the table, the curves with bands over the seeds, and what each learning rate gave.
package struct ComparisonPage {
  private let comparison: Comparison

  package init(_ comparison: Comparison) { self.comparison = comparison }

  /// The page's text.
  package var html: String {
    let task = comparison.task
    let seeds = comparison.rows.first?.seeds.count ?? 0
    var page = Page(
      title: "Optimizers compared: \(task.name.rawValue)",
      subtitle:
        "\(task.summary); \(task.steps) steps, \(seeds) seeds. Every optimizer has the same network, data and first weights, and its own best learning rate."
    )
    page.section(
      "Results",
      note:
        "Loss: the mean training loss of the last tenth of the steps. Steps: until the mean loss of ten steps is at most \(ShownNumber(task.target)).",
      [table])
    page.section(
      "Loss by step",
      note: "The mean over the seeds of the mean of \(Self.window) steps; bands from the least to the greatest.",
      [.grid([curves(comparison.rows, "All optimizers")] + comparison.rows.map { curves([$0], $0.optimizer) })])
    page.section(
      "Loss by learning rate", note: "Of the first seed. A rate without a point diverged.", [.grid([rates])])
    return page.html
  }

  private var table: HTML {
    let hasAccuracy = comparison.rows.contains { $0.accuracy != nil }
    var table = PageTable(
      ["optimizer", "learning rate", "loss"] + (hasAccuracy ? ["accuracy"] : []) + ["steps to target", "seconds"])
    for row in comparison.rows {
      let name = row.optimizer
      let accuracy: [PageTable.Cell] = hasAccuracy ? [row.accuracy.map { .bar($0, key: "\(name).accuracy") } ?? ""] : []
      let steps: PageTable.Cell = row.stepsToTarget.map { .init(ShownNumber($0, key: "\(name).stepsToTarget")) } ?? "—"
      table.add(
        [
          .init(name), .init(ShownNumber(row.learningRate, key: "\(name).learningRate")),
          .init(ShownNumber(row.finalLoss, key: "\(name).finalLoss")),
        ] + accuracy + [steps, .init(ShownNumber(row.seconds, key: "\(name).seconds"))])
    }
    return table.html
  }

  private static let window = 10

  private func curves(_ rows: [Comparison.Row], _ title: String) -> HTML {
    let chart = LineChart(
      title, note: "training loss", yScale: .logarithmic,
      rows.map { row in
        let color = comparison.rows.firstIndex { $0.optimizer == row.optimizer }
        return LineChart.Series(row.optimizer, Self.band(row.curves), color: color)
      })
    return rows.count > 1 ? "<div class=\"wide\">\(chart.html)</div>" : chart.html
  }

  /// Means of so many steps, and over the curves the mean and the range of those.
  private static func band(_ curves: [[Double]]) -> [LineChart.Point] {
    let smooth = curves.map { curve in
      stride(from: window, through: curve.count, by: window).map { end in
        curve[(end - window)..<end].reduce(0, +) / Double(window)
      }
    }
    return (0..<(smooth.map(\.count).min() ?? 0)).map { index in
      let values = smooth.map { $0[index] }
      return LineChart.Point(
        x: Double((index + 1) * window), y: values.reduce(0, +) / Double(values.count),
        band: (values.min() ?? 0)...(values.max() ?? 0))
    }
  }

  private var rates: HTML {
    let chart = LineChart(
      "Rates tried", note: "training loss at the end", x: "learning rate", xScale: .logarithmic, yScale: .logarithmic,
      comparison.rows.map { row in
        LineChart.Series(
          row.optimizer, row.rates.map { .init(x: $0.learningRate, y: $0.loss ?? .nan) })
      })
    return "<div class=\"wide\">\(chart.html)</div>"
  }
}
