/// Text or ids that a tokenizer cannot translate.
public struct TokenizerError: Error, CustomStringConvertible, Sendable {
  /// Where it was found: the byte of a text, or the place of an id.
  public let offset: Int
  /// What stood there and what would be right.
  public let reason: String

  /// The sentence.
  public var description: String { "at \(offset): \(reason)" }

  static func unknownID(_ id: Int32, at offset: Int, of vocabularySize: Int) -> TokenizerError {
    TokenizerError(offset: offset, reason: "token ids should be from 0 to below \(vocabularySize), not \(id)")
  }
}
