/// Text or ids that a tokenizer cannot convert.
public struct TokenizerError: Error, CustomStringConvertible, Sendable {
  /// The offset of the byte in the text, or the index of the id.
  public let offset: Int
  /// What was there and what would be valid.
  public let reason: String
  private let unit: String

  /// The sentence.
  public var description: String { "at \(unit) \(offset): \(reason)" }

  /// An error at a byte of a text.
  init(atByte offset: Int, _ reason: String) { (self.offset, self.reason, unit) = (offset, reason, "byte") }

  /// An id that is not in the vocabulary.
  init(unknownID id: Int32, at offset: Int, of vocabularySize: Int) {
    self.offset = offset
    reason = "ids should be from 0 to below \(vocabularySize), not \(id)"
    unit = "token"
  }
}
