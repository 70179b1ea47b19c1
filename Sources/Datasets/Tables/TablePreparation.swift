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

  init(columns: [TableColumn], target: TableTarget) {
    self.columns = columns
    self.target = target
  }

  /// Reads one; throws where it cannot be one.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    columns = try container.decode([TableColumn].self, forKey: .columns)
    target = try container.decode(TableTarget.self, forKey: .target)
    for column in columns { try column.check() }
    try target.check()
    guard Set(columns.map(\.name)).count == columns.count, !columns.contains(where: { $0.name == target.name }) else {
      throw DataError("columns should have different names")
    }
    guard columns.count <= Table.mostColumns, columns.contains(where: { $0.kind != .ignored }) else {
      throw DataError("from 1 to \(Table.mostColumns) columns should be used")
    }
  }

  private enum CodingKeys: CodingKey { case columns, target }

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
  /// target is not looked at. Throws a `DataError` where the table lacks a column, or a cell is of another kind than in
  /// the training table; it names the line and the column. Categories that were not in the training rows have a code of
  /// their own.
  public func examples(
    of table: Table, rows: [Int]? = nil, needsTarget: Bool = true
  ) throws(DataError) -> TableExamples {
    let places = try positions(in: table)
    let targetColumn = needsTarget ? try table.column(named: target.name) : nil
    let labels = target.labels
    let codes = columns.map { $0.kind == .category ? $0.codes : [:] }
    var examples = TableExamples(target: target, featureCount: numberCount + codeCounts.count)
    for row in rows ?? Array(0..<table.rowCount) {
      guard (0..<table.rowCount).contains(row) else { throw DataError("\(table.name) has no row \(row)") }
      if let targetColumn {
        guard let value = try target.value(table, row, targetColumn, labels) else {
          examples.skipped += 1
          continue
        }
        examples.targets.append(value)
      }
      for (column, place) in zip(columns, places) where column.kind != .ignored && column.kind != .category {
        try column.append(table, row, place, to: &examples.features)
      }
      for (index, column) in columns.enumerated() where column.kind == .category {
        let code = column.code(table, row, places[index], codes[index])
        if code == TableColumn.unknownCode { examples.unknownCategories += 1 }
        examples.features.append(Float(code))
      }
      examples.rows.append(row)
    }
    return examples
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
