/// Curves over a common axis, with a read-out at the pointer.
package struct LineChart: Sendable {
  /// A point of a curve, perhaps with the range that a band shows around it.
  package struct Point: Hashable, Sendable {
    package var x: Double
    package var y: Double
    package var band: ClosedRange<Double>?

    package init(x: Double, y: Double, band: ClosedRange<Double>? = nil) {
      self.x = x
      self.y = y
      self.band = band
    }
  }

  /// How a curve is drawn.
  package enum Stroke: Sendable {
    case solid
    case dashed
    case dotted
    /// Thin and pale: the single steps behind their mean.
    case faint

    /// How the series of this number is drawn: colors come again dashed, then dotted.
    package static func ofSeries(_ index: Int) -> Stroke {
      switch max(index, 0) / Palette.count % 3 {
      case 0: .solid
      case 1: .dashed
      default: .dotted
      }
    }

    /// The class of a key, after that of its color.
    package var className: HTML {
      switch self {
      case .solid: ""
      case .dashed: " dash"
      case .dotted: " dot"
      case .faint: " faint"
      }
    }
  }

  /// A curve.
  package struct Series: Sendable {
    package var name: String
    package var points: [Point]
    package var stroke: Stroke
    /// The number of its color; by default its place among the series.
    package var color: Int?
    /// What its numbers are in `metrics.jsonl`, for checks.
    package var key: String?
    /// Where it stands in an order from 0 to 1, such as that of layers; it then has a color between two.
    package var depth: Double?

    package init(
      _ name: String, _ points: [Point], stroke: Stroke = .solid, color: Int? = nil, key: String? = nil,
      depth: Double? = nil
    ) {
      self.name = name
      self.points = points
      self.stroke = stroke
      self.color = color
      self.key = key
      self.depth = depth
    }

    /// How it is drawn, as the `index`th series: dashed or dotted where its color is that of another one.
    func shownStroke(_ index: Int) -> Stroke {
      stroke == .solid && depth == nil ? .ofSeries(color ?? index) : stroke
    }

    /// The name of its color, as the `index`th series.
    func colorName(_ index: Int) -> String {
      depth.map(Palette.name) ?? "\(Palette.index(color ?? index))"
    }
  }

  private let frame: ChartFrame
  private let scales: (x: AxisScale, y: AxisScale)
  private var series: [Series]
  private let isLegendShown: Bool

  /// A chart of these curves. Points that are not finite leave a gap; of more than 500 points of a curve the least and
  /// the greatest of each stretch are kept, so that peaks stay.
  package init(
    _ title: String, note: String = "", x: String = "step", y: String = "", xScale: AxisScale = .linear,
    yScale: AxisScale = .linear, showsLegend: Bool = true, _ series: [Series]
  ) {
    frame = ChartFrame(title: title, note: note, xLabel: x, yLabel: y)
    scales = (xScale, yScale)
    isLegendShown = showsLegend
    self.series = series
    for index in series.indices { self.series[index].points = Self.thinned(series[index].points, to: 500) }
  }

  package var html: HTML {
    let points = series.flatMap(\.points)
    let x = Axis(points.map(\.x), scales.x, from: ChartFrame.left, to: ChartFrame.right)
    let y = Axis(
      points.map(\.y) + points.compactMap(\.band).flatMap { [$0.lowerBound, $0.upperBound] }, scales.y,
      from: ChartFrame.bottom, to: ChartFrame.top, padding: 0.04)
    var drawing = frame.axes(x: x, y: y)
    if !points.contains(where: { x.place($0.x) != nil && y.place($0.y) != nil }) { drawing += ChartFrame.empty }
    for (index, series) in series.enumerated() {
      drawing += Self.band(series, series.colorName(index), x, y)
    }
    for (index, series) in series.enumerated() {
      drawing += Self.curve(series, series.colorName(index), series.shownStroke(index), x, y)
    }
    drawing += "<line class=\"cursor\" y1=\"\(at: ChartFrame.top)\" y2=\"\(at: ChartFrame.bottom)\"/>"
    return frame.figure(
      drawing, legend: isLegendShown && series.count > 1 ? .legend(of: series) : "",
      data: ScriptData.element(json(x, y), for: "curves"))
  }

  private static func curve(
    _ series: Series, _ color: String, _ stroke: Stroke, _ x: Axis, _ y: Axis
  ) -> HTML {
    var path = ""
    var isDown = false
    var lonely: [HTML] = []
    let places = series.points.map { point in x.place(point.x).flatMap { x in y.place(point.y).map { (x, $0) } } }
    for (index, place) in places.enumerated() {
      guard let place else {
        isDown = false
        continue
      }
      let next = index + 1 < places.count ? places[index + 1] : nil
      // A point without neighbors would be a line without length.
      if !isDown, next == nil {
        lonely.append("<circle class=\"f\(color)\" cx=\"\(at: place.0)\" cy=\"\(at: place.1)\" r=\"2.5\"/>")
      }
      path += ("\(isDown ? "L" : "M")\(at: place.0) \(at: place.1)" as HTML).markup
      isDown = true
    }
    let style: HTML = stroke == .faint ? "\" style=\"opacity:.4;stroke-width:1" : stroke.className
    return "<path class=\"curve s\(color)\(style)\" d=\"\(path)\"/>\(lonely)"
  }

  private static func band(_ series: Series, _ color: String, _ x: Axis, _ y: Axis) -> HTML {
    // One area a stretch of points that all have a band.
    let areas = series.points.split { $0.band == nil }.map { stretch -> String in
      let corners =
        stretch.map { ($0.x, $0.band?.upperBound ?? 0) } + stretch.reversed().map { ($0.x, $0.band?.lowerBound ?? 0) }
      let places = corners.compactMap { corner in
        // A lower edge at or below 0 of a logarithmic axis is at its end.
        x.place(corner.0).map {
          ($0, min(max(y.place(corner.1) ?? ChartFrame.bottom, ChartFrame.top), ChartFrame.bottom))
        }
      }
      return "M" + places.map { ("\(at: $0.0) \(at: $0.1)" as HTML).markup }.joined(separator: "L") + "Z"
    }
    return areas.isEmpty ? "" : "<path class=\"band f\(color)\" d=\"\(areas.joined())\"/>"
  }

  private func json(_ x: Axis, _ y: Axis) -> String {
    let all = series.enumerated().map { index, series -> String in
      let key = series.key.map { ",\"key\":\(ScriptData.string($0))" } ?? ""
      return "{\"name\":\(ScriptData.string(series.name)),\"color\":\"\(series.colorName(index))\"\(key),"
        + "\"x\":\(ScriptData.numbers(series.points.map(\.x))),\"y\":\(ScriptData.numbers(series.points.map(\.y)))}"
    }
    let box = [ChartFrame.left, ChartFrame.top, ChartFrame.right, ChartFrame.bottom]
    return "{\"x\":\(ScriptData.string(frame.xLabel)),\"log\":\(scales.x == .logarithmic),"
      + "\"yLog\":\(scales.y == .logarithmic),\"yRange\":\(ScriptData.numbers([y.low, y.high])),"
      + "\"range\":\(ScriptData.numbers([x.low, x.high])),\"box\":\(ScriptData.numbers(box)),"
      + "\"series\":[\(all.joined(separator: ","))]}"
  }

  /// At most about `count` points: the first, the last, and of each stretch between the least and the greatest, which
  /// are points of the curve and not means.
  static func thinned(_ points: [Point], to count: Int) -> [Point] {
    guard points.count > count, count > 2 else { return points }
    let stretches = (count - 2) / 2
    var kept = [0]
    for stretch in 0..<stretches {
      let range = 1 + stretch * (points.count - 2) / stretches..<1 + (stretch + 1) * (points.count - 2) / stretches
      let ends = [range.min { points[$0].y < points[$1].y }, range.max { points[$0].y < points[$1].y }]
      kept += Set(ends.compactMap { $0 } + range.filter { !points[$0].y.isFinite }.prefix(1)).sorted()
    }
    return (kept + [points.count - 1]).map { points[$0] }
  }
}

extension HTML {
  /// The names of curves, each with its color; none where there is no curve.
  static func legend(of series: [LineChart.Series]) -> HTML {
    // Of many layers the first, the last and some between are enough to read their colors.
    let every = series.contains { $0.depth == nil } ? 1 : max((series.count + 9) / 10, 1)
    let items = series.enumerated().filter { $0.offset % every == 0 || $0.offset == series.count - 1 }.map {
      legendItem($1.name, color: $1.colorName($0), stroke: $1.shownStroke($0))
    }
    return items.isEmpty ? "" : "<p class=\"legend\">\(items)</p>"
  }
}
