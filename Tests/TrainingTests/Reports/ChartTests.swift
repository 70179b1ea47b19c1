import Foundation
import Testing

@testable import Training

@Suite struct ChartTests {
  @Test(arguments: [
    ([0.0, 1.0], AxisScale.linear, [0, 0.2, 0.4, 0.6, 0.8, 1.0]), ([0.1, 0.37], .linear, [0.1, 0.2, 0.3]),
    ([-3, 12], .linear, [0, 5, 10]), ([1000, 60000], .linear, [20000, 40000, 60000]),
    ([1e-5, 1], .logarithmic, [1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1]), ([0.5, 20], .logarithmic, [0.5, 1, 2, 5, 10, 20]),
    ([1, 1e12], .logarithmic, [1, 1e3, 1e6, 1e9, 1e12]), ([0.1, 0.37], .logarithmic, [0.1, 0.2, 0.3]),
  ]) func `ticks are round numbers`(values: [Double], scale: AxisScale, expected: [Double]) {
    let ticks = Axis(values, scale, from: 0, to: 1).ticks()
    #expect(ticks.count == expected.count)
    for (tick, value) in zip(ticks, expected) { #expect(abs(tick - value) <= 1e-12 * value.magnitude) }
  }

  @Test func `places are by value or by logarithm`() {
    let linear = Axis([0, 10], from: 100, to: 200)
    #expect(linear.place(2.5) == 125)
    #expect(linear.place(.nan) == nil)
    let logarithmic = Axis([0.01, 100], .logarithmic, from: 0, to: 4)
    #expect(abs((logarithmic.place(0.1) ?? 0) - 1) < 1e-12)
    #expect(logarithmic.place(0) == nil && logarithmic.place(-1) == nil)
  }

  @Test(
    arguments: [
      [], [.nan], [.infinity, -.infinity], [0], [-1e308, 1e308], [.leastNonzeroMagnitude], [1, 1 + 1e-15], [-7],
      [1e-308, 1e308],
    ] as [[Double]])
  func `any numbers make a chart`(values: [Double]) {
    for scale in [AxisScale.linear, .logarithmic] {
      let points = values.map { LineChart.Point(x: $0, y: $0, band: $0.isNaN ? nil : $0...$0) }
      let chart = LineChart("t", xScale: scale, yScale: scale, [.init("a", points)]).html.markup
      #expect(chart.contains("<svg"))
      #expect(!chart.contains("d=\"Mnan") && !chart.contains("=\"inf"))
    }
    #expect(BarChart("t", over: .edges(values), [("a", values)]).html.markup.contains("<svg"))
    #expect(BarChart("t", over: .categories([]), [("a", values)], reference: values).html.markup.contains("<svg"))
    let histograms = values.map {
      (x: $0, histogram: HistogramChart.Histogram(low: -$0, high: $0, counts: [1, .max, -3]))
    }
    #expect(HistogramChart("t", histograms).html.markup.contains("<svg"))
  }

  @Test func `a chart's data are exact and cannot end their script`() throws {
    let points = [LineChart.Point(x: 10, y: 0.1 + 0.2), .init(x: 20, y: .nan)]
    let chart = LineChart("t", x: "step", [.init("</script><b>", points, key: "loss")]).html.markup
    let start = try #require(chart.range(of: "<script type=\"application/json\" class=\"curves\">")).upperBound
    let end = try #require(chart.range(of: "</script>", range: start..<chart.endIndex)).lowerBound
    let data = try JSONDecoder().decode(Data.self, from: Foundation.Data(chart[start..<end].utf8))
    let series = try #require(data.series.first)
    #expect(series.name == "</script><b>")
    #expect(series.key == "loss")
    #expect(series.y == [.number(0.1 + 0.2), .text("NaN")])
  }

  /// What a chart's script reads.
  private struct Data: Decodable {
    enum Value: Decodable, Equatable {
      case number(Double)
      case text(String)

      init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        self = try (try? container.decode(Double.self)).map(Self.number) ?? .text(container.decode(String.self))
      }
    }

    struct Series: Decodable {
      var name: String
      var key: String?
      var y: [Value]
    }

    var series: [Series]
  }

  @Test func `a long curve keeps its ends and peaks`() {
    var points = (0..<100_000).map { LineChart.Point(x: Double($0), y: Double($0 % 7)) }
    points[54_321].y = 100
    points[777].y = -100
    let thinned = LineChart.thinned(points, to: 500)
    #expect(thinned.count <= 500)
    #expect(thinned.first == points.first && thinned.last == points.last)
    #expect(thinned.contains(points[54_321]) && thinned.contains(points[777]))
    #expect(zip(thinned, thinned.dropFirst()).allSatisfy { $0.x < $1.x })
    #expect(Set(thinned).isSubset(of: Set(points)))
  }

  @Test func `a matrix shows each count`() {
    let chart = MatrixChart("m", counts: [[50, 3], [0, 1234]], names: ["<a>", "b"]).html.markup
    for count in [50, 3, 1234] { #expect(chart.contains("data-value=\"\(count)\"")) }
    #expect(chart.contains("true &lt;a&gt;, predicted b: 3"))
    // Rows of other lengths and names that lack.
    #expect(MatrixChart("m", counts: [[1], [2, 3, 4]]).html.markup.contains("<table"))
    #expect(MatrixChart("m", counts: []).html.markup.contains("<table"))
  }

  @Test(arguments: [2, 13, 100]) func `a matrix names its classes however many they are`(count: Int) {
    let names = (0..<count).map { "a very long name of class \($0)" }
    let counts = (0..<count).map { row in (0..<count).map { $0 == row ? row + 1 : 0 } }
    let chart = MatrixChart("m", counts: counts, names: names).html.markup
    for (index, name) in names.enumerated() {
      #expect(chart.contains(">\(index) \(name)</th>") && chart.contains("<span>\(index) \(name)</span>"))
      #expect(chart.contains("data-value=\"\(index + 1)\""))
    }
  }

  @Test func `predicted numbers stand over the true ones`() {
    let points = (0..<4000).map { (x: Double($0), y: $0 == 1234 ? -500 : Double($0)) }
    let chart = ScatterChart("t", x: "true", y: "predicted", points).html.markup
    let count = chart.split(separator: "<circle").count - 1
    #expect(count > 1000 && count <= ScatterChart.mostPoints)
    #expect(chart.contains("predicted −500") && chart.contains("of 4,000 drawn"))
    #expect(ScatterChart("t", x: "x", y: "y", []).html.markup.contains("no data"))
    #expect(ScatterChart("t", x: "x", y: "y", [(.nan, 1), (1, .infinity)]).html.markup.contains("no data"))
  }

  @Test func `contour lines go where a function has their value`() {
    // x² + y² on a grid of 41 × 41 over [−2, 2]²: circles.
    let values = (0..<41).map { row in
      (0..<41).map { column in pow(Double(column) / 10 - 2, 2) + pow(Double(row) / 10 - 2, 2) }
    }
    let lines = ContourLines(values).lines(at: 1)
    #expect(lines.count == 1)
    for line in lines {
      #expect(line.count > 50)
      #expect(line.first.map { "\($0)" } == line.last.map { "\($0)" })
      for point in line { #expect(abs(hypot(point.x / 10 - 2, point.y / 10 - 2) - 1) < 2e-3) }
    }
    // A saddle, x · y: two lines through no common point.
    let saddle = [[1.0, 0, -1], [0, 0, 0], [-1, 0, 1]]
    #expect(ContourLines(saddle).lines(at: 0.5).count == 2)
    #expect(ContourLines([[1, .nan], [3]]).lines(at: 2).isEmpty)
    #expect(ContourLines([]).lines(at: 2).isEmpty)
    let chart = ContourChart("t", x: -2...2, y: -2...2, values: values, paths: [.init("<a>", [.init(x: 1, y: 1)])])
    #expect(chart.html.markup.contains("&lt;a&gt;"))
    #expect(ContourChart("t", x: 0...0, y: 0...0, values: []).html.markup.contains("<svg"))
  }

  @Test func `a histogram's density is the share of its values in a unit`() {
    let histogram = HistogramChart.Histogram(low: -1, high: 1, counts: [1, 3, 4, 0])
    #expect(histogram.density(at: -0.9) == 1.0 / 8 / 0.5)
    #expect(histogram.density(at: 0.3) == 4.0 / 8 / 0.5)
    #expect(histogram.density(at: 1) == 0)
    #expect(histogram.density(at: 2) == 0)
  }
}
