import Backprop

/// Where a network is wrong about a table's rows: of numbers the predictions beside the true ones, and the worst rows.
enum RowsSection {
  static func add(to page: inout Page, _ run: ReportedRun) {
    guard case .table(let examination)? = run.examination else { return }
    let set = (run.examinedSet ?? run.record?.evaluatedSet ?? .validation).rawValue
    let target = run.record?.flags.all["target"] ?? "the target"
    if examination.confusionMatrix == nil {
      addPredictions(to: &page, examination, set, target)
      addWorstNumbers(to: &page, examination, set)
    } else {
      addWorstClasses(to: &page, examination, set) {
        run.classNames.indices.contains(Int($0)) ? run.classNames[Int($0)] : "\(Int($0))"
      }
    }
  }

  private static func addPredictions(
    to page: inout Page, _ examination: TableExamination, _ set: String, _ target: String
  ) {
    let points = examination.numbers
    let errors = points.map { $0.prediction - $0.truth }
    let (edges, counts) = Histogram.count(errors)
    let chart = ScatterChart(
      "Predicted and true", note: "a point for each row; on the line both are equal", x: "true \(target)",
      y: "predicted", points.map { (x: $0.truth, y: $0.prediction) })
    let bars = BarChart(
      "Residuals", note: "\(set) rows by their error", x: "predicted − true", over: .edges(edges),
      [("rows", counts)])
    page.section(
      "Predictions",
      note: """
        \(ShownNumber.count(examination.count)) \(set) rows. Points above the line are predicted too high; bars right of 0 \
        are of the same rows.
        """, [.grid([chart.html, bars.html])])
  }

  private static func addWorstNumbers(to page: inout Page, _ examination: TableExamination, _ set: String) {
    var table = PageTable(["line", "true", "predicted", "error"] + examination.columns, hasLines: true)
    for row in examination.worstRows {
      table.add(
        [
          .init(ShownNumber.count(row.line)), .init(ShownNumber(row.truth)), .init(ShownNumber(row.prediction)),
          .init(ShownNumber(row.prediction - row.truth)),
        ] + row.cells.map { .init(cell($0)) })
    }
    page.section(
      "Worst rows",
      note: """
        Of \(ShownNumber.count(examination.count)) \(set) rows, those whose prediction is furthest off. \
        Lines are those of the file.\(more(examination))
        """, [table.html])
  }

  private static func addWorstClasses(
    to page: inout Page, _ examination: TableExamination, _ set: String, _ name: (Double) -> String
  ) {
    guard !examination.worstRows.isEmpty else { return }
    var table = PageTable(
      ["line", "true", "probability", "predicted", "probability"] + examination.columns, hasLines: true)
    for row in examination.worstRows {
      table.add(
        [
          .init(ShownNumber.count(row.line)), .init(name(row.truth)), .init(ShownNumber.percent(row.truthProbability)),
          .init(name(row.prediction)), .init(ShownNumber.percent(row.confidence)),
        ] + row.cells.map { .init(cell($0)) })
    }
    page.section(
      "Worst mistakes",
      note: """
        Of \(ShownNumber.count(examination.count)) \(set) rows \(ShownNumber.count(examination.mistakeCount)) are wrong; \
        these have the lowest probability for what they are. Lines are those of the file.\(more(examination))
        """, [table.html])
  }

  private static func more(_ examination: TableExamination) -> String {
    examination.moreColumns == 0 ? "" : " \(ShownNumber.grouped(examination.moreColumns)) more columns are not shown."
  }

  private static func cell(_ text: String) -> String { text.count > 60 ? text.prefix(59) + "…" : text }
}

/// Numbers counted in ranges of a round width, of which one begins at 0.
private enum Histogram {
  static func count(_ values: [Double]) -> (edges: [Double], counts: [Double]) {
    let finite = values.filter { $0.magnitude < 1e300 }
    guard let low = finite.min(), let high = finite.max() else { return ([0, 1], [0]) }
    let width = Axis.roundStep(max((high - low) / 24, high.magnitude * 1e-9, low.magnitude * 1e-9, 1e-300))
    let (first, last) = (Int((low / width).rounded(.down)), Int((high / width).rounded(.down)))
    var counts = [Double](repeating: 0, count: last - first + 1)
    for value in finite { counts[min(max(Int((value / width).rounded(.down)) - first, 0), counts.count - 1)] += 1 }
    return ((first...(last + 1)).map { Double($0) * width }, counts)
  }
}
