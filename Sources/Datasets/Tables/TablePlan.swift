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

  /// Looks at all cells of `table`. `goal` is found out where it is `nil`: classification for texts, and for at most 10
  /// different integers in at least five times as many rows; regression for other numbers.
  ///
  /// Throws a `DataError` where there is no such column, nothing can be learned from it, or no other column can be used.
  public init(_ table: Table, target name: String, goal: TableGoal? = nil) throws(DataError) {
    let targetColumn = try table.column(named: name)
    guard table.rowCount > 1 else {
      throw DataError(
        "\(table.name) has \(table.rowCount == 0 ? "no row" : "one row") below its header; a training needs several")
    }
    self.table = table
    target = try TableTarget(ColumnSurvey(table, column: targetColumn), goal: goal, in: table)
    var (columns, notes): ([TableColumn], [String]) = ([], [])
    for index in table.columns.indices where index != targetColumn {
      let survey = ColumnSurvey(table, column: index)
      columns.append(TableColumn(survey))
      if let other = survey.firstOther, survey.numbers * 10 >= survey.count * 9, survey.commaNumbers < survey.count {
        notes.append(
          "column '\(survey.name)' has \(survey.numbers) numbers and also '\(other.text.prefix(40))' in line "
            + "\(table.line(other.row)), so it is not taken as numbers; correct these cells, or leave them empty")
      }
    }
    guard columns.contains(where: { $0.kind != .ignored }) else {
      let reasons = columns.map { "\($0.name): \($0.reason ?? "")" }.joinedBriefly
      throw DataError(
        "\(table.name) has no column to predict '\(name)' from" + (columns.isEmpty ? "" : "; there is \(reasons)"))
    }
    (self.columns, self.notes) = (columns, notes)
    rows = (0..<table.rowCount).filter { !Cell.isMissing(table.trimmed($0, targetColumn)) }
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
    let labels = target.labels
    var groups: [Int: [Int]] = [:]
    for row in rows {
      let label = target.goal == .classification ? try target.value(table, row, column, labels) : nil
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
        "\(table.name) has \(rows.count) rows with a target, too few for \(validationFraction) of them as validation set"
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
    for index in columns.indices {
      try columns[index].fit(table, column: try table.column(named: columns[index].name), rows: rows)
    }
    if target.goal == .regression {
      let column = try table.column(named: target.name)
      var moments = RunningMoments()
      for row in rows {
        if let value = try target.value(table, row, column, [:]) { moments.add(value) }
      }
      (target.mean, target.deviation) = (moments.mean, moments.deviation)
    }
    return TablePreparation(columns: columns, target: target)
  }
}
