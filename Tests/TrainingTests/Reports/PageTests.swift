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

  @Test func `a table's cells are escaped and aligned`() {
    var table = PageTable(["<class>", "recall"])
    table.add(["<a>", .bar(0.25, key: "recall"), .init(ShownNumber.count(-12345))])
    let html = table.html.markup
    #expect(html.contains("<th scope=\"col\">&lt;class&gt;</th>"))
    #expect(html.contains("<th scope=\"row\">&lt;a&gt;</th>"))
    #expect(html.contains("25.00 %") && html.contains("width:25%") && html.contains("−12,345"))
  }
}
