/// Columns as wide as their widest cell; the columns in `left` are aligned left, the others right.
///
/// Where lines would be wider than `limit`, usually in a terminal, where they would wrap: first columns in `optional` are
/// left out, in that order; then cells of the widest columns in `left` are cut short; then the table is printed in parts,
/// one below the other, each with the first column.
func table(
  _ rows: [[String]], left: Set<Int> = [], optional: [Int] = [], limit: Int? = Terminal.columns(of: 1)
) -> [String] {
  var table = TextTable(rows, left: left)
  guard let limit else { return table.lines }
  table.omit(optional, limit)
  table.shorten(to: limit)
  return table.parts(within: limit).map(\.lines).joined(separator: [""]).map { $0 }
}

/// Rows of cells in columns.
struct TextTable {
  private var rows: [[String]]
  private var left: Set<Int>
  private var widths: [Int]

  init(_ rows: [[String]], left: Set<Int> = []) {
    (self.rows, self.left) = (rows, left)
    widths = (0..<(rows.map(\.count).max() ?? 0)).map { column in
      rows.map { column < $0.count ? $0[column].displayWidth : 0 }.max() ?? 0
    }
  }

  /// Between two columns.
  private static let gap = 2
  /// Columns are cut short to so many, and others are left out rather than to less than `readable`.
  private static let (least, readable) = (8, 20)

  private func width(atMost columns: Int = .max) -> Int {
    let cells = widths.indices.map { left.contains($0) ? min(widths[$0], columns) : widths[$0] }
    return cells.reduce(0, +) + Self.gap * (widths.count - 1)
  }

  /// Whether it can be cut short to that width.
  func canFit(_ limit: Int) -> Bool { width(atMost: Self.least) <= limit }

  /// Leaves out some of these columns, the first one first.
  fileprivate mutating func omit(_ columns: [Int], _ limit: Int) {
    var omitted: Set<Int> = []
    var table = self
    for column in columns where table.width(atMost: Self.readable) > limit {
      omitted.insert(column)
      table = keeping(widths.indices.filter { !omitted.contains($0) })
    }
    self = table
  }

  private func keeping(_ columns: [Int]) -> TextTable {
    TextTable(
      rows.map { row in columns.filter(row.indices.contains).map { row[$0] } },
      left: Set(columns.indices.filter { left.contains(columns[$0]) }))
  }

  fileprivate mutating func shorten(to limit: Int) {
    while width() > limit,
      let widest = left.filter(widths.indices.contains).max(by: { (widths[$0], $1) < (widths[$1], $0) }),
      widths[widest] > Self.least
    {
      widths[widest] -= 1
    }
    for row in rows.indices {
      for column in rows[row].indices { rows[row][column] = rows[row][column].shortened(to: widths[column]) }
    }
  }

  /// Tables of some columns each that fit, as far as a single column does.
  fileprivate func parts(within limit: Int) -> [TextTable] {
    guard width() > limit, widths.count > 2 else { return [self] }
    var parts: [[Int]] = [[0]]
    var used = widths[0]
    for column in widths.indices.dropFirst() {
      if used + Self.gap + widths[column] > limit, parts[parts.count - 1].count > 1 {
        parts.append([0])
        used = widths[0]
      }
      parts[parts.count - 1].append(column)
      used += Self.gap + widths[column]
    }
    return parts.map(keeping)
  }

  /// Its lines, without spaces at their ends.
  var lines: [String] {
    rows.map { row in
      let cells = row.enumerated().map { column, cell in
        cell.padded(to: widths[column], isLeft: left.contains(column))
      }
      let line = cells.joined(separator: String(repeating: " ", count: Self.gap))
      return String(line.reversed().drop { $0 == " " }.reversed())
    }
  }
}
