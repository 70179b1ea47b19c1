import Backprop
import Files

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// The rows of a run: read, looked at, split and prepared.
struct TrainingTable {
  /// What is in the file, and in that for validation.
  let digests: DataDigests
  let preparation: TablePreparation
  let train: TableExamples
  /// `nil` where there is none.
  var validation: TableExamples? { validationRows?.examples }
  /// The validation rows with the table that they are of; `nil` where there is none.
  let validationRows: ValidationRows?
  /// The last part of the file's name.
  let shortName: String
  /// What was found, as lines of text.
  let survey: [String]

  /// Rows as numbers, and the table with their cells.
  struct ValidationRows {
    var examples: TableExamples
    var table: Table
  }

  /// `validation` is a share of the rows, or the name of another file.
  init(
    _ path: String, target: String, goal: TableGoal?, reading: TableReading = TableReading(), validation: String,
    seed: UInt64, allowsPipes: Bool
  ) throws {
    let plan = try TablePlan(
      try Table(contentsOf: path, allowsPipes: allowsPipes), target: target, goal: goal, reading: reading)
    let share = Double(validation)
    let (rows, aside) = try plan.split(validationFraction: share ?? 0, seed: seed)
    preparation = try plan.preparation(from: rows)
    train = try preparation.examples(of: plan.table, rows: rows)
    shortName = path.split(separator: "/").last.map(String.init) ?? path
    if share == nil {
      let other = try Table(contentsOf: validation, allowsPipes: allowsPipes)
      digests = DataDigests(data: plan.table.digest, validation: other.digest)
      let examples = try preparation.examples(of: other)
      guard examples.count > 0 else { throw DataError("\(validation) has no row with a value of '\(target)'") }
      validationRows = ValidationRows(examples: examples, table: other)
    } else {
      digests = DataDigests(data: plan.table.digest)
      validationRows =
        aside.isEmpty
        ? nil : ValidationRows(examples: try preparation.examples(of: plan.table, rows: aside), table: plan.table)
    }
    survey = Self.lines(plan, preparation, isRequested: goal != nil)
  }

  /// The validation rows of the run with this record, whose table is at `path`, prepared as it says.
  static func validationExamples(
    of path: String, _ validation: ValidationFlag, _ record: RunRecord, _ preparation: TablePreparation
  ) throws -> TableExamples {
    try validationRows(of: path, validation, record, preparation).examples
  }

  /// The same rows with their table.
  static func validationRows(
    of path: String, _ validation: ValidationFlag, _ record: RunRecord, _ preparation: TablePreparation
  ) throws -> ValidationRows {
    if case .path(let path) = validation {
      let table = try Table(contentsOf: path, allowsPipes: false)
      try record.checkEvaluates(validatedWith: table.digest, at: path)
      return ValidationRows(examples: try preparation.examples(of: table), table: table)
    }
    let table = try Table(contentsOf: path, allowsPipes: false)
    try record.checkEvaluates(table.digest, at: path)
    let target = preparation.target
    let plan = try TablePlan(table, target: target.name, goal: target.goal, reading: preparation.reading)
    let rows = try plan.split(validationFraction: validation.share, seed: record.seed).validation
    guard !rows.isEmpty else {
      throw DataError("the run had no validation rows; name a CSV file with --data")
    }
    return ValidationRows(examples: try preparation.examples(of: plan.table, rows: rows), table: plan.table)
  }

  private static func lines(_ plan: TablePlan, _ preparation: TablePreparation, isRequested: Bool) -> [String] {
    let header = ["column", "type", "missing", "what"]
    let target = preparation.target
    let rows = preparation.columns.map { column in
      [column.name.printable, column.kind.rawValue, column.missing == 0 ? "" : column.missing.grouped, what(column)]
    }
    let leftOut = plan.table.rowCount - plan.rows.count
    let classes = target.classNames.prefix(8).map(\.printable).joined(separator: ", ")
    let goal =
      target.goal == .regression
      ? how(target.unit, target.decimalMark)
        + "mean \(target.mean.significant(4)), standard deviation \(target.deviation.significant(4))"
      : "\(target.classNames.count) classes: \(classes)\(target.classNames.count > 8 ? ", …" : "")"
    let targetRow = [target.name.printable, "target", leftOut == 0 ? "" : leftOut.grouped, goal]
    let shown = 100
    var lines = table([header] + rows.prefix(shown) + [targetRow], left: [0, 1, 3], limit: Terminal.columns(of: 2))
    if rows.count > shown { lines.append("and \((rows.count - shown).grouped) more columns") }
    lines.append(
      isRequested
        ? "\(target.goal.rawValue), as requested: the target has \(target.found)"
        : "\(target.goal.rawValue): the target has \(target.found)"
          + (target.areNumbers ? " (--task \(other(target.goal).rawValue) overrides that)" : ""))
    if leftOut > 0 { lines.append(leftOutSentence(leftOut, target.name)) }
    return lines + plan.notes.map { "note: \($0)" }
  }

  /// Says that rows have no target.
  static func leftOutSentence(_ count: Int, _ target: String) -> String {
    "left out, as they have no value of '\(target)': \("row".counted(count))"
  }

  private static func other(_ goal: TableGoal) -> TableGoal { goal == .regression ? .classification : .regression }

  /// How numbers are written, where that is not the usual way.
  private static func how(_ unit: String?, _ mark: DecimalMark) -> String {
    (unit.map { "in \($0.printable), " } ?? "") + (mark == .comma ? "decimal comma, " : "")
  }

  private static func what(_ column: TableColumn) -> String {
    switch column.kind {
    case .ignored: "left out: \(column.reason ?? "")"
    case .category:
      "\(column.categories.count.grouped) categor\(column.categories.count == 1 ? "y" : "ies") that training has more "
        + "than once"
    case .number, .boolean:
      how(column.unit, column.decimalMark)
        + "mean \((column.mean ?? 0).significant(4)), standard deviation \((column.deviation ?? 0).significant(4))"
    case .date: column.datePattern ?? ""
    }
  }
}
