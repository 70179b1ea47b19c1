/// What the text of a cell means.
enum Cell {
  /// The pairs of words for false and true.
  static let booleans = [["false", "true"], ["no", "yes"], ["f", "t"], ["n", "y"]]
}

/// The words that say that there is no value, in any case.
struct MissingWords {
  /// Those that never stand for anything else. Some are what spreadsheets write for an error.
  static let always: Set<String> = [
    "", "na", "n/a", "n.a.", "n.a", "nan", "null", "?", "#n/a", "<na>", "#div/0!", "#name?", "#null!", "#num!", "#ref!",
    "#value!",
  ]
  /// Those that are a category beside other texts, but say that a number, a date or one of two words is missing.
  static let besideValues: Set<String> = [
    "none", "nil", "-", "--", "–", "—", ".", "..", "missing", "unknown", "not available",
  ]

  private let own: Set<String>
  private let longest: Int

  /// The known words and these.
  init(and words: [String] = []) {
    own = Set(words.map { $0.lowercased() })
    longest = Self.always.union(Self.besideValues).union(own).reduce(0) { max($0, $1.utf8.count) }
  }

  enum Meaning {
    case value
    /// A missing number, date or word of two, but a category beside other texts.
    case missingBesideValues
    case missing
  }

  /// What a cell without spaces around it says.
  func meaning(_ text: ArraySlice<UInt8>) -> Meaning {
    guard let first = text.first else { return .missing }
    guard text.count <= longest, !own.isEmpty || !Self.beginsNumber(first) || text.count <= 2 else { return .value }
    let word = String(decoding: text, as: UTF8.self).lowercased()
    if Self.always.contains(word) || own.contains(word) { return .missing }
    return Self.besideValues.contains(word) ? .missingBesideValues : .value
  }

  /// No known word of more than two characters begins so, and most cells do.
  private static func beginsNumber(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "+"), UInt8(ascii: "."): true
    default: false
    }
  }

  /// Whether a cell lacks a value: of texts, or of numbers, dates and two words.
  func contain(_ text: ArraySlice<UInt8>, asText: Bool) -> Bool {
    switch meaning(text) {
    case .value: false
    case .missingBesideValues: !asText
    case .missing: true
    }
  }

  /// The known words, for a sentence.
  static let text = (always.union(besideValues).subtracting([""])).sorted().map { "'\($0)'" }.joined(separator: ", ")
}
