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
  private var decimalComma: Bool
  /// The unit or currency of all numbers, such as `kg`, `$` or `%`; `nil` for none.
  public let unit: String?
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

  init(_ survey: ColumnSurvey, _ mark: DecimalMark, _ reading: TableReading) {
    name = survey.name
    var (words, form, why): ([String], DateForm?, String?) = ([], nil, nil)
    switch survey.kind(mark, reading) {
    case .number: kind = .number
    case .boolean(let pair): (kind, words) = (.boolean, pair)
    case .date(let found): (kind, form) = (.date, found)
    case .category: kind = .category
    case .ignored(let reason): (kind, why) = (.ignored, reason)
    }
    missing = survey.missing + (kind == .category ? 0 : survey.words)
    unit = kind == .number && !survey.numbers.unit.isEmpty ? survey.numbers.unit : nil
    decimalComma = kind == .number && mark == .comma
    (self.words, dateForm, reason) = (words, form, why)
  }

  /// What separates the fraction of numbers from the rest.
  public internal(set) var decimalMark: DecimalMark {
    get { decimalComma ? .comma : .point }
    set { decimalComma = newValue == .comma }
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

  /// What a cell says, before standardization.
  private enum Reading {
    case missing
    case value(Double, DateForm.Moment?)
    /// Of another kind than the column.
    case unreadable
  }

  private func read(_ bytes: ArraySlice<UInt8>, _ missing: MissingWords) -> Reading {
    guard !missing.contain(bytes, asText: kind == .category) else { return .missing }
    switch kind {
    case .boolean:
      let word = String(decoding: bytes.prefix(8), as: UTF8.self).lowercased()
      return words.firstIndex(of: word).map { .value(Double($0), nil) } ?? .unreadable
    case .date: return dateForm?.moment(bytes).map { .value($0.days, $0) } ?? .unreadable
    case .number, .category, .ignored:
      guard let number = WrittenNumber(bytes), number.unit == unit ?? "", let value = number.value(decimalMark) else {
        return .unreadable
      }
      return .value(value, nil)
    }
  }

  /// What its cells should be, for a sentence.
  private var expectation: String {
    switch kind {
    case .boolean: words.joined(separator: " or ")
    case .date: "a date \(dateForm?.rawValue ?? "")"
    case .number, .category, .ignored:
      "a number\(decimalComma ? " with a decimal comma" : "")\(unit.map { " in '\($0)'" } ?? ""), at most 1e100"
    }
  }

  private func unreadable(_ table: Table, _ row: Int, _ column: Int) -> UnreadableCell {
    UnreadableCell(
      line: table.line(row), column: name, text: String(table.text(row, column).prefix(60)), expectation: expectation)
  }

  /// Mean, standard deviation, categories and what else depends on the training rows.
  mutating func fit(_ table: Table, column: Int, rows: [Int], _ missing: MissingWords) throws(DataError) {
    switch kind {
    case .ignored: break
    case .category:
      var counts: [String: Int] = [:]
      for row in rows where !missing.contain(table.trimmed(row, column), asText: true) {
        counts[table.text(row, column), default: 0] += 1
      }
      categories = counts.filter { $0.value > 1 }.keys.sorted()
    case .number, .boolean, .date:
      var moments = RunningMoments()
      for row in rows {
        switch read(table.trimmed(row, column), missing) {
        case .missing: hasMissing = true
        case .unreadable: throw DataError("\(table.name), \(unreadable(table, row, column))")
        case .value(let value, let moment):
          moments.add(value)
          if let moment, moment.seconds != 0 { hasTime = true }
        }
      }
      mean = moments.mean
      deviation = moments.deviation
    }
  }

  /// Appends the numbers of a cell. One that is not of this kind is taken as missing, and returned.
  func append(
    _ table: Table, _ row: Int, _ column: Int, _ missing: MissingWords, to numbers: inout [Float]
  ) -> UnreadableCell? {
    let reading = read(table.trimmed(row, column), missing)
    var (value, moment): (Double?, DateForm.Moment?) = (nil, nil)
    if case .value(let number, let date) = reading { (value, moment) = (number, date) }
    numbers.append(value.map(standardized) ?? 0)
    if kind == .date {
      var angles = [moment.map { Double($0.month - 1) / 12 }, moment.map { Double($0.weekday) / 7 }]
      if hasTime { angles.append(moment.map { $0.seconds / 86_400 }) }
      for turn in angles {
        numbers.append(turn.map { Float(sin(2 * .pi * $0)) } ?? 0)
        numbers.append(turn.map { Float(cos(2 * .pi * $0)) } ?? 0)
      }
    }
    if hasMissing { numbers.append(value == nil ? 1 : 0) }
    if case .unreadable = reading { return unreadable(table, row, column) }
    return nil
  }

  /// The code of a cell's category, from 0 to below `codeCount`.
  func code(_ table: Table, _ row: Int, _ column: Int, _ missing: MissingWords, _ codes: [String: Int]) -> Int {
    guard !missing.contain(table.trimmed(row, column), asText: true) else { return Self.missingCode }
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
