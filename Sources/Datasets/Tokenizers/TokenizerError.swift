/// Text or ids that a tokenizer cannot translate.
public struct TokenizerError: Error, CustomStringConvertible, Sendable {
  /// Which byte of the text it was, or which of the ids.
  public let offset: Int
  /// What stood there and what would be right.
  public let reason: String
  private let unit: String

  /// The sentence.
  public var description: String { "at \(unit) \(offset): \(reason)" }

  /// A text that has something at a byte.
  init(atByte offset: Int, _ reason: String) { (self.offset, self.reason, unit) = (offset, reason, "byte") }

  /// An id that a vocabulary lacks.
  init(unknownID id: Int32, at offset: Int, of vocabularySize: Int) {
    self.offset = offset
    reason = "ids should be from 0 to below \(vocabularySize), not \(id)"
    unit = "token"
  }
}
