/// Rows of a table as numbers.
public struct TableExamples: Sendable {
  /// What is to be predicted for them.
  public let target: TableTarget
  /// How many numbers and codes a row has.
  public let featureCount: Int
  /// Numbers and then codes of categories, row by row: [count, featureCount].
  public internal(set) var features: [Float] = []
  /// The target of each row: a number in its own unit, or the label of a class; empty where it was not asked for.
  public internal(set) var targets: [Double] = []
  /// Which rows of the table these are, from 0.
  public internal(set) var rows: [Int] = []
  /// How many rows were left out, as their target is missing.
  public internal(set) var skipped = 0
  /// How many cells have a category that was not in the training rows.
  public internal(set) var unknownCategories = 0
  /// The first of the cells that are of another kind than their column was in training, and are taken as missing.
  public private(set) var unreadable: [UnreadableCell] = []
  /// How many there are of these.
  public private(set) var unreadableCount = 0
  /// What separates the fraction from the rest in the numbers of this table.
  public internal(set) var decimalMark = DecimalMark.point

  init(target: TableTarget, featureCount: Int) {
    self.target = target
    self.featureCount = featureCount
  }

  mutating func note(_ cell: UnreadableCell) {
    unreadableCount += 1
    if unreadable.count < Self.mostUnreadable { unreadable.append(cell) }
  }

  private static let mostUnreadable = 100

  /// How many rows there are.
  public var count: Int { rows.count }

  /// The labels of the classes; empty for regression.
  public var labels: [Int32] { target.goal == .classification ? targets.map { Int32($0) } : [] }

  /// The numbers to predict, in standard deviations from the mean of the training rows; empty for classification.
  public var standardizedTargets: [Float] {
    guard target.goal == .regression else { return [] }
    return targets.map { Float(min(max(($0 - target.mean) / target.deviation, -1e6), 1e6)) }
  }
}

/// A cell that is not what its column should have.
public struct UnreadableCell: Hashable, Sendable, CustomStringConvertible {
  /// The line of the file that its row begins on.
  public let line: Int
  /// The name of its column.
  public let column: String
  /// What it has; of a long text the beginning.
  public let text: String
  let expectation: String

  /// All of it as a sentence.
  public var description: String { "line \(line): column '\(column)' has '\(text)' and should have \(expectation)" }
}
