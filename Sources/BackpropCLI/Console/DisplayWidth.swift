/// How many columns of a terminal text takes: a Chinese, Japanese or Korean character and most emoji take two, and marks
/// on a letter none. Whatever aligns or shortens text counts by it.
extension StringProtocol {
  /// The columns that it takes in a terminal.
  var displayWidth: Int {
    utf8.allSatisfy { $0 < 0x80 } ? utf8.count : reduce(0) { $0 + $1.displayWidth }
  }

  /// The longest beginning that takes at most so many columns.
  func fitting(_ columns: Int) -> SubSequence {
    var (end, width) = (startIndex, 0)
    while end < endIndex, case let next = self[end].displayWidth, width + next <= columns {
      width += next
      end = index(after: end)
    }
    return self[..<end]
  }
}

extension String {
  /// Its beginning and an ellipsis, where it takes more than so many columns.
  func shortened(to columns: Int) -> String {
    displayWidth <= columns ? self : fitting(Swift.max(columns - 1, 0)) + "…"
  }

  /// With spaces after it, or before, up to that width.
  func padded(to columns: Int, isLeft: Bool = true) -> String {
    let space = String(repeating: " ", count: Swift.max(columns - displayWidth, 0))
    return isLeft ? self + space : space + self
  }
}

extension Character {
  fileprivate var displayWidth: Int {
    guard let first = unicodeScalars.first else { return 0 }
    let isEmoji = first.properties.isEmojiPresentation || unicodeScalars.contains { $0.value == 0xFE0F }
    if isEmoji || first.isWide { return 2 }
    return first.isZeroWidth ? 0 : 1
  }
}

extension Unicode.Scalar {
  /// Source: Unicode Standard Annex #11, "East Asian Width": the blocks of the classes W and F.
  private static let wide: [ClosedRange<UInt32>] = [
    0x1100...0x115F, 0x2E80...0x303E, 0x3041...0x4DBF, 0x4E00...0xA4CF, 0xA960...0xA97F, 0xAC00...0xD7A3,
    0xF900...0xFAFF, 0xFE10...0xFE19, 0xFE30...0xFE6F, 0xFF01...0xFF60, 0xFFE0...0xFFE6, 0x16FE0...0x18DFF,
    0x1AFF0...0x1B2FF, 0x1F200...0x1F265, 0x20000...0x3FFFD,
  ]

  fileprivate var isWide: Bool { value >= 0x1100 && Self.wide.contains { $0.contains(value) } }

  fileprivate var isZeroWidth: Bool {
    switch properties.generalCategory {
    case .nonspacingMark, .enclosingMark, .control: true
    // The soft hyphen is one, and visible.
    case .format: value != 0xAD
    default: false
    }
  }
}
