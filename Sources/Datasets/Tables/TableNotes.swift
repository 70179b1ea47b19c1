/// What deserves a look in a table that a network is to be trained on.
struct TableNotes {
  private(set) var sentences: [String] = []

  /// `columns` are those without the target; `mark` is the decimal mark of the columns that can have one only.
  init(
    _ table: Table, _ surveys: [ColumnSurvey], _ marks: [DecimalMark], _ columns: [TableColumn], _ mark: DecimalMark?,
    _ reading: TableReading, target: Int
  ) {
    let used = zip(surveys, marks).filter { !reading.ignored.contains($0.0.name) }
    sentences += used.compactMap { $0.whyNeitherNumbersNorDates(table, $1) }
    noteNumbers(used.filter { $0.areNumbers($1) && $0.numbers.mark == nil }, mark, reading)
    noteDates(surveys.filter { survey in columns.contains { $0.name == survey.name && $0.kind == .date } }, reading)
    let numbering = Self.numbering(columns)
    if !numbering.isEmpty {
      sentences.append(
        "left out, as \(numbering.count == 1 ? "it numbers" : "they number") the rows: \(numbering.joinedBriefly)"
          + Self.including(columns))
    }
    noteHeader(table)
    noteCase(surveys[target])
  }

  private static func numbering(_ columns: [TableColumn]) -> [String] {
    columns.filter { $0.reason == ColumnSurvey.numbersTheRows }.map(\.name)
  }

  /// How a column is used that numbers the rows, where there is one: the end of a sentence.
  static func including(_ columns: [TableColumn]) -> String {
    numbering(columns).first.map { "; --include '\($0)' uses it all the same" } ?? ""
  }

  /// A header of numbers is rather the first row, unless they count or are years.
  private mutating func noteHeader(_ table: Table) {
    let numbers = table.columns.filter { WrittenNumber(Array($0.utf8)[...]) != nil }
    let areYears = numbers.allSatisfy { $0.count == 4 && $0.allSatisfy(\.isNumber) }
    let count = numbers.first.flatMap { Int($0) }.map { first in numbers.indices.map { "\(first &+ $0)" } == numbers }
    guard !areYears, count != true, numbers.count * 2 >= table.columns.count, let first = numbers.first else { return }
    sentences.append(
      "\(table.name) may have no header: a column is called '\(first)'; the first line gives the names and is no row, so "
        + "put one with names before it")
  }

  /// Classes that differ in case only.
  private mutating func noteCase(_ target: ColumnSurvey) {
    guard !target.hasMoreTexts else { return }
    let groups = Dictionary(grouping: target.texts.sorted()) { $0.lowercased() }.values.filter { $0.count > 1 }
    guard let first = groups.min(by: { $0[0] < $1[0] }) else { return }
    sentences.append(
      "the target '\(target.name)' has \(first.joinedBriefly), which are different classes; write them in one way if they "
        + "are the same")
  }

  /// Numbers that are others with the other decimal mark.
  private mutating func noteNumbers(
    _ columns: [(ColumnSurvey, DecimalMark)], _ others: DecimalMark?, _ reading: TableReading
  ) {
    for taken in DecimalMark.allCases {
      let names = columns.filter { $0.1 == taken && $0.0.numbers.ambiguous != nil }.map(\.0)
      guard let text = names.first?.numbers.ambiguous, let value = WrittenNumber(Array(text.utf8)[...])?.value(taken)
      else { continue }
      let reason =
        taken == reading.decimal ? ", as requested" : taken == others ? ", as other columns have decimal \(taken)s" : ""
      sentences.append(
        "'\(text)' in \(names.count == 1 ? "column" : "columns") \(names.map(\.name).joinedBriefly) is read as "
          + "\(Self.plain(value))\(reason); "
          + "--decimal \(taken.other) reads it with a decimal \(taken.other)")
    }
  }

  /// Dates that are others with the other order of day and month.
  private mutating func noteDates(_ columns: [ColumnSurvey], _ reading: TableReading) {
    for column in columns {
      guard let form = column.dateForm(reading.dateOrder), form.hasShortYear else { continue }
      sentences.append(
        "the dates in '\(column.name)' are read as \(form.rawValue), with years from 1969 to 2068; write years with four "
          + "digits where that is wrong")
    }
    for column in columns where column.dates.differ && column.dates.forms.count > 1 {
      guard let taken = column.dateForm(reading.dateOrder),
        let other = column.dates.forms.first(where: { $0.order != taken.order })
      else { continue }
      sentences.append(
        "the dates in '\(column.name)' are read as \(taken.rawValue), though all of them may be \(other.rawValue); "
          + "--date-order \(other.order?.rawValue ?? "") reads them so")
    }
  }

  private static func plain(_ value: Double) -> String {
    value.magnitude < 1e15 && value.rounded() == value ? "\(Int(value))" : "\(value)"
  }
}
