/// Readable numbers and tables. No locale: scripts read them too.
extension BinaryFloatingPoint {
  /// With `places` digits after the point; numbers from 10¹⁵ on as `1.5215e+19`.
  func fixed(_ places: Int) -> String {
    let value = Double(self)
    guard value.isFinite else { return "\(value)" }
    guard value.magnitude < 1e15 else {
      var (mantissa, exponent) = (value, 0)
      while mantissa.magnitude >= 10 { (mantissa, exponent) = (mantissa / 10, exponent + 1) }
      return "\(mantissa.fixed(4))e+\(exponent)"
    }
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

  /// With at least so many digits that say something: `0.001234`, `12.34`, `123400`. At most 12 after the point.
  func significant(_ digits: Int) -> String {
    var (places, scale) = (digits - 1, Double(self).magnitude)
    while scale >= 10, places > 0 { (places, scale) = (places - 1, scale / 10) }
    while scale < 1, scale > 0, places < 12 { (places, scale) = (places + 1, scale * 10) }
    return fixed(places)
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

/// Columns as wide as their widest cell; the columns in `left` are aligned left, the others right.
///
/// Where lines would be longer than `limit`, cells of the widest columns in `left` are cut short; usually in a
/// terminal, where they would wrap.
func table(
  _ rows: [[String]], left: Set<Int> = [], limit: Int? = Terminal.columns(of: 1)
) -> [String] {
  let columns = rows.map(\.count).max() ?? 0
  var widths = (0..<columns).map { column in
    rows.map { column < $0.count ? $0[column].count : 0 }.max() ?? 0
  }
  let least = 8
  while let limit, widths.reduce(0, +) + 2 * (columns - 1) > limit,
    let widest = left.filter({ $0 < columns }).max(by: { (widths[$0], $1) < (widths[$1], $0) }), widths[widest] > least
  {
    widths[widest] -= 1
  }
  return rows.map { row in
    let cells = row.enumerated().map { column, cell in
      let cell = cell.count <= widths[column] ? cell : cell.prefix(widths[column] - 1) + "…"
      let space = String(repeating: " ", count: widths[column] - cell.count)
      return left.contains(column) ? cell + space : space + cell
    }
    let line = cells.joined(separator: "  ")
    return String(line.reversed().drop { $0 == " " }.reversed())
  }
}
