import Foundation
import Testing

@testable import Datasets

@Suite struct TablePreparationTests {
  private static func table(_ text: String) throws -> Table { try Table(csv: Array(text.utf8), name: "t.csv") }

  /// A table of one column `x` with these cells, and a target.
  private static func column(_ cells: [String], separator: String = ",") throws -> TableColumn {
    let rows = cells.enumerated().map { "\($1)\(separator)\($0 % 2)" }
    let table = try table((["x\(separator)y"] + rows).joined(separator: "\n"))
    let survey = ColumnSurvey(table, column: 0)
    return TableColumn(survey, survey.numbers.mark ?? .point, TableReading())
  }

  @Test(
    arguments: [
      (["1", "2.5", "-3e2"], TableColumn.Kind.number), (["1", "NA", "2"], .number),
      (["1", "", "?", "null", "NaN"], .number),
      (["yes", "no", "Yes"], .boolean), (["t", "F"], .boolean), (["true", "false", "NA"], .boolean),
      (["2026-01-31", "2026-02-01"], .date), (["31.12.2026", "1.1.2027"], .date),
      (["12/31/2026", "01/02/2026"], .date), (["31/12/2026", "01/02/2026"], .date),
      (["a", "b", "a", "b"], .category), (["a", "b", "1", "1"], .category), (["1/2", "1/3", "1/2", "1/2"], .category),
      (["", "NA"], .ignored), (["5", "5"], .ignored), (["a", "a"], .ignored),
      (["a", "b", "c", "d"], .ignored),
      ((0..<20).map { "\($0)" }, .ignored), ((0..<20).map { "\($0 * 2)" }, .number),
      ((0..<10).map { "\($0)" }, .number),
      (["0x10", "0x11", "0x10", "0x10"], .category), (["inf", "1", "inf", "1"], .category),
      (["1e999", "1", "1e999", "1"], .category),
    ] as [([String], TableColumn.Kind)])
  func kinds(_ cells: [String], _ kind: TableColumn.Kind) throws {
    let column = try Self.column(cells)
    #expect(column.kind == kind, "\(column)")
    #expect((column.reason == nil) == (kind != .ignored))
  }

  @Test func decimalCommasWhereTheyDoNotSeparate() throws {
    #expect(try Self.column(["1,5", "2,5"], separator: ";").kind == .number)
    #expect(try Self.column(["1,5", "2.5", "1,5", "2.5"], separator: ";").kind == .category)
  }

  @Test(
    arguments: [
      (["1", "2", "3", "1", "2", "3", "1", "2", "3", "1", "2", "3", "1", "2", "3"], TableGoal.classification),
      (["1", "2", "3", "1"], .regression), (["1.5", "2", "1.5", "2", "2", "2", "2", "2", "2", "2"], .regression),
      (["a", "b", "a", "b"], .classification), (["yes", "no", "yes", "no"], .classification),
      ((0..<200).map { "\($0 % 40)" }, .regression),
    ] as [([String], TableGoal)])
  func goals(_ cells: [String], _ goal: TableGoal) throws {
    let rows = cells.enumerated().map { "\($0 * $0 % 7),\($1)" }
    let table = try Self.table((["x,y"] + rows).joined(separator: "\n"))
    #expect(try TablePlan(table, target: "y").target.goal == goal)
  }

  @Test(
    arguments: [
      ("x,y\n1,2\n2,3\n", "z", nil, "no column 'z'; it has 'x', 'y'"),
      ("x,y\n1,2\n", "y", nil, "one row below its header"),
      ("x,y\n", "y", nil, "no row below its header"),
      ("x,y\n1,2\n3,2\n", "y", nil, "is '2' in all rows"),
      ("x,y\n1,2\n3,2.0\n2,2\n2,2\n", "y", .classification, "in all rows"),
      ("x,y\n1,\n3,NA\n", "y", nil, "no value in any row"),
      ("x,y\n1,a\n3,b\n3,b\n", "y", .regression, "has 'a' in line 2"),
      ("x,y\n1,a\n3,b\n3,c\n", "y", nil, "3 different values in 3 rows"),
      ("x,y\n1,1\n1,2\n1,3\n", "y", nil, "no column to predict 'y' from"),
      ("y\n1\n2\n3\n", "y", nil, "no column to predict 'y' from"),
    ] as [(String, String, TableGoal?, String)])
  func wrongPlans(_ text: String, _ target: String, _ goal: TableGoal?, _ says: String) throws {
    let error = try #require(throws: DataError.self) {
      try TablePlan(Self.table(text), target: target, goal: goal)
    }
    #expect(error.message.contains(says), "\(error)")
  }

  private static let mixed = """
    id,size,kind,when,hot,y
    1,1,a,2026-01-05,yes,10
    2,,b,2026-04-06,no,20
    3,3,a,2026-07-07,no,30.5
    4,5,c,2026-10-08,yes,
    5,7,b,2026-01-09,no,50
    6,9,,2026-01-05,yes,60
    """

  /// What counts from 0 or 1 numbers the rows; years in order are data.
  @Test(arguments: [(0, false), (1, false), (1950, true), (-3, true), (2, true)])
  func numbersInOrder(first: Int, isFeature: Bool) throws {
    let rows = (0..<30).map { "\(first + $0),\($0 * 7 % 5),\($0 * $0)" }
    let plan = try TablePlan(Self.table("n,x,y\n" + rows.joined(separator: "\n")), target: "y")
    #expect((plan.columns[0].kind == .number) == isFeature)
  }

  /// Means and standard deviations of the rows 0, 1, 2 and 4, the row without a target left out, in float64 by hand.
  @Test func numbersOfRows() throws {
    let plan = try TablePlan(Self.table(Self.mixed), target: "y")
    #expect(plan.rows == [0, 1, 2, 4, 5])
    #expect(plan.columns.map(\.kind) == [.number, .number, .category, .date, .boolean])
    let preparation = try plan.preparation(from: [0, 1, 2, 4])
    #expect(preparation.numberCount == 1 + 2 + 5 + 1)
    #expect(preparation.codeCounts == [4])
    let size = preparation.columns[1]
    #expect(abs(try #require(size.mean) - 11.0 / 3) < 1e-12)
    #expect(abs(try #require(size.deviation) - 6.222222222222222.squareRoot()) < 1e-12)
    #expect(preparation.columns[2].categories == ["a", "b"])
    let examples = try preparation.examples(of: plan.table)
    #expect(examples.rows == [0, 1, 2, 4, 5] && examples.skipped == 1)
    #expect(examples.targets == [10, 20, 30.5, 50, 60])
    let rows = stride(from: 0, to: examples.features.count, by: examples.featureCount).map {
      Array(examples.features[$0..<$0 + examples.featureCount])
    }
    // The missing size: the mean, and an indicator.
    #expect(rows[1][1...2] == [0, 1])
    #expect(abs(rows[0][1] - Float((1 - 11.0 / 3) / 6.222222222222222.squareRoot())) < 1e-6 && rows[0][2] == 0)
    // January 5, 2026 is a Monday: sine and cosine of 0. In July, half a turn; a Tuesday.
    #expect(rows[0][4...7] == [0, 1, 0, 1])
    #expect(abs(rows[2][4]) < 1e-6 && abs(rows[2][5] + 1) < 1e-6)
    #expect(abs(rows[2][6] - 0.781_831_5) < 1e-6 && abs(rows[2][7] - 0.623_489_8) < 1e-6)
    // a, b, a, b; the last row has none.
    #expect(rows.map(\.last) == [2, 3, 2, 3, 1])
    #expect(abs(preparation.target.mean - 27.625) < 1e-12)
    #expect(abs(examples.standardizedTargets[0] - Float((10 - 27.625) / preparation.target.deviation)) < 1e-6)
  }

  @Test func savesAndPreparesAnotherTableTheSame() throws {
    let plan = try TablePlan(Self.table(Self.mixed), target: "y")
    let preparation = try plan.preparation(from: plan.rows)
    let saved = try JSONEncoder().encode(preparation)
    let restored = try JSONDecoder().decode(TablePreparation.self, from: saved)
    #expect(restored == preparation)
    // Another order, another separator, more columns, no target, an unknown category.
    let other = try Self.table("hot;more;kind;size;when;id\nyes;1;a;1;2026-01-05;1\nno;1;new;NA;2026-04-06;2\n")
    let examples = try restored.examples(of: other, needsTarget: false)
    let own = try preparation.examples(of: plan.table)
    let width = own.featureCount
    #expect(Array(examples.features.prefix(width)) == Array(own.features.prefix(width)))
    #expect(examples.features.dropFirst(width).dropLast() == own.features[width..<2 * width].dropLast())
    #expect(examples.features.last == 0 && examples.unknownCategories == 1)
    #expect(examples.targets.isEmpty)
  }

  @Test(arguments: [
    ("id,size,kind,when\n1,1,a,2026-01-05\n", "has no column 'hot'; it has"),
    ("id,Size,kind,when,hot\n1,1,a,2026-01-05,no\n", "did you mean 'Size'?"),
    ("id,size,kind,when,hot\n1,big,a,2026-01-05,no\n", "line 2: column 'size' has 'big' and should have a number"),
    (
      "id,size,kind,when,hot\n1,1,a,05.01.2026,no\n", "column 'when' has '05.01.2026' and should have a date YYYY-MM-DD"
    ),
    ("id,size,kind,when,hot\n1,1,a,2026-01-05,maybe\n", "should have no or yes"),
  ])
  func tablesThatDoNotFit(_ text: String, _ says: String) throws {
    let plan = try TablePlan(Self.table(Self.mixed), target: "y")
    let preparation = try plan.preparation(from: plan.rows)
    let error = try #require(throws: DataError.self) {
      try preparation.examples(of: Self.table(text), needsTarget: false)
    }
    #expect(error.message.contains(says), "\(error)")
  }

  @Test func classesByNumberAndByText() throws {
    let numbers = try Self.table("x,y\n1,10\n2,9\n3,10.0\n4,9\n")
    let plan = try TablePlan(numbers, target: "y", goal: .classification)
    #expect(plan.target.classNames == ["9", "10"])
    let preparation = try plan.preparation(from: plan.rows)
    #expect(try preparation.examples(of: numbers).labels == [1, 0, 1, 0])
    let error = try #require(throws: DataError.self) {
      try preparation.examples(of: Self.table("x,y\n1,11\n"))
    }
    #expect(
      error.message.contains("the target 'y' is '11' and should be one of the classes of the training: '9', '10'"))
  }

  @Test func splitsByClassAndBySeed() throws {
    let rows = (0..<100).map { "\($0 * 7 % 31),\(["a", "b", "b", "b", "b"][$0 % 5])" }
    let plan = try TablePlan(Self.table((["x,y"] + rows).joined(separator: "\n")), target: "y")
    let (train, validation) = try plan.split(validationFraction: 0.2, seed: 3)
    #expect((train + validation).sorted() == Array(0..<100))
    #expect(validation.count { $0 % 5 == 0 } == 4 && validation.count == 20)
    #expect(try plan.split(validationFraction: 0.2, seed: 3).validation == validation)
    #expect(try plan.split(validationFraction: 0.2, seed: 4).validation != validation)
    #expect(try plan.split(validationFraction: 0, seed: 3).validation.isEmpty)
    for wrong in [-0.1, 1, 2, .nan] {
      #expect(throws: DataError.self) { try plan.split(validationFraction: wrong, seed: 0) }
    }
    #expect(throws: DataError.self) { try plan.preparation(from: []) }
    #expect(throws: DataError.self) { try plan.preparation(from: [100]) }
  }

  /// Files that a preparation may be read from, each wrong in one place.
  @Test(arguments: [
    #""mean":null,"deviation":1"#, #""mean":1,"deviation":0"#, #""mean":1,"deviation":-1"#, #""deviation":1"#,
    #""mean":1e999,"deviation":1"#, #""mean":"1","deviation":1"#,
  ])
  func damagedPreparations(_ moments: String) throws {
    let text = { (moments: String) in
      """
      {"columns":[{"name":"x","kind":"number","missing":0,\(moments),"hasMissing":false,"decimalComma":false,
      "words":[],"hasTime":false,"categories":[]}],"target":{"name":"y","goal":"regression","found":"","classNames":[],
      "mean":0,"deviation":1,"decimalComma":false,"areNumbers":true}}
      """
    }
    let right = text(#""mean":1,"deviation":1"#)
    #expect(throws: Never.self) { try JSONDecoder().decode(TablePreparation.self, from: Data(right.utf8)) }
    #expect(throws: (any Error).self) {
      try JSONDecoder().decode(TablePreparation.self, from: Data(text(moments).utf8))
    }
    for count in 0..<right.utf8.count {
      #expect(throws: (any Error).self) {
        try JSONDecoder().decode(TablePreparation.self, from: Data(right.utf8.prefix(count)))
      }
    }
  }
}
