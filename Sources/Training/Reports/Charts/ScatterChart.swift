/// Points whose two numbers should be equal, with the line where they are: what was predicted over what is true.
package struct ScatterChart: Sendable {
  private let frame: ChartFrame
  private let points: [(x: Double, y: Double)]

  /// The most points that are drawn.
  static let mostPoints = 1500

  /// A chart of these points. Of more than 1,500 the ones furthest from the line are drawn, and of the others evenly spaced
  /// ones.
  package init(_ title: String, note: String = "", x: String, y: String, _ points: [(x: Double, y: Double)]) {
    self.points = Self.thinned(points)
    let drawn = self.points.count
    let rest = drawn < points.count ? "\(ShownNumber.grouped(drawn)) of \(ShownNumber.grouped(points.count)) drawn" : ""
    frame = ChartFrame(
      title: title, note: [note, rest].filter { !$0.isEmpty }.joined(separator: "; "), xLabel: x, yLabel: y)
  }

  private static func thinned(_ points: [(x: Double, y: Double)]) -> [(x: Double, y: Double)] {
    guard points.count > mostPoints else { return points }
    let far = points.indices.sorted {
      (points[$1].y - points[$1].x).magnitude < (points[$0].y - points[$0].x).magnitude
    }.prefix(100)
    let spaced = (0..<(mostPoints - 100)).map { $0 * points.count / (mostPoints - 100) }
    return Set(far).union(spaced).sorted().map { points[$0] }
  }

  package var html: HTML {
    // The same numbers along both sides, so that the line is the diagonal.
    let all = points.flatMap { [$0.x, $0.y] }
    let x = Axis(all, from: ChartFrame.left, to: ChartFrame.right, padding: 0.03)
    let y = Axis(all, from: ChartFrame.bottom, to: ChartFrame.top, padding: 0.03)
    var drawing = frame.axes(x: x, y: y)
    drawing += """
      <path class="curve s1 dash" d="M\(at: ChartFrame.left) \(at: ChartFrame.bottom)L\(at: ChartFrame.right) \
      \(at: ChartFrame.top)"/>
      """
    var isEmpty = true
    for point in points {
      guard let px = x.place(point.x), let py = y.place(point.y) else { continue }
      isEmpty = false
      drawing += """
        <circle class="f0" fill-opacity=".5" cx="\(at: px)" cy="\(at: py)" r="2.5"><title>\(frame.xLabel) \
        \(ShownNumber.short(point.x)), \(frame.yLabel) \(ShownNumber.short(point.y))</title></circle>
        """
    }
    return frame.figure(isEmpty ? drawing + ChartFrame.empty : drawing)
  }
}
