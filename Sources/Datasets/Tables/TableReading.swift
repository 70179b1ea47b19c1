/// How the cells of a table are to be read where they do not say it, and which columns are used.
///
/// Notes and errors call the settings as the flags of `backprop train table`.
public struct TableReading: Hashable, Codable, Sendable {
  /// How dates with slashes or dashes are written where each of a column could be both.
  public enum DateOrder: String, Codable, Hashable, Sendable, CaseIterable {
    /// 01/31/2026
    case monthFirst = "month-first"
    /// 31/01/2026
    case dayFirst = "day-first"
  }

  /// Words for a missing value beside the known ones, in any case (`--missing`).
  public var missing: [String] = []
  /// The decimal mark of numbers that can be read with either one, such as 4.217 (`--decimal`). By default it is that
  /// of the table's other columns, or else the mark itself; a comma in a table that commas separate is one for thousands.
  public var decimal: DecimalMark?
  /// The order of dates that can be read with either one (`--date-order`); by default the month is first where slashes
  /// separate, and the day where dashes do.
  public var dateOrder: DateOrder?
  /// Columns to leave out (`--ignore`).
  public var ignored: [String] = []
  /// Columns to use that would be left out, as they number the rows or have a text of its own in most rows
  /// (`--include`).
  public var included: [String] = []

  /// The usual reading.
  public init() {}

  /// Throws a `DataError` for columns that are not there, and for what contradicts itself.
  func check(_ table: Table, target: String) throws(DataError) {
    for name in ignored + included { _ = try table.column(named: name) }
    if let name = ignored.first(where: included.contains) {
      throw DataError("column '\(name)' cannot be left out and be included, too; choose one")
    }
    if ignored.contains(target) {
      throw DataError("column '\(target)' is the target, so it cannot be left out; choose another target")
    }
  }
}
