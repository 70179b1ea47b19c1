import Foundation

/// Translates text to the ids of a vocabulary and back.
public protocol Tokenizer: Sendable {
  /// What kind it is, and of what size.
  var name: TokenizerName { get }

  /// How many ids there are: they go from 0 to one less.
  var vocabularySize: Int { get }

  /// The ids of the tokens of a text.
  ///
  /// Takes time in proportion to the text. Throws a `TokenizerError` where the vocabulary lacks something the text has.
  func encode(_ bytes: [UInt8]) throws(TokenizerError) -> [Int32]

  /// The bytes that tokens stand for. A token may hold a part of a character only.
  ///
  /// Throws a `TokenizerError` for an id that is not in the vocabulary.
  func decode(_ ids: [Int32]) throws(TokenizerError) -> [UInt8]

  /// The last place where a text may be cut so that its parts, encoded one by one, give the ids of the whole.
  ///
  /// `bytes` are the start of more. The place is above 0; `nil` where there is none.
  func lastCut(in bytes: [UInt8]) -> Int?

  /// What a file `tokenizer.json` has of it, in the form that Python's `tokenizers` reads.
  func jsonData() throws -> Data
}

extension Tokenizer {
  /// The ids of the tokens of a text. Throws a `TokenizerError` where the vocabulary lacks something the text has.
  public func encode(_ text: String) throws(TokenizerError) -> [Int32] { try encode(Array(text.utf8)) }

  /// The text that tokens stand for; bytes that are not UTF-8 become U+FFFD.
  ///
  /// Throws a `TokenizerError` for an id that is not in the vocabulary.
  public func text(of ids: [Int32]) throws(TokenizerError) -> String {
    String(decoding: try decode(ids), as: UTF8.self)
  }
}
