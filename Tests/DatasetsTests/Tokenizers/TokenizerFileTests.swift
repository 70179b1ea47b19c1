import Foundation
import Testing

@testable import Datasets

@Suite struct TokenizerFileTests {
  static func loaded(_ json: String) throws -> any Tokenizer {
    try tokenizer(fromJSON: Array(json.utf8), name: "some.json")
  }

  /// A byte-level file with these members instead of the default ones; the vocabulary is a, b, c and ab.
  static func bytePairs(_ changes: [String: String] = [:], model changed: [String: String] = [:]) -> String {
    let model = ["type": "\"BPE\"", "vocab": #"{"a":0,"b":1,"c":2,"ab":3}"#, "merges": #"[["a","b"]]"#]
      .merging(changed) { $1 }
    let members = [
      "version": "\"1.0\"", "pre_tokenizer": #"{"type":"ByteLevel","add_prefix_space":false}"#,
      "decoder": #"{"type":"ByteLevel"}"#, "model": object(model),
    ].merging(changes) { $1 }
    return object(members)
  }

  static func object(_ members: [String: String]) -> String {
    "{" + members.sorted { $0.key < $1.key }.map { "\"\($0)\":\($1)" }.joined(separator: ",") + "}"
  }

  static func unigrams(_ vocabulary: String) -> String {
    #"{"version":"1.0","decoder":{"type":"Fuse"},"model":{"type":"Unigram","vocab":\#(vocabulary)}}"#
  }

  @Test func savesAndLoadsEachKind() throws {
    let url = FileManager.default.temporaryDirectory.appending(path: "backprop-test-\(UUID().uuidString).json")
    defer { try? FileManager.default.removeItem(at: url) }
    // Å and the ångström sign count as the same string in Swift, and are two characters.
    let text = "a\n\u{0}\"\\/ é\u{C5}\u{212B}😀\u{2028}"
    for tokenizer in [
      ByteTokenizer(), CharacterTokenizer(text: text),
      try BytePairTokenizer.train(on: text + text, vocabularySize: 264),
    ] as [any Tokenizer] {
      try tokenizer.save(to: url)
      let loaded = try loadTokenizer(from: url)
      #expect(loaded.name == tokenizer.name)
      #expect(loaded.vocabularySize == tokenizer.vocabularySize)
      #expect(try loaded.encode(text) == tokenizer.encode(text))
      #expect(try loaded.text(of: loaded.encode(text)) == text)
    }
  }

  @Test func namesFoldersThatAreNotThere() throws {
    let error = try #require(throws: DataError.self) {
      try ByteTokenizer().save(to: URL(filePath: "/no/such/folder/tokenizer.json"))
    }
    #expect(error.message.hasPrefix("/no/such/folder/tokenizer.json cannot be written"))
    #expect(throws: DataError.self) { try loadTokenizer(from: URL(filePath: "/no/such/folder/tokenizer.json")) }
  }

  @Test func readsWhatIsRight() throws {
    #expect(try Self.loaded(Self.bytePairs()).encode("abcab") == [3, 2, 3])
    #expect(try Self.loaded(Self.bytePairs(model: ["merges": #"["a b"]"#])).encode("abcab") == [3, 2, 3])
    #expect(try Self.loaded(Self.unigrams(#"[["b",0],["a",-1.5]]"#)).encode("ab") == [1, 0])
    let error = try #require(throws: TokenizerError.self) { try Self.loaded(Self.bytePairs()).encode("abcd") }
    #expect(error.offset == 3)
    #expect(error.reason.contains("no token for the byte 100"))
  }

  @Test(
    arguments: [
      ("empty", "", "should be JSON, but it ends where a value should stand"),
      ("no object", "[]", "should have an object at its top"),
      ("no model", "{}", "some.json lacks 'model'"),
      ("normalizer", bytePairs(["normalizer": #"{"type":"NFC"}"#]), "has a normalizer"),
      ("truncation", bytePairs(["truncation": #"{"max_length":3}"#]), "has a truncation"),
      ("padding", bytePairs(["padding": "{}"]), "has a padding"),
      ("pre-tokenizer", bytePairs(["pre_tokenizer": #"{"type":"Whitespace"}"#]), "the pre-tokenizer ByteLevel"),
      ("no pre-tokenizer", bytePairs(["pre_tokenizer": "null"]), "the pre-tokenizer ByteLevel"),
      (
        "no pattern", bytePairs(["pre_tokenizer": #"{"type":"ByteLevel","use_regex":false}"#]), "GPT-2's pattern"
      ),
      ("decoder", bytePairs(["decoder": #"{"type":"Metaspace"}"#]), "the decoder ByteLevel"),
      ("post-processor", bytePairs(["post_processor": #"{"type":"TemplateProcessing"}"#]), "no post-processor"),
      ("dropout", bytePairs(model: ["dropout": "0.1"]), "without dropout"),
      ("prefix", bytePairs(model: ["continuing_subword_prefix": "\"##\""]), "prefixes and suffixes"),
      ("model", bytePairs(model: ["type": "\"WordPiece\""]), "a model of type BPE"),
      ("kind", unigrams(#"{"a":0}"#), "a model of type BPE"),
      ("hole", bytePairs(model: ["vocab": #"{"a":0,"b":1,"c":5,"ab":3}"#]), "ids from 0 to 3, each for one"),
      ("twice", bytePairs(model: ["vocab": #"{"a":0,"b":1,"c":1,"ab":2}"#]), "each for one token"),
      ("negative", bytePairs(model: ["vocab": #"{"a":-1,"b":1,"c":0,"ab":2}"#]), "each for one token"),
      ("large", bytePairs(model: ["vocab": #"{"a":9223372036854775807,"b":1,"c":0,"ab":2}"#]), "each for one token"),
      (
        "too large", bytePairs(model: ["vocab": #"{"a":9223372036854775808}"#]),
        "a whole number as 'model.vocab.a', not 9223372036854775808"
      ),
      ("fraction", bytePairs(model: ["vocab": #"{"a":0.5}"#]), "a whole number as 'model.vocab.a', not 0.5"),
      ("symbol", bytePairs(model: ["vocab": #"{"a":0,"b":1,"☃":2,"ab":3}"#]), "has a token '☃'"),
      ("no text", bytePairs(model: ["vocab": #"{"a":0,"b":1,"":2,"ab":3}"#]), "has a token ''"),
      ("merge", bytePairs(model: ["merges": #"[["a","c"]]"#]), "tokens for 'a', 'c' and both together"),
      ("empty merge", bytePairs(model: ["merges": #"[["","a"]]"#]), "tokens for '', 'a'"),
      ("three", bytePairs(model: ["merges": #"[["a","b","c"]]"#]), "a merge is of two tokens"),
      ("one", bytePairs(model: ["merges": #"["ab"]"#]), "a merge is of two tokens"),
      ("number", bytePairs(model: ["merges": "[7]"]), "text as 'model.merges[0]'"),
      ("characters", unigrams(#"[["ab",0]]"#), "one character each in a Unigram model, not 'ab'"),
      ("no character", unigrams(#"[["",0]]"#), "one character each"),
      ("character twice", unigrams(#"[["a",0],["a",0]]"#), "each character once"),
      ("no score", unigrams(#"[["a"]]"#), "a number as 'model.vocab[0][1]'"),
    ] as [(String, String, String)])
  func refuses(name: String, json: String, message: String) throws {
    let error = try #require(throws: DataError.self) { try Self.loaded(json) }
    #expect(error.message.hasPrefix("some.json "))
    #expect(error.message.contains(message), "\(name): \(error)")
  }

  /// Separate, as arguments are printed.
  @Test func refusesDeepNesting() throws {
    try refuses(
      name: "nested", json: String(repeating: "[", count: 100_000),
      message: "column 513 should have no more than 512 levels")
  }

  @Test(
    arguments: [
      (#""single_word":true,"lstrip":false,"rstrip":false"#, 4, "<s>", "not be single_word"),
      (#""single_word":false,"lstrip":true,"rstrip":false"#, 4, "<s>", "not be single_word"),
      (#""single_word":false,"lstrip":false,"rstrip":false"#, 4, "", "should have text"),
      (#""single_word":false,"lstrip":false,"rstrip":false"#, 5, "<s>", "ids from 0 to 4"),
      (#""single_word":false,"lstrip":false,"rstrip":false"#, 3, "c", "the id of the vocabulary, not 3"),
      (#""single_word":false,"lstrip":false,"rstrip":false"#, -1, "<s>", "ids from 0 to 4"),
    ])
  func refusesAddedTokens(flags: String, id: Int, content: String, message: String) throws {
    let token = #"[{"id":\#(id),"content":"\#(content)",\#(flags),"normalized":false,"special":true}]"#
    let error = try #require(throws: DataError.self) { try Self.loaded(Self.bytePairs(["added_tokens": token])) }
    #expect(error.message.contains(message))
  }

  /// Every file that differs in one byte from a valid one, or is truncated, is read or refused, and never traps.
  @Test(arguments: [bytePairs(), unigrams(#"[["b",0],["a",-1.5]]"#)])
  func survivesDamage(right: String) {
    let right = Array(right.utf8)
    for place in right.indices {
      #expect(throws: DataError.self) { try tokenizer(fromJSON: Array(right[..<place]), name: "file") }
      for value in Array("\"{}[],:019-eE.\\\u{0} ab".utf8) + [0xFF] {
        var bytes = right
        bytes[place] = value
        if let tokenizer = try? tokenizer(fromJSON: bytes, name: "file") { _ = try? tokenizer.encode("abcab") }
      }
    }
  }
}

@Suite struct TokenizerFileExportTests {
  private static let folder = ProcessInfo.processInfo.environment["BACKPROP_TOKENIZER_OUTPUT"]

  private struct Sample: Encodable {
    var text: String
    var ids: [Int32]
  }

  /// Saves a tokenizer of each kind in the folder that BACKPROP_TOKENIZER_OUTPUT names, and texts with their ids.
  /// `tools/make_tokenizer_fixtures.py --check FOLDER` compares Python with them.
  @Test(.enabled(if: folder != nil))
  func savesForPython() throws {
    let folder = URL(filePath: try #require(Self.folder))
    let fixture = try TokenizerFixture.all()[0]
    let texts = fixture.files[0].cases.map(\.text)
    for (name, tokenizer) in [
      ("byte", ByteTokenizer()), ("character", CharacterTokenizer(text: texts.joined())),
      ("bpe", try BytePairTokenizer.train(on: fixture.text, vocabularySize: 350)),
    ] as [(String, any Tokenizer)] {
      try tokenizer.save(to: folder.appending(path: "\(name).json"))
      let samples = try texts.map { Sample(text: $0, ids: try tokenizer.encode($0)) }
      try JSONEncoder().encode(samples).write(to: folder.appending(path: "\(name).cases"))
    }
  }
}
