import Testing

@testable import Training

/// Charts as an SVG file of their own.
@Suite struct DrawingFileTests {
  private static let chart = LineChart(
    "Loss & more", note: "a <note>",
    [
      .init("first", [.init(x: 0, y: 1), .init(x: 1, y: 0.5)]),
      .init("second", [.init(x: 0, y: 2), .init(x: 1, y: 1)]),
    ]
  ).html

  @Test func filesHoldTitleDrawingAndLegend() {
    let svg = DrawingFile([Self.chart, Self.chart, Self.chart], columns: 2).svg
    #expect(svg.hasPrefix("<svg xmlns=\"http://www.w3.org/2000/svg\""))
    #expect(svg.ranges(of: "Loss &amp; more").count == 3)
    #expect(svg.ranges(of: "a &lt;note&gt;").count == 3)
    #expect(svg.ranges(of: ">first</text>").count == 3 && svg.ranges(of: ">second</text>").count == 3)
    // No script and no data: a picture.
    #expect(!svg.contains("<script") && !svg.contains("<figure") && !svg.contains("<i "))
    #expect(svg.ranges(of: "<svg").count == svg.ranges(of: "</svg>").count)
    #expect(svg.ranges(of: "<g").count == svg.ranges(of: "</g>").count)
    #expect(svg.contains("prefers-color-scheme:dark"))
  }

  @Test func whatIsNoChartIsLeftOut() {
    let svg = DrawingFile(["<p>text</p>", Self.chart]).svg
    #expect(!svg.contains("text</p>"))
    #expect(svg.ranges(of: "Loss &amp; more").count == 1)
    #expect(DrawingFile([]).svg.hasPrefix("<svg"))
    #expect(DrawingFile([Self.chart], columns: -1).svg.contains("first"))
  }
}
