import Files

/// How the rows of a table become numbers: the kinds of its columns, and what was computed from the training rows.
///
/// It is saved with a network, so that another table is prepared in the same way. Columns are found by their names, in
/// any order; others are ignored.
///
/// ```swift
/// let rows = (0..<60).map { "\($0 % 7),\(["a", "b"][$0 % 2]),\($0 % 7 + 10 * ($0 % 2))" }
/// let table = try Table(csv: Array((["size,kind,price"] + rows).joined(separator: "\n").utf8))
/// let plan = try TablePlan(table, target: "price", goal: .regression)
/// let (train, validation) = try plan.split(validationFraction: 0.2, seed: 0)
/// let preparation = try plan.preparation(from: train)
/// let examples = try preparation.examples(of: table, rows: validation)
/// print(examples.count, preparation.numberCount, preparation.codeCounts)  // prints 12 1 [4]
/// ```
public struct TablePreparation: Hashable, Codable, Sendable {
  /// The columns of the training table without the target, used or not, in their order.
  public let columns: [TableColumn]
  /// The column to predict.
  public let target: TableTarget

  /// How cells are read.
  public let reading: TableReading
  /// The decimal mark of the columns that can have one only, in the training table.
  private let mark: DecimalMark?

  init(columns: [TableColumn], target: TableTarget, reading: TableReading, mark: DecimalMark?) {
    (self.columns, self.target, self.reading, self.mark) = (columns, target, reading, mark)
  }

  /// Reads one; throws where it cannot be one.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    columns = try container.decode([TableColumn].self, forKey: .columns)
    target = try container.decode(TableTarget.self, forKey: .target)
    reading = try container.decodeIfPresent(TableReading.self, forKey: .reading) ?? TableReading()
    mark = try container.decodeIfPresent(DecimalMark.self, forKey: .mark)
    for column in columns { try column.check() }
    try target.check()
    guard Set(columns.map(\.name)).count == columns.count, !columns.contains(where: { $0.name == target.name }) else {
      throw DataError("columns should have different names")
    }
    guard columns.count <= Table.mostColumns, columns.contains(where: { $0.kind != .ignored }) else {
      throw DataError("from 1 to \(Table.mostColumns) columns should be used")
    }
  }

  private enum CodingKeys: CodingKey { case columns, target, reading, mark }

  /// Reads a preparation from a JSON file. Throws a `DataError` that names the file and what is wrong with it.
  public static func read(from path: String) throws(DataError) -> TablePreparation {
    try DataError.naming(path) { () throws(FileFailure) in try JSONReading.file(TablePreparation.self, at: path) }
  }

  /// How many numbers a row has: the first features.
  public var numberCount: Int { columns.reduce(0) { $0 + $1.numberCount } }

  /// How many codes each category has: the features after the numbers. A code is from 0 to below its count.
  public var codeCounts: [Int] { columns.filter { $0.kind == .category }.map(\.codeCount) }

  /// How many numbers the network gives for a row: 1, or one a class.
  public var outputCount: Int { target.goal == .regression ? 1 : target.classNames.count }

  /// The rows of a table as numbers, `rows` of them or all.
  ///
  /// With `needsTarget`, the table must have the target, and rows without a value there are left out; otherwise the
  /// target is not looked at. Numbers may have another decimal mark than in the training table, where the columns of this
  /// one say so. Categories that were not in the training rows have a code of their own.
  ///
  /// Throws a `DataError` where the table lacks a column, or a cell is of another kind than in the training table; it
  /// names the line and the column. Without `isStrict` such a cell is taken as missing, unless it is of the target, and
  /// noted in `unreadable`.
  public func examples(
    of table: Table, rows: [Int]? = nil, needsTarget: Bool = true, isStrict: Bool = true
  ) throws(DataError) -> TableExamples {
    let places = try positions(in: table)
    let targetColumn = needsTarget ? try table.column(named: target.name) : nil
    let words = MissingWords(and: reading.missing)
    let (columns, reader, mark) = read(table, places, targetColumn, words)
    let labels = target.labels
    let codes = columns.map { $0.kind == .category ? $0.codes : [:] }
    var examples = TableExamples(target: target, featureCount: numberCount + codeCounts.count)
    examples.decimalMark = mark
    for row in rows ?? Array(0..<table.rowCount) {
      guard (0..<table.rowCount).contains(row) else { throw DataError("\(table.name) has no row \(row)") }
      if let targetColumn {
        guard let value = try reader.value(table, row, targetColumn, words, labels) else {
          examples.skipped += 1
          continue
        }
        examples.targets.append(value)
      }
      for (column, place) in zip(columns, places) where column.kind != .ignored && column.kind != .category {
        guard let cell = column.append(table, row, place, words, to: &examples.features) else { continue }
        if isStrict { throw DataError("\(table.name), \(cell)") }
        examples.note(cell)
      }
      for (index, column) in columns.enumerated() where column.kind == .category {
        let code = column.code(table, row, places[index], words, codes[index])
        if code == TableColumn.unknownCode { examples.unknownCategories += 1 }
        examples.features.append(Float(code))
      }
      examples.rows.append(row)
    }
    return examples
  }

  /// Columns and target with the decimal marks that `table` has, and the mark of the table: those of the training, unless
  /// a column of the table must have the other one, or all that must have one have another than in the training.
  private func read(
    _ table: Table, _ places: [Int], _ targetColumn: Int?, _ words: MissingWords
  ) -> (columns: [TableColumn], target: TableTarget, mark: DecimalMark) {
    func survey(_ place: Int) -> NumberSurvey {
      var numbers = NumberSurvey()
      for row in 0..<table.rowCount {
        let text = table.trimmed(row, place)
        if !words.contain(text, asText: false) { _ = numbers.note(text, row: row) }
      }
      return numbers
    }
    var (columns, target) = (columns, target)
    let numbers = columns.indices.filter { columns[$0].kind == .number }.map { ($0, survey(places[$0])) }
    let found = numbers.map(\.1).mark
    let other = found == mark ? nil : found
    for (index, numbers) in numbers {
      if let mark = numbers.mark ?? other { columns[index].decimalMark = mark }
    }
    let own = target.areNumbers ? targetColumn.flatMap { survey($0).mark } : nil
    if let mark = own ?? other { target.decimalMark = mark }
    let hasComma = target.decimalMark == .comma || columns.contains { $0.decimalMark == .comma }
    return (columns, target, found ?? (hasComma ? .comma : .point))
  }

  /// Where the columns are in `table`; 0 for those that are not used.
  private func positions(in table: Table) throws(DataError) -> [Int] {
    var places = [Int](repeating: 0, count: columns.count)
    for (index, column) in columns.enumerated() where column.kind != .ignored {
      places[index] = try table.column(named: column.name)
    }
    // At most 8 numbers a column, of which there are at most 2¹⁴.
    do throws(FileFailure) {
      try OpenFile.requireMemory(2 * table.rowCount * (numberCount + codeCounts.count) * MemoryLayout<Float>.stride)
    } catch {
      throw DataError("\(table.name) \(error.reason)")
    }
    return places
  }
}
