/// Histograms over time: a column for each, dark where many values are.
package struct HistogramChart: Sendable {
  /// How many values were in each of several ranges of equal width.
  package struct Histogram: Hashable, Sendable {
    /// Where the first range begins and the last one ends.
    package var low: Double
    package var high: Double
    package var counts: [Int]

    package init(low: Double, high: Double, counts: [Int]) {
      self.low = low
      self.high = high
      self.counts = counts
    }

    /// The share of the values at `value`, for each unit of the axis.
    func density(at value: Double) -> Double {
      let total = counts.reduce(0) { $0.addingReportingOverflow(max($1, 0)).partialValue }
      guard total > 0, high > low, value >= low, value <= high else { return 0 }
      let bin = min(Int((value - low) / (high - low) * Double(counts.count)), counts.count - 1)
      return Double(max(counts[max(bin, 0)], 0)) / Double(total) / ((high - low) / Double(counts.count))
    }
  }

  private let frame: ChartFrame
  private let histograms: [(x: Double, histogram: Histogram)]

  /// A chart of these histograms, in the order of `x`.
  package init(
    _ title: String, note: String = "", x: String = "step", y: String = "",
    _ histograms: [(x: Double, histogram: Histogram)]
  ) {
    frame = ChartFrame(title: title, note: note, xLabel: x, yLabel: y)
    self.histograms = histograms.filter {
      $0.x.isFinite && $0.histogram.low.isFinite && $0.histogram.high.isFinite && !$0.histogram.counts.isEmpty
    }.sorted { $0.x < $1.x }
  }

  package var html: HTML {
    let x = Axis(histograms.map(\.x), from: ChartFrame.left, to: ChartFrame.right)
    let y = Axis(
      histograms.flatMap { [$0.histogram.low, $0.histogram.high] }, from: ChartFrame.bottom, to: ChartFrame.top)
    var picture: HTML = ""
    if let source = PNG.dataURI(width: Self.columns, height: Self.rows, .rgba, pixels(x, y)) {
      picture = """
        <image href="\(source)" x="\(at: ChartFrame.left)" y="\(at: ChartFrame.top)" \
        width="\(at: ChartFrame.right - ChartFrame.left)" height="\(at: ChartFrame.bottom - ChartFrame.top)" \
        preserveAspectRatio="none"/>
        """
    }
    return frame.figure(frame.axes(x: x, y: y) + picture)
  }

  private static let (columns, rows) = (108, 96)

  /// A color that is seen on white and on black, more or less of it.
  private func pixels(_ x: Axis, _ y: Axis) -> [UInt8] {
    guard !histograms.isEmpty else { return Array(repeating: 0, count: 4 * Self.columns * Self.rows) }
    var shares = [Double](repeating: 0, count: Self.columns * Self.rows)
    var current = 0
    for column in 0..<Self.columns {
      let place = x.low + (Double(column) + 0.5) / Double(Self.columns) * (x.high - x.low)
      // The histogram nearest to the column.
      while current + 1 < histograms.count,
        (histograms[current + 1].x - place).magnitude <= (histograms[current].x - place).magnitude
      { current += 1 }
      for row in 0..<Self.rows {
        let value = y.high - (Double(row) + 0.5) / Double(Self.rows) * (y.high - y.low)
        shares[row * Self.columns + column] = histograms[current].histogram.density(at: value)
      }
    }
    // Ranges with few values are to be seen beside those with many.
    let greatest = max(shares.max() ?? 0, 1e-300)
    return shares.flatMap { share -> [UInt8] in
      [40, 130, 200, UInt8((share / greatest).squareRoot() * 255)]
    }
  }
}
