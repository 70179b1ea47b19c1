import Foundation
import Testing

@testable import Datasets

/// How the cells of a table are read: decimal marks, units, words for missing values, dates and the choice of columns.
@Suite struct TableReadingTests {
  /// A plan for a table of these columns, whose cells are separated by `|`, and a target `y`.
  private static func plan(
    _ columns: [(name: String, cells: String)], separator: String = ";",
    _ change: (inout TableReading) -> Void = { _ in }
  ) throws -> TablePlan {
    var reading = TableReading()
    change(&reading)
    return try TablePlan(table(columns, separator: separator), target: "y", reading: reading)
  }

  private static func table(_ columns: [(name: String, cells: String)], separator: String = ";") throws -> Table {
    let cells = columns.map { $0.cells.split(separator: "|", omittingEmptySubsequences: false).map(String.init) }
    let rows = (0..<(cells.first?.count ?? 0)).map { row in cells.map { "\"\($0[row])\"" } + ["\(row * row % 7)"] }
    let lines = [columns.map(\.name) + ["y"]] + rows
    return try Table(
      csv: Array(lines.map { $0.joined(separator: separator) }.joined(separator: "\n").utf8), name: "t.csv")
  }

  /// The number in each row of a column.
  private static func numbers(_ plan: TablePlan, _ name: String = "x") throws -> [Double?] {
    let column = try #require(plan.columns.first { $0.name == name })
    let place = try plan.table.column(named: name)
    #expect(column.kind == .number, "\(column)")
    return (0..<plan.table.rowCount).map {
      WrittenNumber(plan.table.trimmed($0, place))?.value(column.decimalMark)
    }
  }

  @Test(
    arguments: [
      // By the column itself.
      ("4.217|12,5", "1|2", ";", [4217, 12.5], nil), ("4,217|12.5", "1|2", ";", [4217, 12.5], nil),
      ("1,234,567.5|3", "1|2", ",", [1_234_567.5, 3], nil), ("1,5|2,25", "1|2", ",", [1.5, 2.25], nil),
      // By the others.
      (
        "4.217|5", "1,5|2,5", ";", [4217, 5],
        "'4.217' in column 'x' is read as 4217, as other columns have decimal commas"
      ),
      (
        "4.217|5", "1.5|2.5", ";", [4.217, 5],
        "'4.217' in column 'x' is read as 4.217, as other columns have decimal points"
      ),
      ("4,217|5", "1.5|2.5", "\t", [4217, 5], "--decimal comma reads it with a decimal comma"),
      // By nothing.
      ("4.217|5", "1|2", ";", [4.217, 5], "'4.217' in column 'x' is read as 4.217; --decimal comma"),
      ("4,217|5", "1|2", ";", [4.217, 5], "'4,217' in column 'x' is read as 4.217; --decimal point"),
      ("4,217|5", "1|2", ",", [4217, 5], "'4,217' in column 'x' is read as 4217; --decimal comma"),
    ] as [(String, String, String, [Double], String?)])
  func decimalMarks(_ x: String, _ other: String, _ separator: String, _ numbers: [Double], _ says: String?) throws {
    let plan = try Self.plan([("x", x), ("other", other)], separator: separator)
    #expect(try Self.numbers(plan) == numbers)
    if let says {
      #expect(plan.notes.contains { $0.contains(says) }, "\(plan.notes)")
    } else {
      #expect(plan.notes.isEmpty, "\(plan.notes)")
    }
  }

  @Test func theRequestedMarkWhereBothArePossible() throws {
    let plan = try Self.plan([("x", "4.217|5"), ("other", "1|2")]) { $0.decimal = .comma }
    #expect(try Self.numbers(plan) == [4217, 5])
    #expect(plan.notes.contains { $0.contains("as requested") }, "\(plan.notes)")
  }

  /// Another file may have another mark, which its own columns say.
  @Test func anotherFileWithAnotherMark() throws {
    let columns = [("x", "4.217|5|6"), ("other", "1,5|2,5|3,5")]
    let plan = try Self.plan(columns)
    let preparation = try plan.preparation(from: plan.rows)
    let own = try preparation.examples(of: plan.table, needsTarget: false)
    #expect(own.decimalMark == .comma)
    let other = try Self.table([("x", "4,217|5|6"), ("other", "1.5|2.5|3.5")], separator: ",")
    let examples = try preparation.examples(of: other, needsTarget: false)
    #expect(examples.features == own.features && examples.decimalMark == .point)
    // What may be both is read as in the training.
    let both = try preparation.examples(
      of: Self.table([("x", "4.217|5|6"), ("other", "1|2|3")]), needsTarget: false)
    #expect(both.features[0] == own.features[0] && both.decimalMark == .comma)
    let restored = try JSONDecoder().decode(TablePreparation.self, from: JSONEncoder().encode(preparation))
    #expect(restored == preparation)
  }

  @Test(
    arguments: [
      ("12 kg|7 kg|", "kg", [12, 7, nil]), ("$1,200|$300.5|-$4", "$", [1200, 300.5, -4]),
      ("15%|20%|7.5%", "%", [15, 20, 7.5]),
    ] as [(String, String, [Double?])])
  func oneUnit(_ cells: String, _ unit: String, _ numbers: [Double?]) throws {
    let plan = try Self.plan([("x", cells)])
    #expect(try Self.numbers(plan) == numbers)
    #expect(plan.columns[0].unit == unit)
    let preparation = try plan.preparation(from: plan.rows)
    #expect(try preparation.examples(of: plan.table).unreadableCount == 0)
    // Without its unit a number may be another one.
    let bare = try preparation.examples(of: Self.table([("x", "12|7|")]), needsTarget: false, isStrict: false)
    #expect(bare.unreadableCount == 2)
  }

  @Test(arguments: [
    ("12 kg|5 lb|7 kg|9 kg|7 kg|9 kg", "has different units, '12 kg' in line 2 and '5 lb' in line 3"),
    ("12 kg|5|7 kg|9 kg|7 kg|9 kg", "has different units, '12 kg' in line 2 and '5' in line 3"),
    ("12|5|tbd|9|7|9", "also has 'tbd' in line 4; if that says that a value is missing, add --missing 'tbd'"),
    ("1.5|2,5|1.5|2,5|1.5|2,5", "numbers with decimal points and others with decimal commas"),
  ])
  func almostNumbers(_ cells: String, _ says: String) throws {
    let plan = try Self.plan([("x", cells)])
    #expect(plan.columns[0].kind == .category)
    #expect(
      plan.notes.contains { $0.contains("column 'x' is not taken as numbers") && $0.contains(says) }, "\(plan.notes)")
  }

  @Test(arguments: [
    "None", "-", "#N/A", "nan", "NULL", "?", "n.a.", "NA", "n/a", "unknown", "#DIV/0!", "--", "–", "nil", "Missing",
  ])
  func knownWordsForMissing(_ word: String) throws {
    for cells in ["12|5|\(word)|9.5", "2026-01-31|2026-02-01|\(word)|2026-02-02", "yes|no|\(word)|yes"] {
      let plan = try Self.plan([("x", cells)])
      #expect(plan.columns[0].kind != .category && plan.columns[0].missing == 1, "\(plan.columns[0])")
      let preparation = try plan.preparation(from: plan.rows)
      #expect(preparation.columns[0].hasMissing)
      #expect(try preparation.examples(of: plan.table).unreadableCount == 0)
    }
  }

  /// Of a text, some of these words are one of the categories.
  @Test func wordsThatAreCategories() throws {
    let plan = try Self.plan([("x", "garage|none|none|garage|NA|unknown|unknown")])
    #expect(plan.columns[0].kind == .category && plan.columns[0].missing == 1)
    #expect(try plan.preparation(from: plan.rows).columns[0].categories == ["garage", "none", "unknown"])
    let target = try Table(csv: Array("x,y\n1,none\n2,flu\n3,none\n4,flu\n5,NA\n".utf8))
    #expect(try TablePlan(target, target: "y").target.classNames == ["flu", "none"])
    let numbers = try Table(csv: Array("x,y\n1,none\n2,7.5\n3,-\n4,8\n5,9\n".utf8))
    #expect(try TablePlan(numbers, target: "y").rows == [1, 3, 4])
  }

  @Test func ownWordsForMissing() throws {
    let plan = try Self.plan([("x", "12|5|tbd|9.5|9999"), ("z", "a|b|a|TBD|b")]) { $0.missing = ["TBD", "9999"] }
    #expect(try Self.numbers(plan)[1] == 5)
    #expect(plan.columns.map(\.missing) == [2, 1] && plan.notes.isEmpty, "\(plan.notes)")
    let preparation = try plan.preparation(from: plan.rows)
    let restored = try JSONDecoder().decode(TablePreparation.self, from: JSONEncoder().encode(preparation))
    #expect(try restored.examples(of: plan.table).features == preparation.examples(of: plan.table).features)
  }

  /// A number that says that a value is missing says nothing of the decimal mark.
  @Test func ownWordsThatAreNumbers() throws {
    let plan = try Self.plan([("x", "4.217|9.9|5"), ("other", "1,5|2,5|3,5")]) { $0.missing = ["9.9"] }
    #expect(plan.columns[0].decimalMark == .comma && plan.columns[0].missing == 1)
    let preparation = try plan.preparation(from: plan.rows)
    #expect(abs(try #require(preparation.columns[0].mean) - 2111) < 1e-9)
    let features = try preparation.examples(of: plan.table).features
    #expect(features[0] == 1 && features[features.count - 3] == -1)
  }

  @Test(
    arguments: [
      ("03/04/2026|05/06/2026", nil, "MM/DD/YYYY", "--date-order day-first"),
      ("03/04/2026|05/06/2026", .dayFirst, "DD/MM/YYYY", "--date-order month-first"),
      ("03-04-2026|05-06-2026", nil, "DD-MM-YYYY", "--date-order month-first"),
      ("03-04-2026|05-06-2026", .monthFirst, "MM-DD-YYYY", "--date-order day-first"),
      ("03/04/2026|15/06/2026", nil, "DD/MM/YYYY", nil), ("03/04/2026|05/16/2026", .dayFirst, "MM/DD/YYYY", nil),
      ("03-24-2026|05-06-2026", nil, "MM-DD-YYYY", nil), ("04/04/2026|05/05/2026", nil, "MM/DD/YYYY", nil),
      ("03.04.2026|05.06.2026", .monthFirst, "DD.MM.YYYY", nil),
    ] as [(String, TableReading.DateOrder?, String, String?)])
  func orderOfDates(_ cells: String, _ order: TableReading.DateOrder?, _ pattern: String, _ says: String?) throws {
    let plan = try Self.plan([("x", cells)]) { $0.dateOrder = order }
    #expect(plan.columns[0].datePattern == pattern)
    #expect(plan.notes.count == (says == nil ? 0 : 1), "\(plan.notes)")
    if let says { #expect(plan.notes[0].contains("'x' are read as \(pattern)") && plan.notes[0].contains(says)) }
  }

  @Test func chosenColumns() throws {
    let count = (1...30).map { "\($0)" }.joined(separator: "|")
    let values = (0..<30).map { "\($0 * 7 % 11)" }.joined(separator: "|")
    let columns = [("day", count), ("x", values), ("other", values)]
    let plan = try Self.plan(columns)
    #expect(plan.columns.map(\.kind) == [.ignored, .number, .number])
    #expect(plan.notes == ["left out, as it numbers the rows: 'day'; --include 'day' uses it all the same"])
    let chosen = try Self.plan(columns) { ($0.included, $0.ignored) = (["day"], ["other"]) }
    #expect(chosen.columns.map(\.kind) == [.number, .number, .ignored] && chosen.notes.isEmpty)
    #expect(chosen.columns[2].reason == "as requested")
    let texts = (0..<30).map { "t\($0 % 28)" }.joined(separator: "|")
    let included = try Self.plan([("x", values), ("text", texts)]) { $0.included = ["text"] }
    #expect(included.columns[1].kind == .category)
  }

  @Test(
    arguments: [
      (["z"], [], "has no column 'z'"), ([], ["z"], "has no column 'z'"),
      (["x"], ["x"], "cannot be left out and be included"),
      (["y"], [], "is the target"), (["x"], [], "no column to predict 'y' from; there is 'x: as requested'"),
      ([], ["same"], "column 'same' cannot be included: the value is '1' in all rows"),
    ] as [([String], [String], String)])
  func wrongChoices(_ ignored: [String], _ included: [String], _ says: String) throws {
    let columns = [("x", "1|2|3")] + (included == ["same"] ? [("same", "1|1|1")] : [])
    let error = try #require(throws: DataError.self) {
      try Self.plan(columns) { ($0.ignored, $0.included) = (ignored, included) }
    }
    #expect(error.message.contains(says), "\(error)")
  }

  @Test(
    arguments: [
      ("2026-01-31|2026-02-01|2026-03-01", nil, "has dates (YYYY-MM-DD), which cannot be predicted"),
      ("2026-01-31|2026-02-01|2026-03-01", .regression, "has dates (YYYY-MM-DD), which cannot be predicted"),
      ("7.5|8.5|tbd|9.5", .regression, "add --missing 'tbd'"), ("7.5|8.5|tbd|9.5", nil, "add --missing 'tbd'"),
    ] as [(String, TableGoal?, String)])
  func wrongTargets(_ cells: String, _ goal: TableGoal?, _ says: String) throws {
    let table = try Self.table([("when", cells)])
    let error = try #require(throws: DataError.self) { try TablePlan(table, target: "when", goal: goal) }
    #expect(error.message.contains(says), "\(error)")
  }

  /// A target in a unit is a number, also where commas separate its thousands.
  @Test func targetsWithUnits() throws {
    let plan = try TablePlan(Self.table([("price", "$1,200|$300|$4,500")], separator: ","), target: "price")
    #expect(plan.target.goal == .regression && plan.target.unit == "$")
    let preparation = try plan.preparation(from: plan.rows)
    #expect(try preparation.examples(of: plan.table).targets == [1200, 300, 4500])
  }

  @Test func unreadableCellsAreTakenAsMissing() throws {
    let plan = try Self.plan([("x", "1|2|4|"), ("z", "a|b|a|b")])
    let preparation = try plan.preparation(from: plan.rows)
    let table = try Self.table([("x", "1|two||4"), ("z", "a|b|c|b")])
    let examples = try preparation.examples(of: table, needsTarget: false, isStrict: false)
    #expect(examples.count == 4 && examples.unreadableCount == 1)
    let cell = try #require(examples.unreadable.first)
    #expect(cell.line == 3 && cell.column == "x" && cell.text == "two")
    #expect("\(cell)" == "line 3: column 'x' has 'two' and should have a number, at most 1e100")
    #expect(examples.features[3...4] == examples.features[6...7])
    #expect(throws: DataError.self) { try preparation.examples(of: table, needsTarget: false) }
  }
}
