import Testing

@testable import Datasets

@Suite struct TokenizerTests {
  @Test(
    arguments: [
      ("byte", .byte), ("character", .character), ("bpe", .bytePair(vocabularySize: 1024)),
      ("bpe:256", .bytePair(vocabularySize: 256)), ("bpe:5000", .bytePair(vocabularySize: 5000)),
    ] as [(String, TokenizerName)])
  func reads(text: String, name: TokenizerName) throws {
    #expect(try TokenizerName(text) == name)
    #expect(try TokenizerName(name.description) == name)
  }

  @Test(arguments: ["", "bytes", "byte:", "character:3", "BPE", ":", "word"])
  func refusesNames(text: String) throws {
    let error = try #require(throws: DataError.self) { try TokenizerName(text) }
    #expect(error.message.contains("there is no tokenizer '\(text)'; there is byte, character, bpe"))
  }

  @Test(arguments: ["bpe:", "bpe:255", "bpe:-1", "bpe:1e3", "bpe:1000001", "bpe:99999999999999999999", "bpe:300:2"])
  func refusesSizes(text: String) throws {
    let error = try #require(throws: DataError.self) { try TokenizerName(text) }
    #expect(error.message.contains("from 256 to 1000000 tokens"))
  }

  @Test func numbersCharactersInOrder() throws {
    let tokenizer = CharacterTokenizer(text: "naïve 😀\nnew")
    #expect(tokenizer.characters == ["\n", " ", "a", "e", "n", "v", "w", "ï", "😀"])
    #expect(try tokenizer.encode("new 😀") == [4, 3, 6, 1, 8])
    #expect(try tokenizer.text(of: [8, 7, 0]) == "😀ï\n")
  }

  @Test(
    arguments: [
      ("abc", 2, "the character 'c' (U+0063) is not among the 2 characters"),
      ("aé", 1, "the character 'é' (U+00E9)"),
      ("ab\n", 2, "the character U+000A"),
      ("b\u{301}", 1, "the character U+0301"),
      ("b😀", 1, "the character '😀' (U+1F600)"),
    ])
  func namesUnknownCharacters(text: String, offset: Int, message: String) throws {
    let tokenizer = CharacterTokenizer(text: "ab")
    let error = try #require(throws: TokenizerError.self) { try tokenizer.encode(text) }
    #expect(error.offset == offset)
    #expect(error.reason.contains(message))
    #expect(error.reason.contains("train with a text that has it"))
  }

  @Test(arguments: [[97, 0xFF], [97, 0xC3], [97, 0xED, 0xA0, 0x80]] as [[UInt8]])
  func charactersAreUTF8(bytes: [UInt8]) throws {
    let error = try #require(throws: TokenizerError.self) { try CharacterTokenizer(text: "ab").encode(bytes) }
    #expect(error.offset == 1)
    #expect(error.reason.contains("should be UTF-8"))
  }

  @Test(arguments: [ByteTokenizer(), CharacterTokenizer(text: "ab")] as [any Tokenizer])
  func refusesIDs(tokenizer: any Tokenizer) throws {
    for id in [-1, Int32(tokenizer.vocabularySize), .max, .min] {
      let error = try #require(throws: TokenizerError.self) { try tokenizer.decode([0, id]) }
      #expect(error.offset == 1)
      #expect(error.reason.contains("from 0 to below \(tokenizer.vocabularySize), not \(id)"))
    }
  }

  @Test func everyByteGoesAndComesBack() throws {
    let bytes = Array(UInt8.min...UInt8.max)
    #expect(ByteTokenizer().encode(bytes) == (0..<256).map { $0 })
    #expect(try ByteTokenizer().decode(ByteTokenizer().encode(bytes)) == bytes)
  }
}
