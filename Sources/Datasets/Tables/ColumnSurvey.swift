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
  /// The forms that all dates have.
  private(set) var dateForms = DateForm.allCases
  /// Whether a date is another day in another of these forms.
  private(set) var datesDiffer = false
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
      if numbers.note(bytes, row: row) {
        numberCount += 1
      } else if others.count < 3, case let text = String(decoding: bytes, as: UTF8.self),
        !others.contains(where: { $0.text == text })
      {
        others.append((text, row))
      }
      noteDate(bytes)
      if !booleans.isEmpty {
        let word = bytes.count <= 5 ? String(decoding: bytes, as: UTF8.self).lowercased() : ""
        booleans.removeAll { !$0.contains(word) }
      }
    }
  }

  private mutating func noteDate(_ bytes: ArraySlice<UInt8>) {
    guard !dateForms.isEmpty else { return }
    let moments = dateForms.map { $0.moment(bytes) }
    dateForms = zip(dateForms, moments).filter { $0.1 != nil }.map(\.0)
    if Set(moments.compactMap { $0?.day }).count > 1 { datesDiffer = true }
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
    return dateForms.first { form in order.map { form.order == nil || form.order == $0 } ?? true } ?? dateForms.first
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
  /// Why the column is not taken as numbers though most of its cells are; `nil` where that is not so.
  func whyNoNumbers(_ table: Table, _ mark: DecimalMark) -> String? {
    guard !areNumbers(mark), numberCount > 0, numberCount * 4 >= values * 3 else { return nil }
    let shown = { (cell: (text: String, row: Int)) in
      "'\(cell.text.prefix(40))' in line \(table.line(cell.row))"
    }
    let start = "column '\(name)' is not taken as numbers, though \(numberCount) of its \(count) values are: it "
    if let other = others.first {
      let more = others.count > 1 ? ", so with each such word" : ""
      return start + "also has \(others.map(shown).joined(separator: ", ")); if that says that a value is missing, add "
        + "--missing '\(other.text.prefix(40))'\(more); otherwise correct these cells, or leave them empty. Known are "
        + "\(MissingWords.text) and empty cells"
    }
    if let first = numbers.firstNumber, let other = numbers.otherUnit {
      // So many are rather names or addresses.
      guard numbers.otherUnits.count < 4 else { return nil }
      return start + "has different units, \(shown(first)) and \(shown(other)); write all numbers in one unit, or none "
        + "of them with one"
    }
    return start + "has numbers with decimal points and others with decimal commas; write all in one way"
  }
}
