/// A table whose rows come one at a time, so that its widths are fixed before the first one: one line each, none wider
/// than the terminal.
struct ProgressTable: Equatable {
  struct Column: Equatable {
    let title: String
    /// The width of its cells; the title may be wider.
    var width: Int
    /// The lowest is left out first where there is little space.
    let rank: Int

    fileprivate var space: Int { max(width, title.displayWidth) }
  }

  /// The columns that have space.
  let columns: [Column]

  /// A table of those of `columns` that fit in `width` characters; the one with the highest rank always stays.
  init(_ columns: [Column], within width: Int) {
    var columns = columns
    let isTooWide = { (columns: [Column]) in
      columns.reduce(0) { $0 + $1.space } + 2 * (columns.count - 1) > width
    }
    while columns.count > 1, isTooWide(columns),
      let least = columns.indices.min(by: { columns[$0].rank < columns[$1].rank })
    {
      columns.remove(at: least)
    }
    self.columns = columns
  }

  /// The titles.
  var header: String { line { $0.title } }

  /// A row; a column without a cell stays empty.
  func row(_ cells: [String: String]) -> String { line { cells[$0.title] ?? "" } }

  private func line(_ cell: (Column) -> String) -> String {
    let line = columns.map { column in
      cell(column).padded(to: column.space, isLeft: false)
    }.joined(separator: "  ")
    return String(line.reversed().drop { $0 == " " }.reversed())
  }
}
