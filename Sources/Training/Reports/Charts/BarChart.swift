/// Bars over categories, or over ranges of numbers: a histogram.
package struct BarChart: Sendable {
  /// What the bars stand over.
  package enum Base: Sendable {
    /// A name each.
    case categories([String])
    /// Ranges between neighbors: one more than there are bars.
    case edges([Double])
  }

  private let frame: ChartFrame
  private let base: Base
  private let series: [(name: String, values: [Double])]
  private let reference: [Double]
  private let top: Double?

  /// Bars of each of `series` side by side. `reference` are values to compare them with, a mark at each place; `top` is
  /// the greatest number of the axis where it is known.
  package init(
    _ title: String, note: String = "", x: String = "", y: String = "", over base: Base,
    _ series: [(name: String, values: [Double])], reference: [Double] = [], top: Double? = nil
  ) {
    frame = ChartFrame(title: title, note: note, xLabel: x, yLabel: y)
    self.base = base
    self.series = series
    self.reference = reference
    self.top = top
  }

  package var html: HTML {
    let values = series.flatMap(\.values) + reference + [0] + (top.map { [$0] } ?? [])
    let y = Axis(values, from: ChartFrame.bottom, to: ChartFrame.top, padding: top == nil ? 0.04 : 0)
    let width = ChartFrame.right - ChartFrame.left
    let count = max(series.map(\.values.count).max() ?? 0, 1)
    var x: Axis?
    if case .edges(let edges) = base { x = Axis(edges, from: ChartFrame.left, to: ChartFrame.right) }
    var drawing = frame.axes(x: x, y: y)
    for index in 0..<count {
      // Where this place begins and ends.
      var (start, end) = (Double(index) * width / Double(count), Double(index + 1) * width / Double(count))
      var gap = min((end - start) * 0.12, 4)
      if case .edges(let edges) = base, index + 1 < edges.count,
        let from = x?.place(edges[index]), let to = x?.place(edges[index + 1])
      {
        (start, end, gap) = (from - ChartFrame.left, to - ChartFrame.left, 0.5)
      }
      drawing += bars(index, from: ChartFrame.left + start + gap, to: ChartFrame.left + end - gap, y)
      if index < reference.count, let place = y.place(reference[index]) {
        drawing += """
          <path class="curve s1" d="M\(at: ChartFrame.left + start + gap) \(at: place)H\(at: ChartFrame.left + end - gap)"/>
          """
      }
    }
    if case .categories(let names) = base { drawing += labels(names, count, width) }
    let legend: HTML = series.count > 1 ? .legend(series.map(\.name)) : ""
    return frame.figure(drawing, legend: legend)
  }

  private func bars(_ index: Int, from start: Double, to end: Double, _ y: Axis) -> HTML {
    let width = max((end - start) / Double(max(series.count, 1)), 0.3)
    let zero = y.place(0) ?? ChartFrame.bottom
    var bars: HTML = ""
    for (number, series) in series.enumerated() where index < series.values.count {
      guard let place = y.place(series.values[index]) else { continue }
      bars += """
        <rect class="f\(Palette.index(number))" x="\(at: start + Double(number) * width)" y="\(at: min(place, zero))" \
        width="\(at: width)" height="\(at: (place - zero).magnitude)"><title>\(name(index)): \
        \(series.name) \(ShownNumber.exact(series.values[index]))</title></rect>
        """
    }
    return bars
  }

  private func name(_ index: Int) -> String {
    switch base {
    case .categories(let names): index < names.count ? names[index] : "\(index)"
    case .edges(let edges):
      index + 1 < edges.count ? "\(ShownNumber.short(edges[index])) to \(ShownNumber.short(edges[index + 1]))" : ""
    }
  }

  /// As many names as there is space for, cut short where they are long.
  private func labels(_ names: [String], _ count: Int, _ width: Double) -> HTML {
    let place = width / Double(count)
    // A letter is some 6.5 wide; a name should keep at least four of them.
    let every = max(Int((30 / place).rounded(.up)), 1)
    let letters = max(Int(place * Double(every) / 6.5), 2)
    return HTML(
      stride(from: 0, to: min(names.count, count), by: every).map { index in
        let name = names[index].count > letters ? names[index].prefix(letters - 1) + "…" : names[index]
        return """
          <text x="\(at: ChartFrame.left + (Double(index) + 0.5) * place)" y="\(at: ChartFrame.bottom + 15)" \
          text-anchor="middle">\(name)</text>
          """
      })
  }
}
