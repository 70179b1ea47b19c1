/// The order in which a person would list names: numbers in them by their value, so that `2` stands before `10`.
enum NaturalOrder {
  /// Whether `a` stands before `b`. Other characters are compared by their bytes, which is the same on every system.
  static func precedes(_ a: String, _ b: String) -> Bool {
    var (left, right) = (Array(a.utf8)[...], Array(b.utf8)[...])
    while let x = left.first, let y = right.first {
      if isDigit(x), isDigit(y) {
        let (first, second) = (number(&left), number(&right))
        // Without zeros in front, a longer number is a greater one.
        if first.count != second.count { return first.count < second.count }
        if !first.elementsEqual(second) { return first.lexicographicallyPrecedes(second) }
      } else {
        if x != y { return x < y }
        left = left.dropFirst()
        right = right.dropFirst()
      }
    }
    // `1` and `01` are equal up to here, and one order of them is as good as the other.
    return left.isEmpty != right.isEmpty ? left.isEmpty : a.utf8.lexicographicallyPrecedes(b.utf8)
  }

  private static func isDigit(_ byte: UInt8) -> Bool { (48...57).contains(byte) }

  /// The digits at the beginning of `text`, without zeros in front, which are removed from it.
  private static func number(_ text: inout ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    let digits = text.prefix(while: isDigit)
    text = text[digits.endIndex...]
    return digits.drop { $0 == 48 }
  }
}
