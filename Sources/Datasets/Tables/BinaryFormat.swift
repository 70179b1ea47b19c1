/// Files that are given as a CSV by mistake, by their first bytes.
enum BinaryFormat: CaseIterable {
  case picture, workbook, oldWorkbook, compressed, pdf, parquet, database

  /// What begins with these bytes; `nil` for what may be text.
  init?(of beginning: [UInt8]) {
    // A header may begin as well with PAR1, but has no such bytes.
    guard beginning.prefix(4096).contains(where: { $0 < 9 || $0 >= 0x80 }),
      let found = Self.allCases.first(where: { $0.signatures.contains { beginning.starts(with: $0) } })
    else { return nil }
    self = found
  }

  private var signatures: [[UInt8]] {
    switch self {
    case .picture: [[0x89, 0x50, 0x4E, 0x47], [0xFF, 0xD8, 0xFF], Array("GIF8".utf8), Array("RIFF".utf8)]
    case .workbook: [[0x50, 0x4B, 3, 4]]
    case .oldWorkbook: [[0xD0, 0xCF, 0x11, 0xE0]]
    case .compressed: [[0x1F, 0x8B], [0x28, 0xB5, 0x2F, 0xFD], [0xFD, 0x37, 0x7A, 0x58, 0x5A], Array("BZh".utf8)]
    case .pdf: [Array("%PDF-".utf8)]
    case .parquet: [Array("PAR1".utf8)]
    case .database: [Array("SQLite format 3\0".utf8)]
    }
  }

  /// The rest of a sentence that begins with the file and "is".
  var sentence: String {
    switch self {
    case .picture: "a picture and no CSV; a table is text with a header and rows"
    case .workbook, .oldWorkbook: "a spreadsheet or an archive and no CSV; save the sheet as CSV in UTF-8"
    case .compressed: "compressed and should be a CSV; decompress it first"
    case .pdf: "a PDF and no CSV; a table is text with a header and rows"
    case .parquet: "a Parquet file and no CSV; convert it to CSV"
    case .database: "a database and no CSV; export the table as CSV"
    }
  }
}
