import Foundation
import Testing

@testable import Datasets

/// Reading CSV files.
@Suite struct TableTests {
  static func table(_ text: String) throws -> Table { try Table(csv: Array(text.utf8), name: "t.csv") }

  static func rows(_ table: Table) throws -> [[String]] {
    try (0..<table.rowCount).map { row in try table.columns.indices.map { try table[row, $0] } }
  }

  @Test(
    arguments: [
      ("a,b\n1,2\n3,4\n", [["1", "2"], ["3", "4"]]),
      ("a,b\n1,2\n3,4", [["1", "2"], ["3", "4"]]),
      ("a,b\r\n1,2\r\n3,4\r\n", [["1", "2"], ["3", "4"]]),
      ("a,b\r1,2\r3,4\r", [["1", "2"], ["3", "4"]]),
      ("\u{FEFF}a,b\n1,2\n", [["1", "2"]]),
      ("a;b\n1,5;2\n", [["1,5", "2"]]),
      ("a\tb\n1 x\t2\n", [["1 x", "2"]]),
      ("a,b\n\"1,0\",\"say \"\"yes\"\"\"\n", [["1,0", "say \"yes\""]]),
      ("a,b\n\"one\ntwo\r\nthree\",2\n", [["one\ntwo\r\nthree", "2"]]),
      ("a,b\n \"1\" , \"2\" \n", [["1", "2"]]),
      ("a,b\n5\" pipe,x\n", [["5\" pipe", "x"]]),
      ("a,b\n,\n\n\r\n1,\n", [["", ""], ["1", ""]]),
      ("a,b\n\"\",\"\"\n", [["", ""]]),
      ("a,b\n", []),
      ("a\n1\n\n2\n", [["1"], ["2"]]),
      ("a,b\nå,日本\n", [["å", "日本"]]),
      // Semicolons separate, though there are as many commas.
      ("a;b;c\n1,5;2,5;3\n2,5;3;4,5\n", [["1,5", "2,5", "3"], ["2,5", "3", "4,5"]]),
    ] as [(String, [[String]])])
  func reads(_ text: String, _ expected: [[String]]) throws {
    #expect(try Self.rows(Self.table(text)) == expected)
    // The same in pieces of every size.
    for size in 1...max(min(text.utf8.count, 7), 1) {
      var (parser, builder) = (
        CSVParser(separator: try #require(Self.table(text).separator.asciiValue)), TableBuilder()
      )
      var rest = Array(text.utf8)[...]
      if rest.starts(with: [0xEF, 0xBB, 0xBF]) { rest = rest.dropFirst(3) }
      while !rest.isEmpty {
        try parser.parse(Array(rest.prefix(size)), to: &builder)
        rest = rest.dropFirst(size)
      }
      try parser.finish(&builder)
      #expect(builder.bytes == Array(expected.joined().joined().utf8), "pieces of \(size)")
      #expect(builder.lines.count == expected.count)
    }
  }

  @Test(arguments: [
    ("", "it is empty"),
    ("\n\n", "it is empty"),
    ("a,b\n1,2\n3\n", "line 3 has 1 field, but the header has 2"),
    ("a,b\n1,2,3\n", "line 2 has 3 fields, but the header has 2"),
    ("a,b\n\"x\ny\",2\n3\n", "line 4 has 1 field"),
    ("a\n1,2\n", "line 2 has 2 fields, but the header has 1 column"),
    ("a,a\n1,2\n", "line 1: columns 1 and 2 are both called 'a'"),
    ("a, a \n1,2\n", "both called 'a'"),
    ("a,,c\n1,2,3\n", "line 1: column 2 has no name"),
    (",column 1\n1,2\n", "both called 'column 1'"),
    ("a,b\n1,\"2\n3,4\n", "the quote that opens a field in line 2 is never closed"),
    ("a,b\n1,\"2\"x\n", "line 2 has text after the closing quote"),
    ("a,b\n1,\0\n", "line 2 has a zero byte"),
  ])
  func refusesWithTheLine(_ text: String, _ says: String) throws {
    let error = try #require(throws: DataError.self) { try Self.table(text) }
    #expect(error.message.contains(says), "\(error)")
    #expect(error.message.hasPrefix("t.csv"), "\(error)")
  }

  @Test func refusesOtherEncodings() throws {
    let latin = Array("a,b\n1,2\nM".utf8) + [0xFC] + Array("ller,3\n".utf8)
    let error = try #require(throws: DataError.self) { try Table(csv: latin, name: "t.csv") }
    #expect(error.message.contains("line 3 has bytes that are not UTF-8"))
    let header = try #require(throws: DataError.self) { try Table(csv: [0xFC, 10, 49, 10], name: "t.csv") }
    #expect(header.message.contains("line 1 has bytes that are not UTF-8"))
    let wide = try #require(throws: DataError.self) { try Table(csv: [0xFF, 0xFE, 97, 0], name: "t.csv") }
    #expect(wide.message.contains("UTF-16"))
  }

  @Test(
    arguments: [
      ([0x89, 0x50, 0x4E, 0x47, 13, 10, 26, 10], "is a picture and no CSV"),
      ([0xFF, 0xD8, 0xFF, 0xE0], "is a picture"),
      ([0x50, 0x4B, 3, 4], "save the sheet as CSV"), ([0x1F, 0x8B, 8, 0], "is compressed"),
      (Array("PAR1\0".utf8), "is a Parquet file"), (Array("%PDF-1.7\n%\u{E9}".utf8), "is a PDF"),
    ] as [([UInt8], String)])
  func refusesOtherFiles(_ beginning: [UInt8], _ says: String) throws {
    let error = try #require(throws: DataError.self) { try Table(csv: beginning + [10, 10], name: "t.csv") }
    #expect(error.message.hasPrefix("t.csv is") && error.message.contains(says), "\(error)")
    #expect(try Self.table("PAR1,BZh\n1,2\n").columns == ["PAR1", "BZh"])
  }

  @Test func programsThatNumberTheRowsGiveNoName() throws {
    let table = try Self.table(",a\n0,5\n1,6\n")
    #expect(table.columns == ["column 1", "a"])
    let wide = try Self.table("x,y,,\n1,2,,\n3,4,,5\n")
    #expect(wide.columns == ["x", "y", "column 3", "column 4"] && wide.rowCount == 2)
    #expect(throws: DataError.self) { try table[2, 0] }
    #expect(throws: DataError.self) { try table[-1, 0] }
    #expect(throws: DataError.self) { try table[0, 2] }
  }

  /// What Excel takes as the separator of a file.
  @Test(arguments: ["sep=;\n", "sep=;\r\n", "\u{FEFF}sep=;\r"]) func aFirstLineMaySayTheSeparator(line: String) throws {
    let table = try Self.table(line + "a;b\n1,5;2\n")
    #expect(
      table.columns == ["a", "b"] && table.separator == ";" && table.hasByteOrderMark == line.hasPrefix("\u{FEFF}"))
    #expect(table.line(0) == 3)
    #expect(try Self.table("sep=x;y\n1;2\n").columns == ["sep=x", "y"])
  }

  @Test func columnsThatAreNotThere() throws {
    let table = try Self.table("Age,b\n0,5\n")
    let error = try #require(throws: DataError.self) { try table.column(named: "age") }
    #expect(error.message == "t.csv has no column 'age'; it has 'Age', 'b'; did you mean 'Age'?")
  }

  /// A table with everything, cut at every byte: a table or a sentence, never a trap.
  @Test func truncatedAtEveryByte() throws {
    let whole = Array("\u{FEFF}a,\"b \"\"c\",d\r\n1,\"x\r\ny\",é\n\n2, \"z\" ,\"日\"\r".utf8)
    for count in 0...whole.count {
      do {
        let table = try Table(csv: Array(whole.prefix(count)), name: "t.csv")
        #expect(table.rowCount <= 2)
        _ = try Self.rows(table)
      } catch {
        #expect(error is DataError)
      }
    }
  }

  @Test func absurdSizesAreSentences() throws {
    let names = (0..<1_000_000).map { "c\($0)" }.joined(separator: ",")
    let columns = try #require(throws: DataError.self) { try Self.table(names + "\n1\n") }
    #expect(columns.message.contains("line 1 has more than 16384 columns"))
    let separators = [UInt8](repeating: UInt8(ascii: ","), count: 100_000_000)
    #expect(throws: DataError.self) { try Table(csv: separators) }
    let field = try #require(throws: DataError.self) {
      try Table(csv: Array("a,b\n1,".utf8) + [UInt8](repeating: 120, count: 100_000_000))
    }
    #expect(field.message.contains("line 2 has a field of more than 1048576 bytes"))
    let quoted = try #require(throws: DataError.self) {
      try Table(csv: Array("a,b\n1,2\n\"".utf8) + [UInt8](repeating: 10, count: 100_000_000))
    }
    #expect(quoted.message.contains("line 3 has a field of more than"))
    let row = try #require(throws: DataError.self) {
      try Table(csv: Array("a,b\n".utf8) + separators + [10])
    }
    #expect(row.message.contains("line 2 has 100000001 fields, but the header has 2 columns"))
  }

  @Test func filesAndPipes() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let file = folder.appending(path: "t.csv")
    // More than one piece, with quotes at every offset of a boundary.
    let rows = (0..<200_000).map { "\($0),\"x\"\"\($0 % 7)\"" }
    try Data(("a,b\n" + rows.joined(separator: "\n")).utf8).write(to: file)
    let table = try Table(contentsOf: file.path)
    #expect(table.rowCount == rows.count)
    for row in stride(from: 0, to: rows.count, by: 97) {
      #expect(try table[row, 0] == "\(row)" && table[row, 1] == "x\"\(row % 7)")
    }
    let error = try #require(throws: DataError.self) { try Table(contentsOf: folder.path) }
    #expect(error.message.contains("is a folder"))
    #expect(throws: DataError.self) { try Table(contentsOf: file.path + "x") }
  }
}
