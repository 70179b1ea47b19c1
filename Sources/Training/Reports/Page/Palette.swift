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

  /// `--c0:…;--c1:…`, for a light and for a dark page.
  static let light = colors.enumerated().map { "--c\($0):\($1.0)" }.joined(separator: ";")
  static let dark = colors.enumerated().map { "--c\($0):\($1.1)" }.joined(separator: ";")

  /// Classes: `s0` strokes with color 0, `f0` fills, `k0` is the key of a legend.
  static let rules = colors.indices.map { index in
    ".s\(index){stroke:var(--c\(index))}.f\(index){fill:var(--c\(index))}.k\(index){color:var(--c\(index))}"
  }.joined()
}
