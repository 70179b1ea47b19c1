import Foundation

/// A file `tokenizer.json`, in the form that Python's `tokenizers` reads and writes.
struct TokenizerFile: Codable {
  /// Any value.
  struct Anything: Codable {
    init(from decoder: any Decoder) {}
    func encode(to encoder: any Encoder) {}
  }

  struct AddedToken: Codable {
    var id: Int
    var content: String
    var isSingleWord = false
    var stripsLeft = false
    var stripsRight = false
    var isNormalized: Bool
    var isSpecial: Bool

    enum CodingKeys: String, CodingKey {
      case id, content
      case isSingleWord = "single_word"
      case stripsLeft = "lstrip"
      case stripsRight = "rstrip"
      case isNormalized = "normalized"
      case isSpecial = "special"
    }
  }

  /// The pre-tokenizer, the post-processor and the decoder.
  struct Stage: Codable {
    var type: String
    var addsPrefixSpace: Bool?
    var trimsOffsets: Bool?
    var usesPattern: Bool?

    enum CodingKeys: String, CodingKey {
      case type
      case addsPrefixSpace = "add_prefix_space"
      case trimsOffsets = "trim_offsets"
      case usesPattern = "use_regex"
    }
  }

  struct Model: Codable {
    var type: String?
    var dropout: Double?
    var subwordPrefix: String?
    var wordSuffix: String?
    var fallsBackToBytes: Bool?
    var ignoresMerges: Bool?
    var vocabulary: Vocabulary
    var merges: [Merge]?

    enum CodingKeys: String, CodingKey {
      case type, dropout, merges
      case subwordPrefix = "continuing_subword_prefix"
      case wordSuffix = "end_of_word_suffix"
      case fallsBackToBytes = "byte_fallback"
      case ignoresMerges = "ignore_merges"
      case vocabulary = "vocab"
    }
  }

  /// The tokens of a model: with their ids (byte pairs), or in order with a score each (unigrams).
  enum Vocabulary: Codable {
    case ids([String: Int])
    case list([String])

    private struct Entry: Codable {
      var token: String

      init(token: String) { self.token = token }

      init(from decoder: any Decoder) throws {
        var container = try decoder.unkeyedContainer()
        token = try container.decode(String.self)
        _ = try container.decode(Double.self)
        guard container.isAtEnd else {
          throw DecodingError.dataCorruptedError(in: container, debugDescription: "an entry is a token and a score")
        }
      }

      func encode(to encoder: any Encoder) throws {
        var container = encoder.unkeyedContainer()
        try container.encode(token)
        try container.encode(0.0)
      }
    }

    init(from decoder: any Decoder) throws {
      if (try? decoder.unkeyedContainer()) != nil {
        self = .list(try decoder.singleValueContainer().decode([Entry].self).map(\.token))
      } else {
        self = .ids(try decoder.singleValueContainer().decode([String: Int].self))
      }
    }

    func encode(to encoder: any Encoder) throws {
      var container = encoder.singleValueContainer()
      switch self {
      case .ids(let ids): try container.encode(ids)
      case .list(let tokens): try container.encode(tokens.map(Entry.init))
      }
    }
  }

  /// Two tokens that are merged: `["a", "b"]`, or `"a b"` in older files.
  struct Merge: Codable {
    var first: String
    var second: String

    init(_ first: String, _ second: String) { (self.first, self.second) = (first, second) }

    init(from decoder: any Decoder) throws {
      let container = try decoder.singleValueContainer()
      let parts =
        try (try? container.decode([String].self))
        ?? container.decode(String.self).split(separator: " ", omittingEmptySubsequences: false).map(String.init)
      guard parts.count == 2 else {
        throw DecodingError.dataCorruptedError(in: container, debugDescription: "a merge is of two tokens")
      }
      self.init(parts[0], parts[1])
    }

    func encode(to encoder: any Encoder) throws {
      var container = encoder.singleValueContainer()
      try container.encode([first, second])
    }
  }

  var version: String? = "1.0"
  var truncation: Anything?
  var padding: Anything?
  var addedTokens: [AddedToken]? = []
  var normalizer: Anything?
  var preTokenizer: Stage?
  var postProcessor: Stage?
  var decoder: Stage?
  var model: Model

  enum CodingKeys: String, CodingKey {
    case version, truncation, padding, normalizer, decoder, model
    case addedTokens = "added_tokens"
    case preTokenizer = "pre_tokenizer"
    case postProcessor = "post_processor"
  }

  /// The bytes of the file, the same for the same contents.
  func data() throws -> Data {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
    return try encoder.encode(self)
  }
}
