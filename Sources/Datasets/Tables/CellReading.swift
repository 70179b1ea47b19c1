/// What the text of a cell means.
enum Cell {
  private static let missing: Set<String> = ["", "na", "n/a", "nan", "null", "?"]

  /// Whether it says that there is no value: nothing, `NA`, `N/A`, `NaN`, `null` or `?`, in any case.
  static func isMissing(_ text: ArraySlice<UInt8>) -> Bool {
    guard text.count <= 4 else { return false }
    return text.isEmpty || missing.contains(String(decoding: text, as: UTF8.self).lowercased())
  }

  /// The greatest number that is taken: squares of greater ones would not be finite.
  static let greatestNumber = 1e100

  /// The number in decimal or scientific notation, with a point, or with a comma in its place where `decimalComma`.
  static func number(_ text: ArraySlice<UInt8>, decimalComma: Bool) -> Double? {
    guard text.count <= 64 else { return nil }
    var characters = Array(text)
    for (index, byte) in characters.enumerated() {
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "+"), UInt8(ascii: "e"),
        UInt8(ascii: "E"):
        break
      case UInt8(ascii: "."):
        if decimalComma { return nil }
      case UInt8(ascii: ","):
        guard decimalComma else { return nil }
        characters[index] = UInt8(ascii: ".")
      default: return nil
      }
    }
    guard let value = Double(String(decoding: characters, as: UTF8.self)), abs(value) <= greatestNumber else {
      return nil
    }
    return value
  }

  /// The pairs of words for false and true.
  static let booleans = [["false", "true"], ["no", "yes"], ["f", "t"], ["n", "y"]]
}
