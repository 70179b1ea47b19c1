import Files

/// The columns and rows of a CSV file, as text.
///
/// Cells are in memory: their bytes, and 8 more for each. `TablePreparation` makes numbers of them.
public struct Table: Sendable {
  /// The most bytes of a file, columns of a table, and bytes of a cell.
  static let (greatestSize, mostColumns, longestCell) = (1 << 30, 16_384, 1 << 20)

  /// The file's name, or what else stands for the table in errors.
  public let name: String
  /// The names of the columns, all different.
  public let columns: [String]
  /// How many rows there are, the header not counted.
  public let rowCount: Int
  /// What separates the fields of the file: `,`, `;`, a tab or `|`.
  public let separator: Character
  /// Whether the file begins with the mark of UTF-8, by which Excel knows it.
  package let hasByteOrderMark: Bool
  /// The text of all cells, row by row.
  private let bytes: [UInt8]
  /// Where the text of each cell ends.
  private let ends: [Int]
  /// The line of the file that each row begins on.
  private let lines: [Int]

  /// Reads the CSV at `path`: RFC 4180, in UTF-8, with a header. The separator is found out: a comma, a semicolon, a
  /// tab or a vertical bar. Lines end with LF, CR LF or CR. The file is read piece by piece; it may have 1 GiB, 16,384 columns and 1 MiB
  /// a cell.
  ///
  /// Throws a `DataError` that names the file and the line for rows that are longer or shorter than the header, columns
  /// without a name or with that of another, quotes that are not closed, and bytes that are not UTF-8. The first column
  /// may have no name, as programs write it that number the rows, and so may the last ones; they are called `column 1`
  /// and so on. A first line such as `sep=;` says the separator.
  public init(contentsOf path: String) throws(DataError) { try self.init(contentsOf: path, allowsPipes: true) }

  package init(contentsOf path: String, allowsPipes: Bool) throws(DataError) {
    let file = try DataError.naming(path) { () throws(FileFailure) in
      try OpenFile(path, accepting: allowsPipes ? .regularOrPipe : .regular)
    }
    if let size = file.size, size > Self.greatestSize {
      throw DataError("\(path) should have at most \(Self.greatestSize) bytes, not \(size)")
    }
    try self.init(name: path) { () throws(DataError) in
      try DataError.naming(path) { () throws(FileFailure) in try file.next(atMost: 1 << 20) }
    }
  }

  /// Reads a CSV in memory, as `init(contentsOf:)` does. `name` stands for it in errors.
  public init(csv bytes: [UInt8], name: String = "the table") throws(DataError) {
    var rest = bytes[...]
    try self.init(name: name) { () throws(DataError) in
      let piece = rest.prefix(1 << 20)
      rest = rest.dropFirst(piece.count)
      return Array(piece)
    }
  }

  /// `next` gives the pieces of the file, and an empty one at its end.
  private init(name: String, _ next: () throws(DataError) -> [UInt8]) throws(DataError) {
    // Reading from a pipe gives pieces of any size.
    var (beginning, isWhole) = ([UInt8](), false)
    while beginning.count < 1 << 16, !isWhole {
      let piece = try next()
      isWhole = piece.isEmpty
      beginning += piece
    }
    if beginning.starts(with: [0xFF, 0xFE]) || beginning.starts(with: [0xFE, 0xFF]) {
      throw DataError("\(name) is text in UTF-16 and should be in UTF-8; save it so, or convert it with iconv")
    }
    if let found = BinaryFormat(of: beginning) { throw DataError("\(name) is \(found.sentence)") }
    hasByteOrderMark = beginning.starts(with: [0xEF, 0xBB, 0xBF])
    if hasByteOrderMark { beginning.removeFirst(3) }
    let declared = CSVSeparator.declared(in: &beginning)
    let separator = declared ?? CSVSeparator.detect(in: Array(beginning.prefix(1 << 16)), isWhole: isWhole)
    var builder = TableBuilder()
    do throws(DataError) {
      var parser = CSVParser(separator: separator, line: declared == nil ? 1 : 2)
      var (piece, total) = (beginning, 0)
      repeat {
        total += piece.count
        guard total <= Self.greatestSize else {
          throw DataError("the file should have at most \(Self.greatestSize) bytes")
        }
        try builder.reserve(piece.count)
        try parser.parse(piece, to: &builder)
        piece = isWhole ? [] : try next()
      } while !piece.isEmpty
      try parser.finish(&builder)
      guard !builder.columns.isEmpty else { throw DataError("it is empty and should have a header and rows") }
    } catch {
      throw error.message.hasPrefix(name.printable) ? error : DataError("\(name): \(error.message)")
    }
    self.name = name
    columns = builder.columns
    rowCount = builder.lines.count
    self.separator = Character(Unicode.Scalar(separator))
    bytes = builder.bytes
    ends = builder.ends
    lines = builder.lines
  }

  /// The text of a cell, with spaces as they are in the file. Throws a `DataError` where there is no such cell.
  public subscript(row: Int, column: Int) -> String {
    get throws(DataError) {
      guard (0..<rowCount).contains(row), columns.indices.contains(column) else {
        throw DataError("\(name) has no cell in row \(row) and column \(column), both counted from 0")
      }
      return String(decoding: bytes[range(row, column)], as: UTF8.self)
    }
  }

  /// What is in the header and the cells.
  package var digest: ContentDigest {
    ContentDigest(of: [Array(columns.joined(separator: "\0").utf8), bytes].joined())
  }

  /// The bytes of a cell without spaces around them.
  func trimmed(_ row: Int, _ column: Int) -> ArraySlice<UInt8> { bytes[range(row, column)].trimmed }

  /// The text of a cell without spaces around it.
  func text(_ row: Int, _ column: Int) -> String { String(decoding: trimmed(row, column), as: UTF8.self) }

  private func range(_ row: Int, _ column: Int) -> Range<Int> {
    let index = row * columns.count + column
    return (index == 0 ? 0 : ends[index - 1])..<ends[index]
  }

  /// Where a row is, for a sentence: `data.csv, line 7`.
  func place(_ row: Int) -> String { "\(name), line \(lines[row])" }

  /// The line of the file that a row begins on.
  package func line(_ row: Int) -> Int { lines[row] }

  /// The position of the column of this name. Throws a `DataError` that lists the columns where there is none.
  public func column(named column: String) throws(DataError) -> Int {
    guard let index = columns.firstIndex(of: column) else {
      let near = columns.first { $0.lowercased() == column.lowercased() }
      throw DataError(
        "\(name) has no column '\(column)'; it has \(columns.joinedBriefly)"
          + (near.map { "; did you mean '\($0)'?" } ?? ""))
    }
    return index
  }
}

extension String {
  /// The word with a number of such things: `1 row`, `2 rows`.
  func counted(_ count: Int) -> String { "\(count) \(self)\(count == 1 ? "" : "s")" }
}

extension [String] {
  /// The texts in quotes with commas between them; of many, the first twenty.
  var joinedBriefly: String {
    let shown = prefix(20).map { "'\($0.count <= 60 ? $0 : $0.prefix(40) + "…")'" }.joined(separator: ", ")
    return count <= 20 ? shown : "\(shown) and \(count - 20) more"
  }
}

extension ArraySlice<UInt8> {
  /// The bytes without spaces and ends of lines around them.
  var trimmed: ArraySlice<UInt8> {
    let isSpace = { (byte: UInt8) in byte == 32 || 9...13 ~= byte }
    guard let first = firstIndex(where: { !isSpace($0) }), let last = lastIndex(where: { !isSpace($0) }) else {
      return self[startIndex..<startIndex]
    }
    return self[first...last]
  }
}
