/// A text as token ids: what a language model learns from, or is measured with.
public struct TokenSequence: Sendable {
  /// What errors call it.
  public let name: String
  /// How many characters (Unicode scalars) the text has.
  public let characterCount: Int
  let storage: TokenStorage

  /// How many tokens there are.
  public var count: Int { storage.count }

  /// How many tokens the tokenizer had: the ids are below this.
  public var vocabularySize: Int { storage.vocabularySize }

  /// Tokens a character: what turns nats a token into nats a character. 1 of nothing.
  public var tokensPerCharacter: Double {
    characterCount > 0 ? Double(count) / Double(characterCount) : 1
  }

  /// The ids at the places of `range`, as far as there are any.
  public func ids(in range: Range<Int>) -> [Int32] { storage.ids(in: range.clamped(to: 0..<count)) }
}
