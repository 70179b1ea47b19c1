import Files

/// What was found in a table that a network is to be trained on: the kinds of its columns, and what is to be predicted.
public struct TablePlan: Sendable {
  /// The table.
  public let table: Table
  /// The columns without the target, in their order; nothing is computed from rows yet.
  public let columns: [TableColumn]
  /// The column to predict.
  public let target: TableTarget
  /// The rows whose target is not missing.
  public let rows: [Int]
  /// What deserves a look, each a sentence.
  public let notes: [String]
  /// How cells are read.
  public let reading: TableReading
  /// The decimal mark of the columns to predict from that can have one only.
  private let mark: DecimalMark?

  /// Looks at all cells of `table`. `goal` is found out where it is `nil`: classification for texts, and for at most 10
  /// different integers in at least five times as many rows; regression for other numbers.
  ///
  /// Throws a `DataError` where there is no such column, nothing can be learned from it, or no other column can be used.
  public init(
    _ table: Table, target name: String, goal: TableGoal? = nil, reading: TableReading = TableReading()
  ) throws(DataError) {
    let targetColumn = try table.column(named: name)
    guard table.rowCount > 1 else {
      throw DataError(
        "\(table.name) has \(table.rowCount == 0 ? "no row" : "one row") below its header; a training needs several")
    }
    try reading.check(table, target: name)
    let words = MissingWords(and: reading.missing)
    let surveys = table.columns.indices.map { ColumnSurvey(table, column: $0, missing: words) }
    let mark = surveys.lazy.filter { $0.areNumbers(.point) || $0.areNumbers(.comma) }.map(\.numbers).mark
    let marks = surveys.map { Self.mark(of: $0.numbers, mark, table, reading) }
    target = try TableTarget(surveys[targetColumn], marks[targetColumn], goal: goal, in: table, reading)
    let features = table.columns.indices.filter { $0 != targetColumn }
    columns = features.map { TableColumn(surveys[$0], marks[$0], reading) }
    for column in columns where column.kind == .ignored && reading.included.contains(column.name) {
      throw DataError("column '\(column.name)' cannot be included: \(column.reason ?? "")")
    }
    guard columns.contains(where: { $0.kind != .ignored }) else {
      let reasons = columns.map { "\($0.name): \($0.reason ?? "")" }.joinedBriefly
      throw DataError(
        "\(table.name) has no column to predict '\(name)' from" + (columns.isEmpty ? "" : "; there is \(reasons)")
          + features.compactMap { surveys[$0].whyNeitherNumbersNorDates(table, marks[$0]) }.prefix(3)
          .map { "; \($0)" }.joined() + TableNotes.including(columns))
    }
    notes = TableNotes(table, surveys, marks, columns, mark, reading, target: targetColumn).sentences.map(\.printable)
    (self.table, self.reading) = (table, reading)
    self.mark = zip(features, columns).filter { $0.1.kind == .number }.map { surveys[$0.0].numbers }.mark
    let asText = !target.areNumbers
    rows = (0..<table.rowCount).filter { !words.contain(table.trimmed($0, targetColumn), asText: asText) }
  }

  /// The mark of a column: the one that it must have, or else the requested one, that of the other columns, or the one
  /// that is there.
  private static func mark(
    of numbers: NumberSurvey, _ others: DecimalMark?, _ table: Table, _ reading: TableReading
  ) -> DecimalMark {
    numbers.mark ?? reading.decimal ?? others ?? (table.separator == "," ? .point : numbers.ambiguousMark ?? .point)
  }

  /// Splits off a validation set, `validationFraction` of the rows, from 0 to below 1; of each class, where there are
  /// classes. The same for the same `seed` on every platform; both parts keep the order of the table.
  ///
  /// Throws a `DataError` where the fraction is out of range, or no row is left to train on or to validate with.
  public func split(
    validationFraction: Double, seed: UInt64
  ) throws(DataError) -> (train: [Int], validation: [Int]) {
    guard validationFraction >= 0, validationFraction < 1 else {
      throw DataError("the share of rows for validation should be from 0 to below 1, not \(validationFraction)")
    }
    let column = try table.column(named: target.name)
    let (labels, words) = (target.labels, MissingWords(and: reading.missing))
    var groups: [Int: [Int]] = [:]
    for row in rows {
      let label = target.goal == .classification ? try target.value(table, row, column, words, labels) : nil
      groups[Int(label ?? 0), default: []].append(row)
    }
    var generator = SeededGenerator(seed: seed)
    var validation: Set<Int> = []
    for (_, members) in groups.sorted(by: { $0.key < $1.key }) {
      let count = Int((Double(members.count) * validationFraction).rounded())
      for index in generator.permutation(of: members.count).prefix(count) { validation.insert(members[Int(index)]) }
    }
    guard validationFraction == 0 || !validation.isEmpty, validation.count < rows.count else {
      throw DataError(
        "\(table.name) has \("row".counted(rows.count)) with a target, too few for \(validationFraction) of them as validation set"
      )
    }
    return (rows.filter { !validation.contains($0) }, rows.filter(validation.contains))
  }

  /// The preparation with means, standard deviations and categories of these rows, the training set.
  ///
  /// Throws a `DataError` where there is none, or no such row.
  public func preparation(from rows: [Int]) throws(DataError) -> TablePreparation {
    guard !rows.isEmpty else { throw DataError("there is no row to train on") }
    if let row = rows.first(where: { !(0..<table.rowCount).contains($0) }) {
      throw DataError("\(table.name) has no row \(row)")
    }
    var (columns, target) = (columns, target)
    let words = MissingWords(and: reading.missing)
    for index in columns.indices {
      try columns[index].fit(table, column: try table.column(named: columns[index].name), rows: rows, words)
    }
    if target.goal == .regression {
      let column = try table.column(named: target.name)
      var moments = RunningMoments()
      for row in rows {
        if let value = try target.value(table, row, column, words, [:]) { moments.add(value) }
      }
      (target.mean, target.deviation) = (moments.mean, moments.deviation)
    }
    return TablePreparation(columns: columns, target: target, reading: reading, mark: mark)
  }
}
