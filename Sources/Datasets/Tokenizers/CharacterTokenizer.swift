/// A token for each character (Unicode scalar) of a text, numbered in the order of Unicode.
public struct CharacterTokenizer: Tokenizer {
  /// The characters; the id of each is its index.
  public let characters: [Unicode.Scalar]
  private let ids: [UInt32: Int32]
  /// The ids of ASCII, −1 where there is none: a fast path without hashing.
  private let asciiIDs: [Int32]

  /// A tokenizer whose vocabulary is the characters of `text`.
  public init(text: String) { self.init(characters: Set(text.unicodeScalars)) }

  /// A tokenizer whose vocabulary is these characters.
  public init(characters: Set<Unicode.Scalar>) { self.init(inOrder: characters.sorted()) }

  /// A tokenizer with these characters, which must differ, in this order.
  init(inOrder characters: [Unicode.Scalar]) {
    self.characters = characters
    var ids: [UInt32: Int32] = [:]
    var asciiIDs = [Int32](repeating: -1, count: 128)
    for (id, character) in characters.enumerated() {
      ids[character.value] = Int32(id)
      if character.isASCII { asciiIDs[Int(character.value)] = Int32(id) }
    }
    self.ids = ids
    self.asciiIDs = asciiIDs
  }

  public var name: TokenizerName { .character }
  public var vocabularySize: Int { characters.count }

  /// The id of each character.
  ///
  /// Throws a `TokenizerError` that names the first character that the vocabulary lacks, or bytes that are not UTF-8.
  public func encode(_ bytes: [UInt8]) throws(TokenizerError) -> [Int32] {
    var result: [Int32] = []
    result.reserveCapacity(bytes.count)
    var position = 0
    while position < bytes.count {
      switch UTF8Step(bytes, at: position) {
      case .scalar(let scalar, let length):
        let id = scalar < 128 ? asciiIDs[Int(scalar)] : ids[scalar] ?? -1
        guard id >= 0 else {
          throw TokenizerError(
            atByte: position,
            "\(Self.described(scalar)) is not among the \(characters.count) characters that the tokenizer "
              + "knows; leave it out, or train with a text that has it or with the tokenizer byte or bpe")
        }
        result.append(id)
        position += length
      case .invalid, .incomplete:
        throw TokenizerError(
          atByte: position,
          "the byte \(bytes[position]) does not belong to a character; text should be UTF-8")
      }
    }
    return result
  }

  public func decode(_ ids: [Int32]) throws(TokenizerError) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(ids.count)
    for (offset, id) in ids.enumerated() {
      guard characters.indices.contains(Int(id)) else {
        throw TokenizerError(unknownID: id, at: offset, of: vocabularySize)
      }
      bytes.append(contentsOf: UTF8.encode(characters[Int(id)]) ?? UTF8.encodedReplacementCharacter)
    }
    return bytes
  }

  public func lastCut(in bytes: [UInt8]) -> Int? {
    let cut = UTF8Cut.last(in: bytes)
    return cut > 0 ? cut : nil
  }

  /// `the character 'é' (U+00E9)`; invisible ones are shown by code only.
  static func described(_ value: UInt32) -> String {
    let code = String(value, radix: 16, uppercase: true)
    let name = "U+" + String(repeating: "0", count: max(4 - code.count, 0)) + code
    guard let scalar = Unicode.Scalar(value), scalar.properties.generalCategory.isVisible else {
      return "the character \(name)"
    }
    return "the character '\(scalar)' (\(name))"
  }
}

extension Unicode.GeneralCategory {
  /// Whether a character of this category is visible in a message and does not affect its neighbors.
  fileprivate var isVisible: Bool {
    switch self {
    case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator,
      .spaceSeparator, .nonspacingMark, .spacingMark, .enclosingMark:
      false
    default: true
    }
  }
}
