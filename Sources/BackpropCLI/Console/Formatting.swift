/// Readable numbers and tables. No locale: scripts read them too.
extension BinaryFloatingPoint {
  /// With `places` digits after the point; numbers from 10¹⁵ on as `1.5215e+19`.
  func fixed(_ places: Int) -> String {
    let value = Double(self)
    guard value.isFinite else { return "\(value)" }
    guard value.magnitude < 1e15 else { return value.scientific(5) }
    var scale = 1.0
    for _ in 0..<places { scale *= 10 }
    let scaled = (value.magnitude * scale).rounded()
    guard scaled < 9e18 else { return "\(value)" }
    let digits = String(Int(scaled))
    let padded = String(repeating: "0", count: max(places + 1 - digits.count, 0)) + digits
    let sign = value < 0 && scaled > 0 ? "-" : ""
    guard places > 0 else { return sign + padded }
    return sign + padded.dropLast(places) + "." + padded.suffix(places)
  }

  /// With at least so many digits that say something: `0.001234`, `12.34`, `123400`, `1.234e-05`.
  func significant(_ digits: Int) -> String {
    var (places, size) = (digits - 1, Double(self).magnitude)
    guard size >= 1e-4 || size == 0 else { return scientific(digits) }
    while size >= 10, places > 0 { (places, size) = (places - 1, size / 10) }
    while size < 1, size > 0 { (places, size) = (places + 1, size * 10) }
    return fixed(places)
  }

  /// With `places` digits after the point, or two digits of a number too small for that: `0.0412`, `4.1e-07`.
  func readable(_ places: Int) -> String {
    var least = 10.0
    for _ in 0..<places { least /= 10 }
    let size = Double(self).magnitude
    return size >= least || size == 0 || !size.isFinite ? fixed(places) : scientific(2)
  }

  /// With so many digits and a power of ten: `1.234e-12`.
  func scientific(_ digits: Int) -> String {
    var (mantissa, exponent) = (Double(self), 0)
    guard mantissa.isFinite, mantissa != 0 else { return fixed(digits - 1) }
    while mantissa.magnitude >= 10 { (mantissa, exponent) = (mantissa / 10, exponent + 1) }
    while mantissa.magnitude < 1 { (mantissa, exponent) = (mantissa * 10, exponent - 1) }
    var text = mantissa.fixed(digits - 1)
    // Where it was rounded up.
    if text.hasPrefix("10") || text.hasPrefix("-10") {
      (text, exponent) = ((mantissa / 10).fixed(digits - 1), exponent + 1)
    }
    let size = "\(exponent.magnitude)"
    return "\(text)e\(exponent < 0 ? "-" : "+")\(size.count < 2 ? "0" + size : size)"
  }

  /// A share of one as percent, `0.974` as `97.4 %`.
  var percent: String { (Double(self) * 100).fixed(1) + " %" }
}

extension String {
  /// The word with a number of such things: `1 row`, `2,000 rows`.
  func counted(_ count: Int) -> String { "\(count.grouped) \(self)\(count == 1 ? "" : "s")" }
}

extension [String] {
  /// The first of them and how many more there are.
  var sentenceList: String {
    prefix(3).joined(separator: ", ") + (count > 3 ? " and \((count - 3).grouped) more" : "")
  }
}

extension BinaryInteger {
  /// With a comma every three digits.
  var grouped: String {
    var result = ""
    for (index, digit) in String(magnitude).reversed().enumerated() {
      if index > 0, index % 3 == 0 { result.append(",") }
      result.append(digit)
    }
    return (self < 0 ? "-" : "") + String(result.reversed())
  }

  /// A number of bytes in readable form.
  var bytes: String {
    let units = ["B", "KB", "MB", "GB", "TB"]
    var (value, unit) = (Double(self), 0)
    while value >= 1000, unit < units.count - 1 { (value, unit) = (value / 1000, unit + 1) }
    return unit == 0 ? "\(self) B" : value.fixed(1) + " " + units[unit]
  }
}

/// Seconds as a clock shows them: `4.2 s`, `2:07`, `1:02:07`.
func clockTime(_ seconds: Double) -> String {
  guard seconds.isFinite, seconds >= 0, seconds < 1e9 else { return "?" }
  if seconds < 60 { return seconds.fixed(1) + " s" }
  let total = Int(seconds.rounded())
  let two = { (number: Int) in number < 10 ? "0\(number)" : "\(number)" }
  let rest = two(total / 60 % 60) + ":" + two(total % 60)
  return total < 3600 ? "\(total / 60):" + two(total % 60) : "\(total / 3600):" + rest
}
