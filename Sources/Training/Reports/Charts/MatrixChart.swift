/// A matrix of counts with a color for each: how often each class was predicted as each other one.
///
/// It is a table, whose text has the same size whatever the number of classes is: where it is wider than the page, it
/// scrolls in its own frame, and the names of the rows stay.
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

  /// Names with the number of the class before them, where one is so long that only its beginning is shown.
  package static func labels(_ names: [String]) -> [String] {
    names.contains { $0.count > 20 } ? names.enumerated().map { "\($0) \($1)" } : names
  }

  package var html: HTML {
    // Longer names stand upright, so that they do not touch.
    let isUpright = counts.indices.contains { name($0).count > 3 }
    let labels = Self.labels(counts.indices.map(name))
    let columns = counts.indices.map { column -> HTML in
      isUpright
        ? "<th scope=\"col\" title=\"\(name(column))\"><span>\(labels[column])</span></th>"
        : "<th scope=\"col\">\(labels[column])</th>"
    }
    let rows = counts.enumerated().map { row, line -> HTML in
      let total = line.reduce(0) { $0.addingReportingOverflow(max($1, 0)).partialValue }
      let cells = counts.indices.map { column -> HTML in
        cell(row, column, column < line.count ? line[column] : 0, of: total)
      }
      return "<tr><th scope=\"row\" title=\"\(name(row))\">\(labels[row])</th>\(cells)</tr>"
    }
    let kind: HTML = isUpright ? " upright" : ""
    let size: HTML = counts.count > 12 ? " small" : ""
    return """
      <figure class="matrix"><figcaption><strong>\(title)</strong> \(note)</figcaption>\
      <div class="scroll"><table class="cells\(kind)\(size)"><thead><tr><th>\(axes.rows) ↓<br>\(axes.columns) →</th>\
      \(columns)</tr></thead><tbody>\(rows)</tbody></table></div></figure>
      """
  }

  private func cell(_ row: Int, _ column: Int, _ value: Int, of total: Int) -> HTML {
    let kind: HTML = row == column ? " class=\"same\"" : ""
    guard value > 0 else { return "<td\(kind)></td>" }
    // From a hundredth on, a mistake is to be seen.
    let share = total > 0 ? Double(value) / Double(total) : 0
    return """
      <td\(kind) style="--share:\(at: 0.06 + 0.72 * share)" data-value="\(value)" title="\(axes.rows) \(name(row)), \
      \(axes.columns) \(name(column)): \(value)">\(value)</td>
      """
  }

  private func name(_ index: Int) -> String { index < names.count ? names[index] : "\(index)" }
}
