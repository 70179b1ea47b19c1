import Testing

@testable import Datasets

/// Columns of which a cell keeps the others from being what they are: notes and errors say which.
@Suite struct ColumnNoteTests {
  private static func table(_ cells: [String], with other: Bool) throws -> Table {
    let rows = cells.enumerated().map { "\"\($1)\"" + (other ? ",\($0 * 3 % 5)" : "") + ",\($0 % 2)" }
    return try Table(csv: Array(([other ? "x,a,y" : "x,y"] + rows).joined(separator: "\n").utf8), name: "t.csv")
  }

  private static let dates = (1...19).map { "2026-01-\($0 < 10 ? "0" : "")\($0)" }

  @Test(arguments: [
    (
      dates + ["2026-02-30"],
      "is not taken as dates, though 19 of its 20 values are: it also has '2026-02-30' in line 21"
    ),
    // An escape would color the terminal.
    (dates + ["2026-02-\u{1B}[31m"], "it also has '2026-02-\\u{1B}[31m' in line 21"),
    (
      ["tbd"] + dates.dropFirst() + ["soon"],
      "'tbd' in line 2, 'soon' in line 21; if that says that a value is missing, add --missing 'tbd'"
    ),
    (
      (1...19).map { "\($0 * $0)" } + ["1e200"],
      "it has '1e200' in line 21, and the greatest number that is taken is 1e+100; write the column in a larger unit"
    ),
    ((0..<20).map { "\($0)e250" }.dropFirst().map { $0 } + ["7"], "though 20 of its 20 values are: it has '1e250'"),
  ])
  func cellsAreNamed(_ cells: [String], _ says: String) throws {
    let notes = try TablePlan(try Self.table(cells, with: true), target: "y").notes
    #expect(notes.contains { $0.contains(says) }, "\(notes)")
    // Where there is no other column, the error says it.
    let error = #expect(throws: DataError.self) { try TablePlan(try Self.table(cells, with: false), target: "y") }
    #expect(error?.message.contains(says) == true, "\(error?.message ?? "")")
  }

  @Test func textsWithAFewDatesAreTexts() throws {
    let cells = (0..<40).map { $0 % 2 == 0 ? "2026-01-31" : "later" }
    let plan = try TablePlan(try Self.table(cells, with: true), target: "y")
    #expect(plan.notes.isEmpty && plan.columns.first?.kind == .category, "\(plan.notes)")
  }

  @Test func shortYearsAreReadAndNoted() throws {
    let cells = (1...20).map { "\($0).12.99" }
    let plan = try TablePlan(try Self.table(cells, with: true), target: "y")
    #expect(plan.columns.first?.datePattern == "DD.MM.YY")
    #expect(
      plan.notes.contains { $0.contains("'x' are read as DD.MM.YY, with years from 1969 to 2068") }, "\(plan.notes)")
  }

  @Test func barsSeparate() throws {
    let table = try Table(csv: Array("x|y\n1,5|2\n2,5|3".utf8))
    #expect(table.columns == ["x", "y"] && table.separator == "|")
  }
}
