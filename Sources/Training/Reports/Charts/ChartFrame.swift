/// The frame of a chart: axes with their ticks around a box in which it is drawn, and the figure around all.
struct ChartFrame {
  static let width = 380.0
  static let (left, right, top, bottom) = (46.0, 370.0, 10.0, 196.0)

  var title: String
  var note = ""
  var xLabel = ""
  var yLabel = ""
  var height = 232.0

  /// The lines and numbers of both axes. Without `x`, the chart writes its own along the bottom.
  func axes(x: Axis?, y: Axis) -> HTML {
    var lines: HTML = ""
    for tick in y.ticks() {
      guard let place = y.place(tick) else { continue }
      lines += """
        <path class="rule" d="M\(at: Self.left) \(at: place)H\(at: Self.right)"/>\
        <text x="\(at: Self.left - 5)" y="\(at: place + 4)" text-anchor="end">\(Axis.label(tick))</text>
        """
    }
    for tick in x?.ticks(4) ?? [] {
      guard let place = x?.place(tick) else { continue }
      lines += """
        <path class="rule" d="M\(at: place) \(at: Self.top)V\(at: Self.bottom)"/>\
        <text x="\(at: place)" y="\(at: Self.bottom + 15)" text-anchor="middle">\(Axis.label(tick))</text>
        """
    }
    lines += "<path class=\"axis\" d=\"M\(at: Self.left) \(at: Self.top)V\(at: Self.bottom)H\(at: Self.right)\"/>"
    if !xLabel.isEmpty {
      lines += "<text x=\"\(at: Self.right)\" y=\"\(at: Self.bottom + 31)\" text-anchor=\"end\">\(xLabel)</text>"
    }
    return lines
  }

  /// A drawing of which only what is in the box is seen.
  static func clipped(_ drawing: HTML) -> HTML {
    let size: HTML = "width=\"\(at: right - left)\" height=\"\(at: bottom - top)\""
    return """
      <svg class="box" x="\(at: left)" y="\(at: top)" \(size) viewBox="\(at: left) \(at: top) \(at: right - left) \
      \(at: bottom - top)">\(drawing)</svg>
      """
  }

  /// What stands where there is nothing to draw.
  static let empty: HTML = """
    <text x="\(at: (left + right) / 2)" y="\(at: (top + bottom) / 2)" text-anchor="middle">no data</text>
    """

  /// The figure: caption, drawing, legend and data.
  func figure(_ drawing: HTML, legend: HTML = "", data: HTML = "", classes: String = "") -> HTML {
    let about = [yLabel, note].filter { !$0.isEmpty }.joined(separator: " · ")
    let focus: HTML = data.markup.isEmpty ? "" : " tabindex=\"0\""
    return """
      <figure class="chart \(classes)"\(focus)><figcaption><strong>\(title)</strong> \(about)</figcaption>\
      <svg viewBox="0 0 \(at: Self.width) \(at: height)" role="img" aria-label="\(title)">\(drawing)</svg>\
      \(legend)\(data)</figure>
      """
  }
}

/// Data for the page's script.
enum ScriptData {
  /// Text as JSON that cannot end the script it stands in.
  static func string(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"", "\\": result += "\\\(scalar)"
      case "<", ">", "&", "\u{0}"..<"\u{20}", "\u{7F}", "\u{2028}", "\u{2029}":
        let digits = String(scalar.value, radix: 16)
        result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }

  /// The exact number; what JSON has no number for as text, as in `metrics.jsonl`.
  static func number(_ value: Double) -> String {
    value.isFinite ? ShownNumber.exact(value) : "\"\(ShownNumber.exact(value))\""
  }

  static func numbers(_ values: [Double]) -> String { "[\(values.map(number).joined(separator: ","))]" }

  /// The element that holds `json`; a script finds it by the name of its class.
  static func element(_ json: String, for script: String) -> HTML {
    "<script type=\"application/json\" class=\"\(script)\">\(HTML(trusted: json))</script>"
  }
}
