/// A text as token ids, to train or evaluate a language model.
public struct TokenSequence: Sendable {
  /// Its name in errors.
  public let name: String
  /// How many characters (Unicode scalars) the text has.
  public let characterCount: Int
  let storage: TokenStorage

  /// How many tokens there are.
  public var count: Int { storage.count }

  /// The tokenizer's vocabulary size: the ids are below this.
  public var vocabularySize: Int { storage.vocabularySize }

  /// Tokens per character, the factor from nats per token to nats per character. 1 for an empty text.
  public var tokensPerCharacter: Double {
    characterCount > 0 ? Double(count) / Double(characterCount) : 1
  }

  /// The ids at the positions of `range`, as far as there are any.
  public func ids(in range: Range<Int>) -> [Int32] { storage.ids(in: range.clamped(to: 0..<count)) }
}
