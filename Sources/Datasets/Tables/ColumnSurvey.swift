/// What the cells of a column are, over all rows of a table.
struct ColumnSurvey {
  let name: String
  /// Cells without a value, whatever the column is.
  private(set) var missing = 0
  /// The other cells.
  private(set) var count = 0
  /// Those of them that say that a number, a date or one of two words is missing, but are a category beside texts.
  private(set) var words = 0
  private(set) var numbers = NumberSurvey()
  private(set) var numberCount = 0
  /// Different texts that are neither numbers nor missing, with the row of the first, and at most three.
  private(set) var others: [(text: String, row: Int)] = []
  /// The different texts, until there are too many to be categories, or numbers to be classes.
  private(set) var texts: Set<String> = []
  private(set) var hasMoreTexts = false
  private static let (mostTexts, mostNumbers) = (100_000, 2000)
  /// The first number that is too large to be taken, and how many there are.
  private(set) var firstTooLarge: (text: String, row: Int)?
  private(set) var tooLargeCount = 0
  private(set) var dates = DateSurvey()
  private(set) var booleans = Cell.booleans

  init(_ table: Table, column: Int, missing words: MissingWords = MissingWords()) {
    name = table.columns[column]
    for row in 0..<table.rowCount {
      let bytes = table.trimmed(row, column)
      let meaning = words.meaning(bytes)
      guard meaning != .missing else {
        missing += 1
        continue
      }
      count += 1
      if !hasMoreTexts {
        texts.insert(String(decoding: bytes, as: UTF8.self))
        hasMoreTexts = texts.count > (numberCount == count - 1 ? Self.mostNumbers : Self.mostTexts)
      }
      guard meaning == .value else {
        self.words += 1
        continue
      }
      if numbers.note(bytes, row: row) { numberCount += 1 } else { noteText(bytes, row) }
      dates.note(bytes, row: row)
      if !booleans.isEmpty {
        let word = bytes.count <= 5 ? String(decoding: bytes, as: UTF8.self).lowercased() : ""
        booleans.removeAll { !$0.contains(word) }
      }
    }
  }

  private mutating func noteText(_ bytes: ArraySlice<UInt8>, _ row: Int) {
    let isTooLarge = WrittenNumber.isTooLarge(bytes)
    guard isTooLarge || others.count < 3 else { return }
    let text = String(decoding: bytes, as: UTF8.self)
    if isTooLarge {
      tooLargeCount += 1
      firstTooLarge = firstTooLarge ?? (text, row)
    }
    if others.count < 3, !others.contains(where: { $0.text == text }) { others.append((text, row)) }
  }

  /// Cells that are neither missing nor a word that says so beside values.
  var values: Int { count - words }

  /// How many different texts there are, or at least.
  var distinct: Int { texts.count }

  /// The same for a sentence.
  var distinctText: String { hasMoreTexts ? "more than \(distinct - 1)" : "\(distinct)" }

  /// Whether all values are numbers in one unit with that mark.
  func areNumbers(_ mark: DecimalMark) -> Bool {
    values > 0 && numbers.tally(mark).count == values && numbers.otherUnit == nil
  }

  /// The form of all dates: of several the first one, or that of the chosen order.
  func dateForm(_ order: TableReading.DateOrder?) -> DateForm? {
    guard values > 0 else { return nil }
    let forms = dates.forms
    return forms.first { form in order.map { form.order == nil || form.order == $0 } ?? true } ?? forms.first
  }

  /// The kind of the column as a feature.
  func kind(_ mark: DecimalMark, _ reading: TableReading) -> Kind {
    let isIncluded = reading.included.contains(name)
    if reading.ignored.contains(name) { return .ignored("as requested") }
    if values == 0, count == 0 || !hasMoreTexts && texts.count == 1 { return .ignored("all values are missing") }
    if distinct == 1, missing == 0 {
      return .ignored("the value is '\(texts.first?.prefix(40) ?? "")' in all rows")
    }
    if areNumbers(mark) { return !isIncluded && numbersRows(mark) ? .ignored(Self.numbersTheRows) : .number }
    if let form = dateForm(reading.dateOrder) { return .date(form) }
    if values > 0, let words = booleans.first, distinct > 1 { return .boolean(words) }
    // Where most values are there once, nothing can be learned from them.
    guard distinct <= max(count / 2, 1) || distinct <= 20 && distinct < count || isIncluded, !hasMoreTexts else {
      return .ignored("text or an identifier: \(distinctText) different values in \(count) rows")
    }
    return .category
  }

  static let numbersTheRows = "numbers the rows"

  private func numbersRows(_ mark: DecimalMark) -> Bool {
    let tally = numbers.tally(mark)
    let isNamedID = name.lowercased() == "id" || name.lowercased().hasSuffix("_id")
    return tally.areIntegers && missing + words == 0 && count >= 20
      && (tally.countsUp || isNamedID && tally.increases)
  }

  enum Kind: Equatable {
    case number
    case boolean([String])
    case date(DateForm)
    case category
    /// Of no use, and why.
    case ignored(String)
  }
}

extension ColumnSurvey {
  /// Why the column is not taken as numbers or dates though most of its cells are; `nil` where that is not so.
  func whyNeitherNumbersNorDates(_ table: Table, _ mark: DecimalMark) -> String? {
    guard !areNumbers(mark), dates.forms.isEmpty else { return nil }
    return whyNoNumbers(table, mark) ?? whyNoDates(table)
  }

  private func whyNoNumbers(_ table: Table, _ mark: DecimalMark) -> String? {
    let count = numberCount + tooLargeCount
    guard count > 0, count * 4 >= values * 3 else { return nil }
    let start = start("numbers", count)
    if let cell = firstTooLarge {
      return start
        + "has \(Self.shown(cell, table)), and the greatest number that is taken is \(WrittenNumber.greatest); "
        + "write the column in a larger unit"
    }
    if !others.isEmpty {
      return start + "also has \(remedy(others, table)). Known are \(MissingWords.text) and empty cells"
    }
    if let first = numbers.firstNumber, let other = numbers.otherUnit {
      // So many are rather names or addresses.
      guard numbers.otherUnits.count < 4 else { return nil }
      return start
        + "has different units, \(Self.shown(first, table)) and \(Self.shown(other, table)); write all numbers "
        + "in one unit, or none of them with one"
    }
    return start + "has numbers with decimal points and others with decimal commas; write all in one way"
  }

  private func whyNoDates(_ table: Table) -> String? {
    guard let (form, count, others) = dates.mostly else { return nil }
    return start("dates", count) + "also has \(remedy(others, table)). The others are as \(form.rawValue)"
  }

  private func start(_ kind: String, _ number: Int) -> String {
    "column '\(name)' is not taken as \(kind), though \(number) of its \(count) values are: it "
  }

  /// The cells, and what may be done about them.
  private func remedy(_ cells: [(text: String, row: Int)], _ table: Table) -> String {
    let more = cells.count > 1 ? ", so with each such word" : ""
    return "\(cells.map { Self.shown($0, table) }.joined(separator: ", ")); if that says that a value is missing, add "
      + "--missing '\(cells.first?.text.prefix(40) ?? "")'\(more); otherwise correct these cells, or leave them empty"
  }

  private static func shown(_ cell: (text: String, row: Int), _ table: Table) -> String {
    "'\(cell.text.prefix(40))' in line \(table.line(cell.row))"
  }
}
