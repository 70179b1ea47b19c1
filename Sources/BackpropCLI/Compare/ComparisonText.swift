import Backprop

/// The tables of comparisons in the terminal.
enum ComparisonText {
  static func lines(_ comparison: Comparison) -> [String] {
    let hasAccuracy = comparison.rows.contains { $0.accuracy != nil }
    let header =
      ["optimizer", "learning rate", "loss"] + (hasAccuracy ? ["accuracy"] : []) + ["steps", "seconds", "rates tried"]
    let rows = comparison.rows.map { row in
      [row.optimizer, significant(row.learningRate), row.finalLoss.fixed(4)]
        + (hasAccuracy ? [row.accuracy?.percent ?? ""] : [])
        + [
          row.stepsToTarget.map { ShownNumber.short($0) } ?? "—", row.seconds.fixed(1),
          range(row.rates.map(\.learningRate)),
        ]
    }
    let task = comparison.task
    let sentences = [
      "\(task.name.rawValue): \(task.summary); \(task.steps) steps, \(comparison.rows.first?.seeds.count ?? 0) seeds",
      "loss: training, mean of the last tenth of the steps; steps: until the loss is at most \(ShownNumber.short(task.target))",
    ]
    return sentences.map { Terminal.wrapped($0, for: 1) } + [""] + table([header] + rows, left: [0, header.count - 1])
  }

  static func lines(_ comparison: SurfaceComparison) -> [String] {
    var lines = [
      Terminal.wrapped(
        "steps: until the value is a ten-thousandth of the first for 20 steps; in the noisy valley a fiftieth, as a mean of "
          + "20 steps", for: 1)
    ]
    for surface in Surface.allCases {
      let rows = comparison.rows.filter { $0.surface == surface.rawValue }
      guard !rows.isEmpty else { continue }
      lines += ["", "\(surface.rawValue): \(surface.formula)"]
      lines += table(
        [["optimizer", "learning rate", "steps", "last value", "rates tried"]]
          + rows.map { row in
            [
              row.optimizer, significant(row.learningRate), row.stepsToTarget.map { ShownNumber.short($0) } ?? "—",
              ShownNumber.short(row.finalLoss), range(row.rates),
            ]
          }, left: [0, 4])
    }
    return lines
  }

  private static func range(_ rates: [Double]) -> String {
    guard let low = rates.min(), let high = rates.max() else { return "" }
    return "\(rates.count) from \(significant(low)) to \(significant(high))"
  }

  /// Four significant digits, without zeros at the end.
  private static func significant(_ value: Double) -> String {
    var (places, size) = (3, value.magnitude)
    while size > 0, size < 1, places < 12 { (size, places) = (size * 10, places + 1) }
    while size >= 10, places > 0 { (size, places) = (size / 10, places - 1) }
    var digits = value.fixed(places)
    while digits.contains("."), digits.hasSuffix("0") || digits.hasSuffix(".") { digits.removeLast() }
    return digits
  }
}
