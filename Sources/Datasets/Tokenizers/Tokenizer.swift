import Foundation

/// Converts text to the ids of a vocabulary and back.
public protocol Tokenizer: Sendable {
  /// The kind of the tokenizer and, for byte pairs, the size of its vocabulary, as the command writes them: `bpe:2048`.
  var name: TokenizerName { get }

  /// The number of ids, which begin at 0.
  var vocabularySize: Int { get }

  /// The ids of the tokens of a text.
  ///
  /// Takes time in proportion to the text. Throws a `TokenizerError` where the vocabulary lacks something the text has.
  func encode(_ bytes: [UInt8]) throws(TokenizerError) -> [Int32]

  /// The bytes of these tokens. A token may be only a part of a character.
  ///
  /// Throws a `TokenizerError` for an id that is not in the vocabulary.
  func decode(_ ids: [Int32]) throws(TokenizerError) -> [UInt8]

  /// The last position where a text may be split so that its parts, encoded separately, give the ids of the whole.
  ///
  /// `bytes` are the beginning of a text. The position is above 0; `nil` where there is none.
  func lastCut(in bytes: [UInt8]) -> Int?

  /// The tokenizer as the contents of `tokenizer.json`, in the form that Python's `tokenizers` reads.
  func jsonData() throws -> Data
}

extension Tokenizer {
  /// The ids of the tokens of a text. Throws a `TokenizerError` where the vocabulary lacks something the text has.
  public func encode(_ text: String) throws(TokenizerError) -> [Int32] { try encode(Array(text.utf8)) }

  /// The text of these tokens; bytes that are not UTF-8 become U+FFFD.
  ///
  /// Throws a `TokenizerError` for an id that is not in the vocabulary.
  public func text(of ids: [Int32]) throws(TokenizerError) -> String {
    String(decoding: try decode(ids), as: UTF8.self)
  }
}
