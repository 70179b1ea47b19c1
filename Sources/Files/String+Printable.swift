extension StringProtocol {
  /// The text safe for a terminal: characters that would move the cursor, change colors or the order of characters are
  /// escaped, `\u{1B}`.
  ///
  /// Text from files is escaped before it is printed: class names, tokens, keys, paths.
  package var printable: String { printable(keepsLines: false) }

  /// The same for text of several lines, which may have tabs.
  package var printableLines: String { printable(keepsLines: true) }

  private func printable(keepsLines: Bool) -> String {
    guard unicodeScalars.contains(where: \.isHidden) else { return String(self) }
    var result = String.UnicodeScalarView()
    for scalar in unicodeScalars {
      if scalar.isHidden, !keepsLines || scalar != "\n" && scalar != "\t" {
        // A byte of a path that is not UTF-8, as shells write it, or the character's code.
        let digits = String(scalar.value & (scalar.isPathByte ? 0xFF : ~0), radix: 16, uppercase: true)
        result.append(contentsOf: (scalar.isPathByte ? "\\x\(digits)" : "\\u{\(digits)}").unicodeScalars)
      } else {
        result.append(scalar)
      }
    }
    return String(result)
  }
}

extension Unicode.Scalar {
  /// Whether it encodes a byte in a string of `FilePath`.
  var isPathByte: Bool { (0xEF80...0xEFFF).contains(value) }

  /// Whether it is a control character, an end of a line, or sets the direction of text.
  fileprivate var isHidden: Bool {
    switch value {
    case 0x20..<0x7F: false
    case 0..<0x20, 0x7F..<0xA0, 0x2028, 0x2029: true
    case _ where isPathByte: true
    case 0x200E, 0x200F, 0x061C, 0x202A...0x202E, 0x2066...0x2069: true
    default: false
    }
  }
}
