/// A number as a page shows it: short for a person, and exact in `data-value`, as it stands in `metrics.jsonl`.
package struct ShownNumber: Hashable, Sendable {
  /// The number.
  package var value: Double
  /// What is shown of it.
  package var text: String
  /// What the number is, such as `testAccuracy`; a check finds it by that.
  package var key: String?
  /// Whether the text is that of `short`, so that a table may give it as many digits as the others of its column.
  let isShort: Bool

  /// A number with four significant digits, or with its own `text`.
  package init(_ value: Double, text: String? = nil, key: String? = nil) {
    self.value = value
    self.text = text ?? Self.short(value)
    self.key = key
    isShort = text == nil
  }

  /// The same number where it is not to be found by what it is.
  package var withoutKey: ShownNumber {
    var number = self
    number.key = nil
    return number
  }

  /// As many digits after the point as four significant ones take for the least of these numbers, so that points stand one
  /// below the other; `nil` where one of them would have more than `most` digits.
  static func places(_ numbers: [Double], most: Int = 9) -> Int? {
    let finite = numbers.filter(\.isFinite)
    guard let great = finite.map(\.magnitude).max(), great < 1e6 else { return nil }
    let places =
      finite.map { value -> Int in
        let digits = short(value)
        guard !digits.contains("e") else { return most }
        return digits.split(separator: ".").dropFirst().first?.count ?? 0
      }.max() ?? 0
    let whole = great < 1 ? 1 : grouped(Int(great)).count { $0 != "," }
    return places + whole <= most && places < most ? places : nil
  }

  /// A share of one as percent.
  package static func percent(_ share: Double, key: String? = nil) -> ShownNumber {
    // No line breaks between the two.
    ShownNumber(share, text: "\(fixed(share * 100, places: 2))\u{A0}%", key: key)
  }

  /// A count, with a comma every three digits.
  package static func count(_ count: Int, key: String? = nil) -> ShownNumber {
    ShownNumber(Double(count), text: grouped(count), key: key)
  }

  var html: HTML {
    let name: HTML = key.map { " data-key=\"\($0)\"" } ?? ""
    return "<data class=\"n\"\(name) value=\"\(exact)\" data-value=\"\(exact)\">\(text)</data>"
  }

  /// The shortest decimal number that reads back as the same value, as JSON has it.
  var exact: String { Self.exact(value) }

  static func exact(_ value: Double) -> String {
    // JSON has no such numbers; in `metrics.jsonl` they are text.
    if value.isNaN { return "NaN" }
    if value.isInfinite { return value < 0 ? "-Infinity" : "Infinity" }
    return value == value.rounded() && value.magnitude < 1e15 ? "\(Int(value))" : "\(value)"
  }

  /// Four significant digits: `0.8513`, `12,345`, `3.2e-05`.
  package static func short(_ value: Double) -> String {
    if value.isNaN { return "NaN" }
    if value.isInfinite { return value < 0 ? "−∞" : "∞" }
    let size = value.magnitude
    if size == 0 { return "0" }
    if size >= 1e6 || size < 1e-4 { return scientific(value) }
    if size >= 1000 { return grouped(Int(value.rounded())) }
    let places =
      size >= 100 ? 1 : size >= 10 ? 2 : size >= 1 ? 3 : size >= 0.1 ? 4 : size >= 0.01 ? 5 : size >= 1e-3 ? 6 : 7
    return trimmed(fixed(value, places: places))
  }

  private static func scientific(_ value: Double) -> String {
    var (mantissa, exponent) = (value, 0)
    while mantissa.magnitude >= 10 { (mantissa, exponent) = (mantissa / 10, exponent + 1) }
    while mantissa.magnitude < 1 { (mantissa, exponent) = (mantissa * 10, exponent - 1) }
    var digits = trimmed(fixed(mantissa, places: 2))
    if digits == "10" || digits == "-10" || digits == "−10" {
      (digits, exponent) = (digits.replacing("10", with: "1"), exponent + 1)
    }
    return "\(digits)e\(exponent)".replacing("-", with: "−")
  }

  /// With so many digits after the point.
  package static func fixed(_ value: Double, places: Int) -> String {
    let places = min(max(places, 0), 8)
    var scale = 1.0
    for _ in 0..<places { scale *= 10 }
    guard value.isFinite, value.magnitude * scale < 1e18 else { return short(value) }
    let scaled = Int((value.magnitude * scale).rounded())
    let sign = value < 0 && scaled > 0 ? "−" : ""
    guard places > 0 else { return sign + "\(scaled)" }
    let digits = "\(scaled)"
    let padded = String(repeating: "0", count: max(places + 1 - digits.count, 0)) + digits
    return "\(sign)\(padded.dropLast(places)).\(padded.suffix(places))"
  }

  /// Without zeros at the end of its decimal places.
  private static func trimmed(_ digits: String) -> String {
    guard digits.contains(".") else { return digits }
    var digits = digits
    while digits.hasSuffix("0") { digits.removeLast() }
    if digits.hasSuffix(".") { digits.removeLast() }
    return digits
  }

  /// With so many digits after the point, and a comma every three before it.
  static func aligned(_ value: Double, places: Int) -> String {
    let digits = fixed(value, places: places)
    guard value.magnitude >= 1000, value.magnitude < 1e15 else { return digits }
    let parts = digits.split(separator: ".")
    let whole = parts[0].drop { $0 == "−" }
    return (digits.hasPrefix("−") ? "−" : "") + grouped(Int(whole) ?? 0) + (parts.count > 1 ? ".\(parts[1])" : "")
  }

  /// With a comma every three digits.
  package static func grouped(_ number: Int) -> String {
    var result = ""
    for (index, digit) in "\(number.magnitude)".reversed().enumerated() {
      if index > 0, index.isMultiple(of: 3) { result.append(",") }
      result.append(digit)
    }
    return (number < 0 ? "−" : "") + String(result.reversed())
  }
}
