#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// How the cells of a column become numbers.
public struct TableColumn: Hashable, Codable, Sendable {
  /// What a column holds.
  public enum Kind: String, Codable, Hashable, Sendable {
    /// Numbers, standardized.
    case number
    /// Two words for false and true: 0 and 1, standardized.
    case boolean
    /// Dates or times: days since 1970, standardized, with sine and cosine of month and weekday, and of the time of day
    /// where there is one.
    case date
    /// One of several texts, each with a code.
    case category
    /// Nothing that is used.
    case ignored
  }

  /// The name in the header.
  public let name: String
  /// What the cells are.
  public let kind: Kind
  /// Why it is not used; `nil` for a column that is.
  public let reason: String?
  /// How many rows of the table lacked a value.
  public let missing: Int
  /// Mean and standard deviation of numbers, booleans and dates in the training rows.
  public private(set) var mean: Double?
  /// The standard deviation; above 0.
  public private(set) var deviation: Double?
  /// Whether another number says that the value is missing: where it was in a training row.
  public private(set) var hasMissing = false
  /// Whether numbers have a decimal comma in place of the point.
  let decimalComma: Bool
  /// The words for false and true, in lower case.
  let words: [String]
  let dateForm: DateForm?
  /// How dates are written, such as `YYYY-MM-DD`; `nil` for other columns.
  public var datePattern: String? { dateForm?.rawValue }
  /// Whether dates have times.
  private(set) var hasTime = false
  /// The categories that the training rows have at least twice. Their codes begin at 2.
  public private(set) var categories: [String] = []

  /// The code of categories that are not among `categories`, and of missing ones.
  static let (unknownCode, missingCode, firstCode) = (0, 1, 2)

  init(_ survey: ColumnSurvey) {
    name = survey.name
    missing = survey.missing
    var (decimalComma, words, form, why): (Bool, [String], DateForm?, String?) = (false, [], nil, nil)
    switch survey.kind {
    case .number(let comma): (kind, decimalComma) = (.number, comma)
    case .boolean(let pair): (kind, words) = (.boolean, pair)
    case .date(let found): (kind, form) = (.date, found)
    case .category: kind = .category
    case .ignored(let reason): (kind, why) = (.ignored, reason)
    }
    (self.decimalComma, self.words, dateForm, reason) = (decimalComma, words, form, why)
  }

  /// How many numbers a row has for it.
  var numberCount: Int {
    switch kind {
    case .number, .boolean: hasMissing ? 2 : 1
    case .date: (hasMissing ? 6 : 5) + (hasTime ? 2 : 0)
    case .category, .ignored: 0
    }
  }

  /// How many codes a category may have.
  var codeCount: Int { categories.count + Self.firstCode }

  /// The value of a cell before standardization; `nil` where it is missing. Throws where it is not of this kind, with
  /// `place` in the sentence.
  private func value(
    _ bytes: ArraySlice<UInt8>, _ place: @autoclosure () -> String
  ) throws(DataError) -> (value: Double, moment: DateForm.Moment?)? {
    guard !Cell.isMissing(bytes) else { return nil }
    let wanted: String
    switch kind {
    case .boolean:
      if let index = words.firstIndex(of: String(decoding: bytes.prefix(8), as: UTF8.self).lowercased()) {
        return (Double(index), nil)
      }
      wanted = words.joined(separator: " or ")
    case .date:
      if let moment = dateForm?.moment(bytes) { return (moment.days, moment) }
      wanted = "a date \(dateForm?.rawValue ?? "")"
    case .number, .category, .ignored:
      if let number = Cell.number(bytes, decimalComma: decimalComma) { return (number, nil) }
      wanted = "a number\(decimalComma ? " with a decimal comma" : ""), at most 1e100"
    }
    let text = String(decoding: bytes.prefix(60), as: UTF8.self)
    throw DataError("\(place()): column '\(name)' has '\(text)' and should have \(wanted)")
  }

  /// The number in a cell, not standardized; `nil` where it is missing.
  func number(_ table: Table, _ row: Int, _ column: Int) throws(DataError) -> Double? {
    try value(table.trimmed(row, column), table.place(row))?.value
  }

  /// Mean, standard deviation, categories and what else depends on the training rows.
  mutating func fit(_ table: Table, column: Int, rows: [Int]) throws(DataError) {
    switch kind {
    case .ignored: break
    case .category:
      var counts: [String: Int] = [:]
      for row in rows where !Cell.isMissing(table.trimmed(row, column)) {
        counts[table.text(row, column), default: 0] += 1
      }
      categories = counts.filter { $0.value > 1 }.keys.sorted()
    case .number, .boolean, .date:
      var moments = RunningMoments()
      for row in rows {
        guard let (value, moment) = try value(table.trimmed(row, column), table.place(row)) else {
          hasMissing = true
          continue
        }
        moments.add(value)
        if let moment, moment.seconds != 0 { hasTime = true }
      }
      mean = moments.mean
      deviation = moments.deviation
    }
  }

  /// Appends the numbers of a cell. Throws where it is not of this kind.
  func append(_ table: Table, _ row: Int, _ column: Int, to numbers: inout [Float]) throws(DataError) {
    let found = try value(table.trimmed(row, column), table.place(row))
    numbers.append(found.map { standardized($0.value) } ?? 0)
    if kind == .date {
      var angles = [found?.moment.map { Double($0.month - 1) / 12 }, found?.moment.map { Double($0.weekday) / 7 }]
      if hasTime { angles.append(found?.moment.map { $0.seconds / 86_400 }) }
      for turn in angles {
        numbers.append(turn.map { Float(sin(2 * .pi * $0)) } ?? 0)
        numbers.append(turn.map { Float(cos(2 * .pi * $0)) } ?? 0)
      }
    }
    if hasMissing { numbers.append(found == nil ? 1 : 0) }
  }

  /// The code of a cell's category, from 0 to below `codeCount`.
  func code(_ table: Table, _ row: Int, _ column: Int, _ codes: [String: Int]) -> Int {
    guard !Cell.isMissing(table.trimmed(row, column)) else { return Self.missingCode }
    return codes[table.text(row, column)] ?? Self.unknownCode
  }

  /// The codes of the categories.
  var codes: [String: Int] {
    Dictionary(zip(categories, Self.firstCode...)) { first, _ in first }
  }

  /// In standard deviations from the mean; a million at most, as greater ones would not stay finite in a network.
  private func standardized(_ value: Double) -> Float {
    Float(min(max((value - (mean ?? 0)) / (deviation ?? 1), -1e6), 1e6))
  }

  /// Throws where such a column cannot be. For what is read from a file.
  func check() throws(DataError) {
    let problem: String? =
      switch kind {
      case .ignored: nil
      case .category:
        Set(categories).count == categories.count && categories.count <= 1 << 20
          ? nil : "categories should be different, and at most 2²⁰"
      case .number, .boolean, .date:
        if let mean, let deviation, mean.isFinite, deviation > 0, deviation.isFinite {
          nil
        } else {
          "the mean should be finite and the standard deviation finite and above 0"
        }
      }
    if let problem { throw DataError("column '\(name)': \(problem)") }
    guard kind != .boolean || words.count == 2, kind != .date || dateForm != nil else {
      throw DataError("column '\(name)' lacks the words or the form of the date that it should have")
    }
  }
}

/// Mean and standard deviation of numbers, one after the other.
///
/// Source: Welford, "Note on a Method for Calculating Corrected Sums of Squares and Products", Technometrics 4 (1962).
struct RunningMoments {
  private(set) var count = 0
  private(set) var mean = 0.0
  private var spread = 0.0

  mutating func add(_ value: Double) {
    count += 1
    let step = value - mean
    mean += step / Double(count)
    spread += step * (value - mean)
  }

  /// The standard deviation of these numbers, as of a whole population; 1 where they are equal, so that nothing is
  /// divided by 0.
  var deviation: Double {
    let deviation = count == 0 ? 0 : (spread / Double(count)).squareRoot()
    return deviation > 0 && (1 / deviation).isFinite ? deviation : 1
  }
}
