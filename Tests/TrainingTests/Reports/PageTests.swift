import Foundation
import Testing

@testable import Training

@Suite struct PageTests {
  @Test(arguments: [
    ("a & b", "a &amp; b"), ("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"),
    ("\" onload='x'", "&quot; onload=&#39;x&#39;"), ("a\u{1B}[31mb\u{0}", "a\\u{1B}[31mb\\u{0}"),
    ("Ünïcode 数", "Ünïcode 数"),
    ("&amp;", "&amp;amp;"),
  ]) func `what is interpolated is escaped`(text: String, expected: String) {
    #expect(("<td>\(text)</td>" as HTML).markup == "<td>\(expected)</td>")
    #expect(HTML(text: text).markup == expected)
  }

  @Test func `HTML in HTML is not escaped twice`() {
    let cell: HTML = "<b>\("<")</b>"
    #expect(("<td>\(cell)</td>" as HTML).markup == "<td><b>&lt;</b></td>")
    #expect((cell + cell).markup == "<b>&lt;</b><b>&lt;</b>")
  }

  @Test(arguments: [
    (0.0, "0", "0"), (1, "1", "1"), (-1, "−1", "-1"), (0.1, "0.1", "0.1"), (0.123456, "0.1235", "0.123456"),
    (12345.6, "12,346", "12345.6"), (1e-5, "1e−5", "1e-05"), (9.9996e-5, "1e−4", "9.9996e-05"),
    (9.999e-4, "0.0009999", "0.0009999"), (0.0017845, "0.001785", "0.0017845"), (0.0123456, "0.01235", "0.0123456"),
    (9e11, "9e11", "900000000000"), (5.12e-4, "0.000512", "0.000512"),
    (2.5e7, "2.5e7", "25000000"),
    (.nan, "NaN", "NaN"), (-.infinity, "−∞", "-Infinity"), (1e300, "1e300", "1e+300"), (999.96, "1000", "999.96"),
  ]) func `numbers are short for a person and exact for a check`(value: Double, short: String, exact: String) {
    let number = ShownNumber(value, key: "loss")
    #expect(number.text == short)
    #expect(number.exact == exact)
    #expect(number.html.markup.contains("data-key=\"loss\""))
    #expect(number.html.markup.contains("data-value=\"\(exact)\""))
    if value.isFinite { #expect(Double(exact) == value) }
  }

  @Test func `a page holds no address of another file`() {
    var page = Page(title: "<Runs>", subtitle: "two runs")
    page.section("Curves", [LineChart("Loss", [.init("a", [.init(x: 1, y: 2)])]).html])
    page.section("Other", note: "note", [.details("more", .preformatted("a\nb"))])
    let html = page.html
    #expect(html.hasPrefix("<!DOCTYPE html>"))
    #expect(html.contains("<title>&lt;Runs&gt;</title>"))
    #expect(html.contains("default-src 'none'"))
    #expect(!html.contains("src=\"http") && !html.contains("url(") && !html.contains("@import"))
    // The only address is a name, not a place: that of SVG's elements.
    let rest = html.replacing("http-equiv", with: "").replacing("http://www.w3.org/2000/svg", with: "")
    #expect(!rest.contains("http"))
  }

  @Test(
    arguments: [
      ([0.0343, 0.006191, 0.01824], ["0.034300", "0.006191", "0.018240"]), ([133, 126.5], ["133.0", "126.5"]),
      ([-1234.5, 3.25], ["−1,234.50", "3.25"]), ([1, 2], ["1", "2"]), ([.nan, 0.5, 1], ["NaN", "0.5", "1.0"]),
      // Digits of the least would be too many.
      ([1e-7, 1], ["1e−7", "1"]), ([123456, 0.001234], ["123,456", "0.001234"]), ([], []),
    ] as [([Double], [String])]) func `numbers of a column have the same digits`(values: [Double], texts: [String])
  {
    var table = PageTable(["a", "b"])
    for value in values { table.add([.init(ShownNumber(value)), "—"]) }
    let html = table.html.markup
    for (value, text) in zip(values, texts) {
      #expect(html.contains("data-value=\"\(ShownNumber.exact(value))\">\(text)</data>"), "\(text)")
    }
  }

  @Test func `names beyond the colors have dashes`() {
    let legend = HTML.legend((0..<20).map { "run \($0)" }).markup
    #expect(legend.contains("k7\"></i>run 7<") && legend.contains("k0 dash\"></i>run 8<"))
    #expect(legend.contains("k0 dot\"></i>run 16<"))
  }

  @Test func `a table's cells are escaped and aligned`() {
    var table = PageTable(["<class>", "recall"])
    table.add(["<a>", .bar(0.25, key: "recall"), .init(ShownNumber.count(-12345))])
    let html = table.html.markup
    #expect(html.contains("<th scope=\"col\">&lt;class&gt;</th>"))
    #expect(html.contains("<th scope=\"col\" class=\"num\">recall</th>"))
    #expect(html.contains("<th scope=\"row\">&lt;a&gt;</th>"))
    #expect(html.contains("25.00\u{A0}%") && html.contains("width:25%") && html.contains("−12,345"))
  }
}
