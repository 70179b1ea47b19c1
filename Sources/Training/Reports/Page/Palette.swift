/// Colors that readers with any color vision tell apart, in a light and in a dark page.
///
/// Source: Okabe & Ito, "Color Universal Design", 2008; the yellow is darker on white and black is gray, since they
/// would not be seen, and the others are a little lighter on black.
package enum Palette {
  private static let colors = [
    ("#0072b2", "#4ea9dc"), ("#d55e00", "#f08a3c"), ("#009e73", "#2cc295"), ("#b8528c", "#e29cc4"),
    ("#c98500", "#f0b93a"), ("#3f9fd6", "#9ad3f5"), ("#8f8600", "#ece25a"), ("#5f6b76", "#b4bec8"),
  ]

  /// How many colors there are; more series take them again.
  package static var count: Int { colors.count }

  /// The number of the color for series `index`, whichever it is.
  package static func index(_ index: Int) -> Int { (index % count + count) % count }

  /// The name of a color between the first one, blue, and the second one, orange, by way of green and yellow, for a place
  /// from 0 to 1 in an order.
  static func name(depth: Double) -> String {
    "d\(Int((min(max(depth.isFinite ? depth : 0, 0), 1) * Double(depths)).rounded()))"
  }

  /// How many steps there are from the first color by depth to the last one, and the colors on the way.
  private static let (depths, way) = (24, [0, 2, 4, 1])

  private static func mixed(_ step: Int) -> String {
    let place = step * (way.count - 1)
    let (first, rest) = (min(place / depths, way.count - 2), place - min(place / depths, way.count - 2) * depths)
    return "color-mix(in oklab,var(--c\(way[first + 1])) \(rest * 100 / depths)%,var(--c\(way[first])))"
  }

  /// `--c0:…;--c1:…`, for a light and for a dark page.
  static let light = colors.enumerated().map { "--c\($0):\($1.0)" }.joined(separator: ";")
  static let dark = colors.enumerated().map { "--c\($0):\($1.1)" }.joined(separator: ";")

  /// Classes: `s0` strokes with color 0, `f0` fills, `k0` is the key of a legend; `sd0` to `sd24` are those by depth.
  static let rules =
    (colors.indices.map { ("\($0)", "var(--c\($0))") }
    + (0...depths).map { ("d\($0)", mixed($0)) })
    .map { name, color in ".s\(name){stroke:\(color)}.f\(name){fill:\(color)}.k\(name){color:\(color)}" }.joined()
}
