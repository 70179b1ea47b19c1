/// The column that is predicted.
public struct TableTarget: Hashable, Codable, Sendable {
  /// The name in the header.
  public let name: String
  /// Number or class.
  public let goal: TableGoal
  /// What the column has, which decides the goal: `3 different texts`.
  public let found: String
  /// The names of the classes in the order of their labels: by value where they are numbers, else by their characters.
  /// Empty for regression.
  public let classNames: [String]
  /// The mean of the training rows' targets; 0 for classification.
  public internal(set) var mean = 0.0
  /// Their standard deviation; above 0.
  public internal(set) var deviation = 1.0
  private var decimalComma: Bool
  /// The unit or currency of all numbers; `nil` for none. Predictions are in it.
  public let unit: String?
  /// Whether all values are numbers. Then 1 and 1.0 are the same class.
  public let areNumbers: Bool

  /// The most classes, and the most different integers that are taken for classes without being asked to.
  static let (mostClasses, mostIntegers) = (1000, 10)

  /// What separates the fraction of numbers from the rest.
  public internal(set) var decimalMark: DecimalMark {
    get { decimalComma ? .comma : .point }
    set { decimalComma = newValue == .comma }
  }

  /// The target of this survey. Throws a `DataError` where nothing can be learned from it.
  init(
    _ survey: ColumnSurvey, _ mark: DecimalMark, goal: TableGoal?, in table: Table, _ reading: TableReading
  ) throws(DataError) {
    let column = "\(table.name): the target '\(survey.name)'"
    guard survey.count > 0 else { throw DataError("\(column) has no value in any row") }
    guard survey.distinct > 1 else {
      throw DataError(
        "\(column) is '\(survey.texts.first?.prefix(40) ?? "")' in all rows, so there is nothing to learn")
    }
    name = survey.name
    areNumbers = survey.areNumbers(mark)
    decimalComma = areNumbers && mark == .comma
    unit = areNumbers && !survey.numbers.unit.isEmpty ? survey.numbers.unit : nil
    if !areNumbers, goal != .classification, let form = survey.dateForm(reading.dateOrder) {
      throw DataError(
        "\(column) has dates (\(form.rawValue)), which cannot be predicted; choose another target, or add a column with "
          + "a number, such as the days from another date to it")
    }
    let why = survey.whyNeitherNumbersNorDates(table, mark).map { "; \($0)" } ?? ""
    // Of few rows, few integers are no sign of classes.
    let areFew = survey.distinct <= Self.mostIntegers && survey.distinct * 5 <= survey.count
    if areNumbers {
      let areIntegers = survey.numbers.tally(mark).areIntegers
      self.goal = goal ?? (areIntegers && areFew ? .classification : .regression)
      found = "\(survey.distinctText) different \(areIntegers ? "integers" : "numbers")"
    } else {
      if goal == .regression {
        let text = survey.others.first.map { "'\($0.text.prefix(40))' in line \(table.line($0.row))" } ?? "text"
        throw DataError(
          "\(column) should have numbers for regression, but has \(text); choose classification or another target\(why)"
        )
      }
      self.goal = .classification
      found = "\(survey.distinctText) different texts"
    }
    guard self.goal == .classification else {
      classNames = []
      return
    }
    if areNumbers {
      let values = Set(survey.texts.compactMap { WrittenNumber(Array($0.utf8)[...])?.value(mark) })
      classNames = values.sorted().map(Self.className)
    } else {
      classNames = survey.texts.sorted()
    }
    guard classNames.count <= Self.mostClasses, classNames.count * 2 <= survey.count else {
      throw DataError(
        "\(column) has \(survey.distinctText) different values in \(survey.count) rows, which are no classes: each needs "
          + "several rows" + (areNumbers ? "; choose regression" : why))
    }
    guard classNames.count > 1 else {
      throw DataError("\(column) is \(classNames.first ?? "") in all rows, so there is nothing to learn")
    }
  }

  /// The shortest text of a number.
  private static func className(_ value: Double) -> String {
    abs(value) < 1e15 && value.rounded() == value ? "\(Int(value))" : "\(value)"
  }

  /// The number in a cell, or the label of its class; `nil` where it is missing.
  func value(
    _ table: Table, _ row: Int, _ column: Int, _ missing: MissingWords, _ labels: [String: Int]
  ) throws(DataError) -> Double? {
    let bytes = table.trimmed(row, column)
    guard !missing.contain(bytes, asText: !areNumbers) else { return nil }
    var number: Double?
    if areNumbers, let written = WrittenNumber(bytes), written.unit == unit ?? "" {
      number = written.value(decimalMark)
    }
    if goal == .regression, let number { return number }
    let text = number.map(Self.className) ?? table.text(row, column)
    if let label = labels[text] { return Double(label) }
    let near = classNames.first { $0.lowercased() == text.lowercased() }
    throw DataError(
      "\(table.place(row)): the target '\(name)' is '\(text.prefix(60))' and should be "
        + (goal == .regression
          ? "a number\(unit.map { " in '\($0)'" } ?? "")"
          : "one of the classes of the training: \(classNames.joinedBriefly)"
            + (near.map { "; did you mean '\($0)'?" } ?? "")))
  }

  /// The labels of the classes by their names.
  var labels: [String: Int] { Dictionary(zip(classNames, 0...)) { first, _ in first } }

  /// A prediction in the unit of the target.
  public func unstandardized(_ value: Double) -> Double { value * deviation + mean }

  /// Throws where such a target cannot be. For what is read from a file.
  func check() throws(DataError) {
    let isRight =
      goal == .regression
      ? classNames.isEmpty && mean.isFinite && deviation > 0 && deviation.isFinite
      : classNames.count > 1 && classNames.count <= Self.mostClasses && Set(classNames).count == classNames.count
    guard isRight else {
      throw DataError(
        "the target '\(name)' should have classes with different names, or a mean and a deviation above 0")
    }
  }
}
