/// What separates a number's fraction from the rest. The other mark may separate thousands.
public enum DecimalMark: String, Codable, Hashable, Sendable, CaseIterable {
  /// As in 1,234.5
  case point
  /// As in 1.234,5
  case comma

  var byte: UInt8 { self == .point ? UInt8(ascii: ".") : UInt8(ascii: ",") }
  var other: DecimalMark { self == .point ? .comma : .point }
}

/// A number as a cell has it: decimal or scientific notation, with or without marks for thousands, and with a unit or
/// currency around it.
struct WrittenNumber {
  /// The number where the mark of the fraction is a point, and where it is a comma; `nil` where it cannot be one then.
  let point: Double?
  let comma: Double?
  /// The text before or after the number, such as `$`, `kg` or `%`; empty for none.
  let unit: String

  /// The greatest number that is taken: squares of greater ones would not be finite.
  static let greatest = 1e100
  private static let longest = 64

  /// The number with this decimal mark.
  func value(_ mark: DecimalMark) -> Double? { mark == .point ? point : comma }

  /// Whether a cell would be a number if that were not above `greatest`.
  static func isTooLarge(_ text: ArraySlice<UInt8>) -> Bool {
    WrittenNumber(text) == nil && WrittenNumber(text, atMost: .infinity) != nil
  }

  /// Reads a cell without spaces around it; `nil` where it is no number, or one above `limit`.
  init?(_ text: ArraySlice<UInt8>, atMost limit: Double = WrittenNumber.greatest) {
    guard text.count <= Self.longest else { return nil }
    var rest = text
    var sign = rest.popSign()
    let currency = Self.popCurrency(&rest)
    if sign == nil, !currency.isEmpty { sign = rest.popSign() }
    let digits = Self.popDigits(&rest)
    guard digits.contains(where: Self.isDigit) else { return nil }
    let exponent = Self.popExponent(&rest)
    guard let suffix = Self.unit(rest) else { return nil }
    let signed = { (mark: DecimalMark) -> Double? in
      Self.value(digits, exponent, mark, atMost: limit).map { sign == UInt8(ascii: "-") ? -$0 : $0 }
    }
    point = signed(.point)
    let hasMarks = digits.contains { !Self.isDigit($0) }
    comma = hasMarks ? signed(.comma) : point
    unit = currency.isEmpty || suffix.isEmpty ? currency + suffix : "\(currency) … \(suffix)"
    guard point != nil || comma != nil else { return nil }
  }

  private static func isDigit(_ byte: UInt8) -> Bool { UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte }

  /// What separates thousands beside the point and the comma: apostrophes and spaces, also those where lines do not
  /// break. All become the first one.
  private static let groupMarks = ["'", "\u{2019}", " ", "\u{A0}", "\u{2007}", "\u{2009}", "\u{202F}"].map {
    Array($0.utf8)
  }
  private static let groupMark = UInt8(ascii: "'")

  /// Takes digits and marks from the front; spaces and apostrophes only before three digits, as a unit may follow.
  private static func popDigits(_ rest: inout ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    let isPart = { (byte: UInt8) in isDigit(byte) || byte == UInt8(ascii: ".") || byte == UInt8(ascii: ",") }
    var digits = rest.popAll(isPart)
    while let last = digits.last, isDigit(last), let next = rest.first, !isPart(next),
      let mark = groupMarks.first(where: { rest.starts(with: $0) }),
      case let group = rest.dropFirst(mark.count).prefix(while: isDigit), group.count == 3
    {
      rest = rest.dropFirst(mark.count)
      digits.append(groupMark)
      digits += rest.popAll(isPart)
    }
    return digits
  }

  /// The number of digits and marks; `nil` where marks for thousands are not before groups of three digits, or not all
  /// the same.
  private static func value(
    _ digits: ArraySlice<UInt8>, _ exponent: ArraySlice<UInt8>, _ mark: DecimalMark, atMost limit: Double
  ) -> Double? {
    let zero = UInt8(ascii: "0")
    var thousands: UInt8?
    // All digits as one integer, how many there are and how many of the fraction; marks for thousands, and digits since.
    var (number, count, places, marks, group, isFraction) = (0, 0, 0, 0, 0, false)
    for byte in digits {
      if byte == mark.byte {
        guard !isFraction, marks == 0 || group == 3 else { return nil }
        isFraction = true
      } else if byte == mark.other.byte || byte == groupMark {
        guard !isFraction, exponent.isEmpty, thousands == nil || thousands == byte,
          marks == 0 ? 1...3 ~= group && digits.first != zero : group == 3
        else { return nil }
        thousands = byte
        (marks, group) = (marks + 1, 0)
      } else {
        number = number &* 10 &+ Int(byte &- zero)
        count += 1
        if isFraction { places += 1 } else { group += 1 }
      }
    }
    guard marks == 0 || group == 3 else { return nil }
    // Both are exact, so the quotient is the nearest number.
    if count <= 15, exponent.isEmpty { return Double(number) / powers[places] }
    let plain = digits.filter { $0 != thousands }.map { $0 == mark.byte ? UInt8(ascii: ".") : $0 }
    guard let value = Double(String(decoding: plain + exponent, as: UTF8.self)), value <= limit else { return nil }
    return value
  }

  private static let powers = [1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15]

  /// An `e` with digits; otherwise it may be a unit.
  private static func popExponent(_ rest: inout ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    var ahead = rest
    guard let letter = ahead.popFirst(), letter | 0x20 == UInt8(ascii: "e") else { return [] }
    _ = ahead.popSign()
    guard !ahead.popAll(isDigit).isEmpty else { return [] }
    defer { rest = ahead }
    return rest[rest.startIndex..<ahead.startIndex]
  }

  /// Signs and codes of currencies that stand before a number. Other words there rather number things: `Room 5`.
  private static let currencies = [
    "US$", "$", "€", "£", "¥", "₹", "₽", "₩", "USD", "EUR", "GBP", "CHF", "JPY", "CNY", "INR", "CAD", "AUD", "SEK",
    "NOK",
    "DKK", "PLN", "CZK",
  ].map { (text: $0, bytes: Array($0.utf8)) }

  private static func popCurrency(_ rest: inout ArraySlice<UInt8>) -> String {
    guard let first = rest.first, !isDigit(first), let found = currencies.first(where: { rest.starts(with: $0.bytes) })
    else { return "" }
    rest = rest.dropFirst(found.bytes.count).trimmed
    return found.text
  }

  /// The unit that the end of a cell is; `nil` where it cannot be one. It begins with a letter, a sign of percent or of a
  /// currency, and has no digits.
  private static func unit(_ end: ArraySlice<UInt8>) -> String? {
    var rest = end.trimmed
    // A space where lines do not break.
    if let space = groupMarks.first(where: { $0.count > 1 && rest.starts(with: $0) }) {
      rest = rest.dropFirst(space.count)
    }
    guard let first = rest.first else { return "" }
    let begins = first >= 0x80 || 65...90 ~= first & 0xDF || first == UInt8(ascii: "%") || first == UInt8(ascii: "$")
    let isUnit = rest.count <= 16 && rest.allSatisfy { !isDigit($0) && !($0 < 0x20) && !",:;\"'".utf8.contains($0) }
    return begins && isUnit ? String(decoding: rest, as: UTF8.self) : nil
  }
}

extension ArraySlice<UInt8> {
  /// Takes a sign from the front; the minus sign of Unicode is one, too.
  fileprivate mutating func popSign() -> UInt8? {
    let minus: [UInt8] = [0xE2, 0x88, 0x92]
    if starts(with: minus) {
      removeFirst(minus.count)
      return UInt8(ascii: "-")
    }
    guard first == UInt8(ascii: "-") || first == UInt8(ascii: "+") else { return nil }
    return popFirst()
  }

  /// Takes the bytes from the front that are such.
  fileprivate mutating func popAll(_ isSuch: (UInt8) -> Bool) -> ArraySlice<UInt8> {
    let end = firstIndex { !isSuch($0) } ?? endIndex
    defer { self = self[end...] }
    return self[startIndex..<end]
  }
}
