/// How dates are written. Each may be followed by a time, after `T` or a space: hours and minutes, seconds with or
/// without a fraction, and `Z` or an offset such as `+02:00`.
enum DateForm: String, Codable, Hashable, Sendable, CaseIterable {
  /// 2026-01-31, as ISO 8601 says.
  case iso = "YYYY-MM-DD"
  /// 2026/01/31
  case yearFirst = "YYYY/MM/DD"
  /// 31.01.2026
  case dayFirstWithDots = "DD.MM.YYYY"
  /// 01/31/2026. Where all dates of a column could also be of the next form, it is this one.
  case monthFirst = "MM/DD/YYYY"
  /// 31/01/2026
  case dayFirst = "DD/MM/YYYY"
  /// 31-01-2026. Where all dates of a column could also be of the next form, it is this one.
  case dayFirstWithDashes = "DD-MM-YYYY"
  /// 01-31-2026
  case monthFirstWithDashes = "MM-DD-YYYY"
  /// 31.12.99, and so on: two digits are a year from 1969 to 2068.
  /// Source: POSIX.1-2024, strptime, %y.
  case shortDayFirstWithDots = "DD.MM.YY"
  case shortMonthFirst = "MM/DD/YY"
  case shortDayFirst = "DD/MM/YY"
  case shortDayFirstWithDashes = "DD-MM-YY"
  case shortMonthFirstWithDashes = "MM-DD-YY"

  /// Whether the month or the day is first, where dates with this separator may have either.
  var order: TableReading.DateOrder? {
    switch self {
    case .iso, .yearFirst, .dayFirstWithDots, .shortDayFirstWithDots: nil
    case .monthFirst, .monthFirstWithDashes, .shortMonthFirst, .shortMonthFirstWithDashes: .monthFirst
    case .dayFirst, .dayFirstWithDashes, .shortDayFirst, .shortDayFirstWithDashes: .dayFirst
    }
  }

  /// Whether years have two digits.
  var hasShortYear: Bool {
    switch self {
    case .shortDayFirstWithDots, .shortMonthFirst, .shortDayFirst, .shortDayFirstWithDashes, .shortMonthFirstWithDashes:
      true
    case .iso, .yearFirst, .dayFirstWithDots, .monthFirst, .dayFirst, .dayFirstWithDashes, .monthFirstWithDashes: false
    }
  }

  /// A moment, or a day's beginning, in UTC where the text has an offset.
  struct Moment: Hashable {
    /// Days since 1970-01-01.
    var day: Int
    /// 1 to 12.
    var month: Int
    /// Seconds of the day, from 0 to below 86,400.
    var seconds: Double

    /// Days since 1970-01-01, with a fraction.
    var days: Double { Double(day) + seconds / 86_400 }
    /// From 0 for Monday to 6.
    var weekday: Int { ((day + 3) % 7 + 7) % 7 }
  }

  private var separator: UInt8 {
    switch self {
    case .iso, .dayFirstWithDashes, .monthFirstWithDashes, .shortDayFirstWithDashes, .shortMonthFirstWithDashes:
      UInt8(ascii: "-")
    case .yearFirst, .monthFirst, .dayFirst, .shortMonthFirst, .shortDayFirst: UInt8(ascii: "/")
    case .dayFirstWithDots, .shortDayFirstWithDots: UInt8(ascii: ".")
    }
  }

  /// The moment that `text` says, or `nil` where it is not of this form or there is no such day.
  func moment(_ text: ArraySlice<UInt8>) -> Moment? {
    var rest = text
    guard let first = rest.popNumber(1...4), rest.popFirst() == separator, let second = rest.popNumber(1...2),
      rest.popFirst() == separator, let third = rest.popNumber(1...4)
    else { return nil }
    var (year, month, day) =
      switch (self, order) {
      case (.iso, _), (.yearFirst, _): (first, second, third)
      case (_, .monthFirst): (third, first, second)
      case (_, _): (third, second, first)
      }
    guard year.digits == (hasShortYear ? 2 : 4), month.digits <= 2, day.digits <= 2 else { return nil }
    if hasShortYear { year.value += year.value < 69 ? 2000 : 1900 }
    guard (1...12).contains(month.value),
      (1...Self.days(inMonth: month.value, of: year.value)).contains(day.value)
    else { return nil }
    var moment = Moment(
      day: Self.daysSinceEpoch(year.value, month.value, day.value), month: month.value, seconds: 0)
    guard let mark = rest.popFirst() else { return moment }
    guard mark == UInt8(ascii: "T") || mark == UInt8(ascii: " "), let time = Self.time(&rest) else { return nil }
    moment.seconds = time.seconds
    // An offset may lead into the day before or after.
    moment.seconds -= time.offset
    while moment.seconds < 0 { moment = moment.moved(by: -1) }
    while moment.seconds >= 86_400 { moment = moment.moved(by: 1) }
    return rest.isEmpty ? moment : nil
  }

  private static func time(_ rest: inout ArraySlice<UInt8>) -> (seconds: Double, offset: Double)? {
    guard let hours = rest.popNumber(1...2), hours.value < 24, rest.popFirst() == UInt8(ascii: ":"),
      let minutes = rest.popNumber(2...2), minutes.value < 60
    else { return nil }
    var seconds = Double(hours.value * 3600 + minutes.value * 60)
    if rest.first == UInt8(ascii: ":") {
      rest.removeFirst()
      guard let whole = rest.popNumber(2...2), whole.value < 60 else { return nil }
      seconds += Double(whole.value)
      if rest.first == UInt8(ascii: ".") {
        rest.removeFirst()
        guard let fraction = rest.popNumber(1...9) else { return nil }
        var scale = 1.0
        for _ in 0..<fraction.digits { scale *= 10 }
        seconds += Double(fraction.value) / scale
      }
    }
    guard let mark = rest.popFirst() else { return (seconds, 0) }
    if mark == UInt8(ascii: "Z") { return (seconds, 0) }
    guard mark == UInt8(ascii: "+") || mark == UInt8(ascii: "-"), let ahead = rest.popNumber(2...2), ahead.value < 24
    else { return nil }
    if rest.first == UInt8(ascii: ":") { rest.removeFirst() }
    let more = rest.isEmpty ? 0 : rest.popNumber(2...2)?.value ?? 60
    guard more < 60 else { return nil }
    return (seconds, Double(ahead.value * 3600 + more * 60) * (mark == UInt8(ascii: "-") ? -1 : 1))
  }

  private static func days(inMonth month: Int, of year: Int) -> Int {
    if month == 2 { return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28 }
    return [4, 6, 9, 11].contains(month) ? 30 : 31
  }

  /// Source: Richards, "Mapping Time", 1998, chapter 25, with years that begin in March.
  private static func daysSinceEpoch(_ year: Int, _ month: Int, _ day: Int) -> Int {
    let years = month > 2 ? year : year - 1
    let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
    return 365 * years + years / 4 - years / 100 + years / 400 + dayOfYear - 719_468
  }
}

extension DateForm.Moment {
  /// The same moment, counted from a neighboring day. The month stays the one that was written.
  fileprivate func moved(by days: Int) -> DateForm.Moment {
    DateForm.Moment(day: day + days, month: month, seconds: seconds - Double(days) * 86_400)
  }
}

extension ArraySlice<UInt8> {
  /// Takes digits from the front: as many as there are, but at most the greatest `count`; `nil` for fewer than the least.
  fileprivate mutating func popNumber(_ count: ClosedRange<Int>) -> (value: Int, digits: Int)? {
    var (value, digits) = (0, 0)
    while digits < count.upperBound, let byte = first, UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte {
      digits += 1
      value = value * 10 + Int(byte - UInt8(ascii: "0"))
      removeFirst()
    }
    return digits >= count.lowerBound ? (value, digits) : nil
  }
}
