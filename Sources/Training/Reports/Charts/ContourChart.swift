#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A function of two numbers as contour lines, with paths over them.
package struct ContourChart: Sendable {
  private let frame: ChartFrame
  private let x: ClosedRange<Double>
  private let y: ClosedRange<Double>
  private let values: [[Double]]
  private let levels: [Double]
  private let paths: [LineChart.Series]
  private let target: (x: Double, y: Double)?

  /// A chart of `values`, whose first row is at the lowest `y` and whose first column at the lowest `x`.
  ///
  /// `levels` are by default fourteen whose distances grow as the squares of their number, which shows a valley and
  /// its slopes. `target` is marked with a cross.
  package init(
    _ title: String, note: String = "", x: ClosedRange<Double>, y: ClosedRange<Double>, values: [[Double]],
    levels: [Double]? = nil, paths: [LineChart.Series] = [], target: (x: Double, y: Double)? = nil
  ) {
    frame = ChartFrame(title: title, note: note)
    self.x = x
    self.y = y
    self.values = values
    self.paths = paths
    self.target = target
    let finite = values.lazy.joined().filter(\.isFinite)
    let (low, high) = (finite.min() ?? 0, finite.max() ?? 1)
    self.levels = levels ?? (1...14).map { low + (high - low) * pow(Double($0) / 14, 3) }
  }

  /// The chart; each path is an element of class `path`, and the data hold the ranges, the box and the paths' points.
  package var html: HTML {
    let (xAxis, yAxis) = axes
    var drawing: HTML = ""
    let lines = ContourLines(values)
    for (index, level) in levels.enumerated() {
      let share = Double(index + 1) / Double(max(levels.count, 1))
      let outline = lines.lines(at: level).map { path($0.map(place), xAxis, yAxis) }.joined()
      drawing += """
        <path class="curve s7" style="stroke-width:.8;opacity:\(at: 0.3 + 0.6 * share)" d="\(outline)">\
        <title>\(ShownNumber.short(level))</title></path>
        """
    }
    if let target, let px = xAxis.place(target.x), let py = yAxis.place(target.y) {
      drawing += "<path class=\"curve s7\" d=\"M\(at: px - 4) \(at: py)h8M\(at: px) \(at: py - 4)v8\"/>"
    }
    for (index, series) in paths.enumerated() {
      let color = Palette.index(series.color ?? index)
      let dash = series.shownStroke(index).className
      drawing += """
        <path class="curve path s\(color)\(dash)" d="\(path(series.points.map { ($0.x, $0.y) }, xAxis, yAxis))"/>
        """
    }
    return frame.figure(
      frame.axes(x: xAxis, y: yAxis) + ChartFrame.clipped(drawing), legend: .legend(of: paths),
      data: ScriptData.element(json, for: "contour"))
  }

  private var axes: (x: Axis, y: Axis) {
    (
      Axis([x.lowerBound, x.upperBound], from: ChartFrame.left, to: ChartFrame.right),
      Axis([y.lowerBound, y.upperBound], from: ChartFrame.bottom, to: ChartFrame.top)
    )
  }

  /// A place in the grid as numbers of the axes.
  private func place(_ point: (x: Double, y: Double)) -> (Double, Double) {
    let columns = Double(max((values.map(\.count).max() ?? 0) - 1, 1))
    let rows = Double(max(values.count - 1, 1))
    return (
      x.lowerBound + point.x / columns * (x.upperBound - x.lowerBound),
      y.lowerBound + point.y / rows * (y.upperBound - y.lowerBound)
    )
  }

  private func path(_ points: [(Double, Double)], _ x: Axis, _ y: Axis) -> String {
    let places = points.compactMap { point in x.place(point.0).flatMap { px in y.place(point.1).map { (px, $0) } } }
    guard !places.isEmpty else { return "" }
    return "M" + places.map { ("\(at: $0.0) \(at: $0.1)" as HTML).markup }.joined(separator: "L")
  }

  private var json: String {
    let all = paths.enumerated().map { index, series in
      "{\"name\":\(ScriptData.string(series.name)),\"color\":\(Palette.index(series.color ?? index)),"
        + "\"x\":\(ScriptData.numbers(series.points.map(\.x))),\"y\":\(ScriptData.numbers(series.points.map(\.y)))}"
    }
    let (xAxis, yAxis) = axes
    let box = [ChartFrame.left, ChartFrame.top, ChartFrame.right, ChartFrame.bottom]
    return "{\"xRange\":\(ScriptData.numbers([xAxis.low, xAxis.high])),"
      + "\"yRange\":\(ScriptData.numbers([yAxis.low, yAxis.high])),\"box\":\(ScriptData.numbers(box)),"
      + "\"series\":[\(all.joined(separator: ","))]}"
  }
}
