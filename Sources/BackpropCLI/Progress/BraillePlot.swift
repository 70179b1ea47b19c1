#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Curves in braille dots: two by four in each character.
struct BraillePlot {
  /// A curve; its points go from left to right.
  struct Curve {
    var points: [(x: Double, y: Double)]
    /// A color of the terminal's 256.
    var color: Int
    /// Whether points are joined.
    var isLine = true
    /// What its points are where there are no colors; `nil`: dots, as the others.
    var mark: Character?
  }

  /// What is written above it.
  var title: String
  /// In characters, with the numbers at its left side.
  var width: Int
  var height: Int
  /// Where the left and the right side are.
  var range: ClosedRange<Double>
  var curves: [Curve]
  /// Whether the axis may be logarithmic, where the greatest number is many times the least.
  var allowsLogarithm = false

  private static let margin = 8

  /// The plot's lines: the title, and `height` more. With `colors`, escape sequences color the dots.
  func lines(colors: Bool) -> [String] {
    // A line that wraps would move all below it.
    let title = String(title.prefix(max(width, 0)))
    let columns = max(width - Self.margin, 4)
    let rows = max(height, 2)
    let all = curves.flatMap { $0.points.map(\.y) }.filter(\.isFinite)
    // A loss that falls by far would be a line along the bottom.
    let isLogarithmic = allowsLogarithm && (all.min() ?? 0) > 0 && (all.max() ?? 0) > 8 * (all.min() ?? 1)
    let scaled = { (value: Double) in isLogarithmic ? log(value) : value }
    let unscaled = { (value: Double) in isLogarithmic ? exp(value) : value }
    let values = all.map(scaled)
    guard let low = values.min(), let high = values.max(), (high - low).isFinite else {
      return [title] + Array(repeating: "", count: rows)
    }
    // A curve without any rise is in the middle.
    let spread = high - low > 0 ? high - low : max(high.magnitude, 1)
    let bottom = high > low ? low : low - spread / 2
    var dots = [UInt8](repeating: 0, count: columns * rows)
    var inks = [Int](repeating: 0, count: columns * rows)
    var marks = [Character?](repeating: nil, count: columns * rows)
    for curve in curves {
      var curve = curve
      for index in curve.points.indices { curve.points[index].y = scaled(curve.points[index].y) }
      let mark = colors ? nil : curve.mark
      if mark != nil { curve.isLine = false }
      draw(curve, bottom, spread, columns, rows) { x, y in
        let cell = y / 4 * columns + x / 2
        dots[cell] |= Self.bits[y % 4][x % 2]
        inks[cell] = curve.color
        if let mark { marks[cell] = mark }
      }
    }
    return [title]
      + (0..<rows).map { row in
        let label =
          row == 0 ? Self.label(unscaled(bottom + spread)) : row == rows - 1 ? Self.label(unscaled(bottom)) : ""
        let cells = (0..<columns).map { column -> String in
          let cell = row * columns + column
          if let mark = marks[cell] { return String(mark) }
          let dot = String(UnicodeScalar(0x2800 + UInt32(dots[cell])) ?? " ")
          return colors && dots[cell] != 0 ? "\u{1B}[38;5;\(inks[cell])m\(dot)\u{1B}[0m" : dot
        }
        return String(repeating: " ", count: max(Self.margin - 2 - label.count, 0)) + label + " │" + cells.joined()
      }
  }

  /// The bit of each dot of a character, by row and column (Unicode, chapter 21.1).
  private static let bits: [[UInt8]] = [[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]]

  private func draw(
    _ curve: Curve, _ bottom: Double, _ spread: Double, _ columns: Int, _ rows: Int, _ set: (Int, Int) -> Void
  ) {
    let (width, height) = (Double(2 * columns - 1), Double(4 * rows - 1))
    let length = max(range.upperBound - range.lowerBound, 1e-9)
    var last: (x: Int, y: Int)?
    for point in curve.points {
      guard point.y.isFinite, range.contains(point.x) else {
        last = nil
        continue
      }
      let x = Int(((point.x - range.lowerBound) / length * width).rounded())
      let y = Int(((1 - (point.y - bottom) / spread) * height).rounded())
      if let last, curve.isLine {
        // As many dots as the longer side has.
        let count = max(abs(x - last.x), abs(y - last.y), 1)
        for step in 1...count {
          set(last.x + (x - last.x) * step / count, last.y + (y - last.y) * step / count)
        }
      } else {
        set(x, y)
      }
      last = (x, y)
    }
  }

  /// A number of at most six characters.
  private static func label(_ value: Double) -> String {
    let size = value.magnitude
    if size > 0, size < 1e-3 { return value.scientific(1) }
    let text = value.fixed(size >= 1000 ? 0 : size >= 100 ? 1 : size >= 10 ? 2 : 3)
    return text.count > margin - 2 ? String(text.prefix(margin - 2)) : text
  }
}
