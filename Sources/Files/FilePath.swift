/// Paths whose names need not be UTF-8, as strings.
///
/// On Linux a name is any bytes. A `String` would replace those that are no UTF-8, and the name would then be that of another
/// file. So such bytes stand in the string as characters for private use, U+EF80 to U+EFFF for 0x80 to 0xFF, and so do the
/// bytes of these characters themselves: every name has its own string, and the string gives the name back.
package enum FilePath {
  private static let escapes: ClosedRange<UInt32> = 0xEF80...0xEFFF

  /// The string for a path of these bytes.
  package static func string(of bytes: some Collection<UInt8>) -> String {
    if let text = String(validating: bytes, as: UTF8.self), !text.unicodeScalars.contains(where: isEscape) {
      return text
    }
    var text = String.UnicodeScalarView()
    var rest = bytes[...]
    while !rest.isEmpty {
      var iterator = rest.makeIterator()
      var decoder = UTF8()
      if case .scalarValue(let scalar) = decoder.decode(&iterator), !isEscape(scalar) {
        text.append(scalar)
        rest = rest.dropFirst(UTF8.width(scalar))
      } else if let byte = rest.popFirst(), let scalar = Unicode.Scalar(0xEF00 + UInt32(byte)) {
        text.append(scalar)
      }
    }
    return String(text)
  }

  /// The bytes that `path` stands for.
  package static func bytes(of path: String) -> [UInt8] {
    guard path.unicodeScalars.contains(where: isEscape) else { return Array(path.utf8) }
    return path.unicodeScalars.flatMap { scalar in
      isEscape(scalar) ? [UInt8(truncatingIfNeeded: scalar.value)] : Array(String(scalar).utf8)
    }
  }

  private static func isEscape(_ scalar: Unicode.Scalar) -> Bool { escapes.contains(scalar.value) }
}
