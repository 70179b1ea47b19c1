/// A kind of tokenizer, as commands and files write it: `byte`, `character`, `bpe` or `bpe:4096`.
public enum TokenizerName: Hashable, Sendable, CustomStringConvertible {
  /// A token for each of the 256 bytes.
  case byte
  /// A token for each character (Unicode scalar) that a text has.
  case character
  /// Byte-pair encoding with so many tokens.
  case bytePair(vocabularySize: Int)

  /// The default size of `bpe`.
  public static let defaultVocabularySize = 1024
  /// The sizes that a vocabulary of byte pairs may have: each byte is a token, and learning more would take too long.
  public static let vocabularySizes = 256...1_000_000

  /// The kind that `text` names. Throws a `DataError` that lists the known kinds where it names none.
  public init(_ text: String) throws(DataError) {
    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    switch (parts.first ?? "", parts.count) {
    case ("byte", 1): self = .byte
    case ("character", 1): self = .character
    case ("bpe", 1): self = .bytePair(vocabularySize: Self.defaultVocabularySize)
    case ("bpe", 2):
      let sizes = Self.vocabularySizes
      guard let size = Int(parts[1]), sizes.contains(size) else {
        throw DataError(
          "a bpe tokenizer should have from \(sizes.lowerBound) to \(sizes.upperBound) tokens, as in bpe:1024, "
            + "not '\(parts[1])'")
      }
      self = .bytePair(vocabularySize: size)
    default:
      throw DataError("there is no tokenizer '\(text)'; there is byte, character, bpe and bpe:SIZE")
    }
  }

  /// The form of the command line.
  public var description: String {
    switch self {
    case .byte: "byte"
    case .character: "character"
    case .bytePair(let size): "bpe:\(size)"
    }
  }

  /// Throws where the number of tokens is out of range.
  func check() throws(DataError) {
    guard case .bytePair(let size) = self, !Self.vocabularySizes.contains(size) else { return }
    throw DataError(
      "a bpe tokenizer should have from \(Self.vocabularySizes.lowerBound) to \(Self.vocabularySizes.upperBound) tokens, "
        + "not \(size)")
  }
}
