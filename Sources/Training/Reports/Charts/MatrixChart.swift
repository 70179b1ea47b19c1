/// A matrix of counts with a color for each: how often each class was predicted as each other one.
package struct MatrixChart: Sendable {
  private let title: String
  private let note: String
  private let counts: [[Int]]
  private let names: [String]
  private let axes: (rows: String, columns: String)

  /// A square matrix; `names` are those of its rows and columns, numbers where there are none. A cell is colored by its
  /// share of its row.
  package init(
    _ title: String, note: String = "", rows: String = "true", columns: String = "predicted", counts: [[Int]],
    names: [String] = []
  ) {
    self.title = title
    self.note = note
    self.counts = counts
    self.names = names
    axes = (rows, columns)
  }

  package var html: HTML {
    let count = counts.count
    let cell = count <= 12 ? 34.0 : count <= 30 ? 24.0 : max(720 / Double(max(count, 1)), 2)
    // Numbers of more than 30 classes could not be read; a cell's title says them.
    let showsNumbers = count <= 30
    let left = showsNumbers ? min(Double(longestName) * 6 + 24, 110) : 24
    let (top, size) = (showsNumbers ? 34.0 : 20, cell * Double(count))
    var drawing: HTML = """
      <text x="\(at: left)" y="11">\(axes.columns) →</text>\
      <text x="9" y="\(at: top)" text-anchor="end" transform="rotate(-90 9 \(at: top))">← \(axes.rows)</text>\
      <rect class="frame" x="\(at: left)" y="\(at: top)" width="\(at: size)" height="\(at: size)"/>
      """
    for (row, line) in counts.enumerated() {
      let total = line.reduce(0) { $0.addingReportingOverflow(max($1, 0)).partialValue }
      let y = top + Double(row) * cell
      if showsNumbers {
        drawing += """
          <text x="\(at: left - 5)" y="\(at: y + cell / 2 + 4)" text-anchor="end">\(shortened(name(row), 16))</text>\
          <text x="\(at: left + (Double(row) + 0.5) * cell)" y="\(at: top - 6)" text-anchor="middle">\
          \(shortened(name(row), Int(cell / 6.5)))</text>
          """
      }
      for (column, value) in line.prefix(count).enumerated() where value > 0 {
        let share = total > 0 ? Double(value) / Double(total) : 0
        drawing += self.cell(
          row, column, value, share, x: left + Double(column) * cell, y: y, size: cell, isWritten: showsNumbers)
      }
    }
    let about: HTML = "<figcaption><strong>\(title)</strong> \(note)</figcaption>"
    let (width, height) = (left + size + 2, top + size + 2)
    return """
      <figure class="matrix" style="max-width:\(at: max(width * 1.5, 360))px">\(about)\
      <svg viewBox="0 0 \(at: width) \(at: height)" role="img" aria-label="\(title)">\(drawing)</svg></figure>
      """
  }

  private func cell(
    _ row: Int, _ column: Int, _ value: Int, _ share: Double, x: Double, y: Double, size: Double, isWritten: Bool
  ) -> HTML {
    // From a hundredth on, a mistake is to be seen.
    let color: HTML = """
      <rect class="cell" style="fill-opacity:\(at: 0.06 + 0.72 * share)" x="\(at: x)" y="\(at: y)" \
      width="\(at: size)" height="\(at: size)"><title>\(axes.rows) \(name(row)), \(axes.columns) \(name(column)): \
      \(value)</title></rect>
      """
    guard isWritten else { return color }
    let letters = "\(value)".count
    let font: HTML = letters > 3 ? " style=\"font-size:\(at: min(11, size * 1.5 / Double(letters)))px\"" : ""
    return color + """
      <text class="strong" data-value="\(value)"\(font) x="\(at: x + size / 2)" y="\(at: y + size / 2 + 4)" \
      text-anchor="middle" pointer-events="none">\(value)</text>
      """
  }

  private func name(_ index: Int) -> String { index < names.count ? names[index] : "\(index)" }

  private var longestName: Int { counts.indices.map { min(name($0).count, 16) }.max() ?? 1 }

  private func shortened(_ name: String, _ letters: Int) -> String {
    name.count > letters ? name.prefix(max(letters - 1, 1)) + "…" : name
  }
}
