/// The character classes of GPT-2's pattern: `\p{L}`, `\p{N}`, `\s` and the rest.
///
/// From a table of this module (Unicode 16) and not from the Swift library, which differs from system to system: the
/// same text must give the same tokens everywhere.
enum UnicodeClass: UInt8 {
  case other, letter, number, space

  /// The class of a Unicode scalar.
  @inline(__always)
  init(_ scalar: UInt32) {
    self = scalar < 128 ? Self.ascii[Int(scalar)] : Self.search(scalar)
  }

  private static let ascii = (UInt32(0)..<128).map(search)

  /// The class of the last run that begins at `scalar` or before.
  private static func search(_ scalar: UInt32) -> UnicodeClass {
    var (low, high) = (0, runs.count)
    while low + 1 < high {
      let middle = (low + high) / 2
      if runs[middle] >> 2 <= scalar { low = middle } else { high = middle }
    }
    return UnicodeClass(rawValue: UInt8(runs[low] & 3)) ?? .other
  }
}
