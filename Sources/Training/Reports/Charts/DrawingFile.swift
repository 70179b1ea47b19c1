/// Charts as one SVG file, light or dark by the reader's setting: for documents that show pictures and no pages.
package struct DrawingFile {
  private struct Part {
    var title: String
    var note: String
    var drawing: String
    var height: Double
    var legend: [(color: String, name: String)]
  }

  private let parts: [Part]
  private let columns: Int

  /// A file of `charts`, of which `columns` are side by side.
  package init(_ charts: [HTML], columns: Int = 2) {
    parts = charts.compactMap { Self.part($0.markup) }
    self.columns = max(columns, 1)
  }

  /// What stands between two texts, and what comes after.
  private static func between(_ start: String, _ end: String, in text: Substring) -> (
    inside: Substring, rest: Substring
  )? {
    guard let from = text.firstRange(of: start), let to = text[from.upperBound...].firstRange(of: end) else {
      return nil
    }
    return (text[from.upperBound..<to.lowerBound], text[to.upperBound...])
  }

  /// The parts of a figure as `ChartFrame` writes it.
  private static func part(_ figure: String) -> Part? {
    guard let (title, afterTitle) = between("<strong>", "</strong>", in: figure[...]),
      let (note, afterNote) = between("", "</figcaption>", in: afterTitle),
      let (box, afterBox) = between("<svg viewBox=\"", "\"", in: afterNote),
      let (_, inside) = between("", ">", in: afterBox),
      let height = box.split(separator: " ").last.flatMap({ Double($0) }),
      let end = inside.ranges(of: "</svg>").last
    else { return nil }
    var legend: [(color: String, name: String)] = []
    var rest = inside[end.upperBound...]
    while let (color, afterColor) = between("<i class=\"", "\"></i>", in: rest),
      let (name, afterName) = between("", "</span>", in: afterColor)
    {
      legend.append((String(color), String(name)))
      rest = afterName
    }
    return Part(
      title: String(title), note: String(note), drawing: String(inside[..<end.lowerBound]), height: height,
      legend: legend)
  }

  /// The names in lines that fit, each with the place where it begins.
  private static func lines(_ part: Part) -> [(x: Double, line: Int, color: String, name: String)] {
    var (x, line) = (0.0, 0)
    return part.legend.map { color, name in
      let width = Double(name.count) * 7 + 36
      if x > 0, x + width > ChartFrame.width { (x, line) = (0, line + 1) }
      defer { x += width }
      return (x, line, color, name)
    }
  }

  /// The file's text.
  package var svg: String {
    let (width, gap, top) = (ChartFrame.width, 24.0, 24.0)
    let heights = parts.map { part in top + part.height + Double((Self.lines(part).last?.line ?? -1) + 1) * 16 }
    let rows = stride(from: 0, to: parts.count, by: columns).map {
      heights[$0..<min($0 + columns, heights.count)].max() ?? 0
    }
    let size = (
      x: Double(min(columns, max(parts.count, 1))) * (width + gap) + gap, y: rows.reduce(gap) { $0 + $1 + gap }
    )
    var body: HTML = ""
    for (index, part) in parts.enumerated() {
      let place = (
        x: gap + Double(index % columns) * (width + gap),
        y: gap + rows.prefix(index / columns).reduce(0) { $0 + $1 + gap }
      )
      let legend = HTML(
        Self.lines(part).map { entry in
          let color = entry.color.replacing("k", with: "s")
          let y = part.height + top + 4 + Double(entry.line) * 16
          return """
            <path class="curve \(color)" d="M\(at: entry.x) \(at: y)h16"/><text x="\(at: entry.x + 21)" y="\(at: y + 4)">\
            \(HTML(trusted: entry.name))</text>
            """
        })
      body += """
        <g transform="translate(\(at: place.x) \(at: place.y))"><text class="strong" y="10">\(HTML(trusted: part.title))\
        <tspan class="note">\(HTML(trusted: part.note))</tspan></text>\
        <svg y="\(at: top)" width="\(at: width)" height="\(at: part.height)" viewBox="0 0 \(at: width) \(at: part.height)" \
        overflow="visible">\(HTML(trusted: part.drawing))</svg>\(legend)</g>

        """
    }
    return
      ("""
    <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(at: size.x) \(at: size.y)" width="\(at: size.x)" \
    font-family="system-ui,-apple-system,'Segoe UI',Roboto,'DejaVu Sans',sans-serif">
    <style>
    \(HTML(trusted: PageStyle.drawing))
    svg .note{fill:var(--mute)}
    </style>
    <rect width="100%" height="100%" fill="var(--bg)"/>
    \(body)</svg>

    """ as HTML).markup
  }
}
