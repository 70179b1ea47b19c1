/// How the numbers among some cells are written.
struct NumberSurvey {
  /// What the numbers are with one of the decimal marks.
  struct Tally {
    fileprivate(set) var count = 0
    fileprivate(set) var areIntegers = true
    /// Whether each is the one before plus one, from 0 or 1 on, and whether it is at least greater.
    fileprivate(set) var countsUp = true
    fileprivate(set) var increases = true
    private var last: Double?

    fileprivate mutating func note(_ number: Double) {
      count += 1
      if number.rounded() != number { areIntegers = false }
      if let last {
        if number != last + 1 { countsUp = false }
        if number <= last { increases = false }
      } else if number != 0, number != 1 {
        // Years in order are no numbers of rows.
        countsUp = false
      }
      last = number
    }
  }

  private(set) var point = Tally()
  private(set) var comma = Tally()
  /// Cells that are a number with one of the marks only.
  private var pointOnly = 0
  private var commaOnly = 0
  /// A cell that is a number with either mark, and another one with the other: `4.217`.
  private(set) var ambiguous: String?
  /// The unit of the first number; empty for none.
  private(set) var unit = ""
  private(set) var firstNumber: (text: String, row: Int)?
  /// A number with another unit than the first one.
  private(set) var otherUnit: (text: String, row: Int)?
  /// The other units, until there are more than anyone mixes.
  private(set) var otherUnits: Set<String> = []

  /// The numbers with this mark.
  func tally(_ mark: DecimalMark) -> Tally { mark == .point ? point : comma }

  /// Returns whether the cell is a number.
  mutating func note(_ text: ArraySlice<UInt8>, row: Int) -> Bool {
    guard let number = WrittenNumber(text) else { return false }
    if firstNumber == nil {
      firstNumber = (String(decoding: text, as: UTF8.self), row)
      unit = number.unit
    } else if number.unit != unit {
      if otherUnit == nil { otherUnit = (String(decoding: text, as: UTF8.self), row) }
      if otherUnits.count < 4 { otherUnits.insert(number.unit) }
    }
    switch (number.point, number.comma) {
    case (_?, nil): pointOnly += 1
    case (nil, _?): commaOnly += 1
    case (let one?, let other?) where one != other && ambiguous == nil:
      ambiguous = String(decoding: text, as: UTF8.self)
    default: break
    }
    if let value = number.point { point.note(value) }
    if let value = number.comma { comma.note(value) }
    return true
  }

  /// The mark that the numbers must have; `nil` where both are possible, or none.
  var mark: DecimalMark? {
    (pointOnly > 0) == (commaOnly > 0) ? nil : pointOnly > 0 ? .point : .comma
  }

  /// What separates thousands or a fraction in the cell that may be both, as a fraction.
  var ambiguousMark: DecimalMark? {
    ambiguous.map { $0.contains(",") ? .comma : .point }
  }
}

extension Collection<NumberSurvey> {
  /// The mark of those columns that can have one only; `nil` where there are none, or they differ.
  var mark: DecimalMark? {
    let marks = Set(compactMap(\.mark))
    return marks.count == 1 ? marks.first : nil
  }
}
