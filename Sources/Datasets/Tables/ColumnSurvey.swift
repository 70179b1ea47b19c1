/// What the cells of a column are, over all rows of a table.
struct ColumnSurvey {
  let name: String
  private(set) var missing = 0
  /// Cells that are not missing.
  private(set) var count = 0
  /// Cells that are numbers: with a decimal point, and with a decimal comma.
  private(set) var numbers = 0
  private(set) var commaNumbers = 0
  private(set) var areIntegers = true
  /// Whether each row has the number of the row before plus one, and whether it has at least a greater one.
  private(set) var countsUp = true
  private(set) var increases = true
  private var lastNumber: Double?
  /// A cell that is no number, with its row, where there is one.
  private(set) var firstOther: (text: String, row: Int)?
  /// The different texts, until there are too many to be categories, or numbers to be classes.
  private(set) var texts: Set<String> = []
  private(set) var hasMoreTexts = false
  private static let (mostTexts, mostNumbers) = (100_000, 2000)
  /// The forms that all cells have.
  private(set) var dateForms = DateForm.allCases
  private(set) var booleans = Cell.booleans

  /// Looks at every cell. `decimalComma` allows it for numbers: where it does not separate the fields.
  init(_ table: Table, column: Int, rows: Range<Int>? = nil) {
    name = table.columns[column]
    let commaIsFree = table.separator != ","
    for row in rows ?? 0..<table.rowCount {
      let bytes = table.trimmed(row, column)
      guard !Cell.isMissing(bytes) else {
        missing += 1
        continue
      }
      count += 1
      note(number: Cell.number(bytes, decimalComma: false), bytes, row)
      if commaIsFree, commaNumbers == count - 1, Cell.number(bytes, decimalComma: true) != nil { commaNumbers += 1 }
      dateForms.removeAll { $0.moment(bytes) == nil }
      if !hasMoreTexts {
        texts.insert(String(decoding: bytes, as: UTF8.self))
        hasMoreTexts = texts.count > (numbers == count ? Self.mostNumbers : Self.mostTexts)
      }
      if !booleans.isEmpty {
        let word = bytes.count <= 5 ? String(decoding: bytes, as: UTF8.self).lowercased() : ""
        booleans.removeAll { !$0.contains(word) }
      }
    }
  }

  private mutating func note(number: Double?, _ bytes: ArraySlice<UInt8>, _ row: Int) {
    guard let number else {
      (areIntegers, countsUp, increases) = (false, false, false)
      if firstOther == nil { firstOther = (String(decoding: bytes, as: UTF8.self), row) }
      return
    }
    numbers += 1
    if number.rounded() != number { areIntegers = false }
    if let lastNumber {
      if number != lastNumber + 1 { countsUp = false }
      if number <= lastNumber { increases = false }
    } else if number != 0, number != 1 {
      // Years in order are no numbers of rows.
      countsUp = false
    }
    lastNumber = number
  }

  /// How many different texts there are, or at least.
  var distinct: Int { texts.count }

  /// The same for a sentence.
  var distinctText: String { hasMoreTexts ? "more than \(distinct - 1)" : "\(distinct)" }

  /// The kind of the column as a feature.
  var kind: Kind {
    if count == 0 { return .ignored("all values are missing") }
    if distinct == 1, missing == 0 {
      return .ignored("the value is '\(texts.first?.prefix(40) ?? "")' in all rows")
    }
    if numbers == count {
      let isNamedID = name.lowercased() == "id" || name.lowercased().hasSuffix("_id")
      if areIntegers, missing == 0, count >= 20, countsUp || isNamedID && increases {
        return .ignored("numbers the rows")
      }
      return .number(decimalComma: false)
    }
    if commaNumbers == count { return .number(decimalComma: true) }
    if let form = dateForms.first { return .date(form) }
    if let words = booleans.first, distinct > 1 { return .boolean(words) }
    // Where most values are there once, nothing can be learned from them.
    guard distinct <= max(count / 2, 1) || distinct <= 20 && distinct < count, !hasMoreTexts else {
      return .ignored("text or an identifier: \(distinctText) different values in \(count) rows")
    }
    return .category
  }

  enum Kind: Equatable {
    case number(decimalComma: Bool)
    case boolean([String])
    case date(DateForm)
    case category
    /// Of no use, and why.
    case ignored(String)
  }
}
