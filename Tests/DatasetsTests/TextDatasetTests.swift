import Foundation
import Testing

@testable import Datasets

/// Calls `body` with a file with these bytes, removed afterwards.
func withFile<Result>(_ bytes: [UInt8], _ body: (URL) throws -> Result) throws -> Result {
  let url = FileManager.default.temporaryDirectory.appending(path: "backprop-test-\(UUID().uuidString)")
  try Data(bytes).write(to: url)
  defer { try? FileManager.default.removeItem(at: url) }
  return try body(url)
}

@Suite struct TextDatasetTests {
  @Test(arguments: [("byte", 256), ("character", 7)])
  func splitsInFileOrder(tokenizer: String, vocabularySize: Int) throws {
    let text = "une fée 😀"  // 9 characters, 13 bytes
    try withFile(Array(text.utf8)) { url in
      let data = try TextDataset(contentsOf: url, tokenizer: TokenizerName(tokenizer), validationFraction: 0.2)
      #expect(data.tokenizer.vocabularySize == vocabularySize)
      #expect(data.train.characterCount == 7)
      #expect(try data.tokenizer.text(of: data.train.ids(in: 0..<100)) == "une fée")
      #expect(try data.tokenizer.text(of: data.validation.ids(in: 0..<100)) == " 😀")
      #expect(data.validation.tokensPerCharacter == (tokenizer == "byte" ? 2.5 : 1))
    }
  }

  @Test func keepsNothingAside() throws {
    try withFile(Array("abc".utf8)) { url in
      let data = try TextDataset(contentsOf: url, tokenizer: .character, validationFraction: 0)
      #expect((data.train.count, data.validation.count) == (3, 0))
      #expect(throws: DataError.self) { try data.validation.evaluationWindows(context: 1, batchSize: 1) }
    }
  }

  @Test(
    arguments: [
      ([], "is empty and should have text"),
      ([97, 0xFF, 98], "should be text in UTF-8, but its byte 1 (255)"),
      ([97, 98, 0xE2, 0x82], "its byte 2 (226)"),
    ] as [([UInt8], String)])
  func refuses(bytes: [UInt8], message: String) throws {
    try withFile(bytes) { url in
      let error = try #require(throws: DataError.self) { try TextDataset(contentsOf: url, tokenizer: .byte) }
      #expect(error.message.hasPrefix(url.path))
      #expect(error.message.contains(message))
    }
  }

  @Test func namesTheFileAndThePlaceOfAnUnknownCharacter() throws {
    try withFile(Array("aaaaaaaaaé".utf8)) { url in
      let error = try #require(throws: DataError.self) {
        try TextDataset(contentsOf: url, tokenizer: CharacterTokenizer(text: "a"), validationFraction: 0.2)
      }
      #expect(error.message.hasPrefix("\(url.path), byte 9: the character 'é' (U+00E9)"))
    }
  }

  @Test(arguments: ["/no/such/file", "/"])
  func namesFilesThatCannotBeRead(path: String) throws {
    let error = try #require(throws: DataError.self) {
      try TextDataset(contentsOf: URL(filePath: path), tokenizer: .byte)
    }
    #expect(error.message.hasPrefix(path))
  }

  @Test(arguments: [-0.1, 1, .nan])
  func refusesFractions(fraction: Double) throws {
    try withFile([97, 98]) { url in
      let error = try #require(throws: DataError.self) {
        try TextDataset(contentsOf: url, tokenizer: .byte, validationFraction: fraction)
      }
      #expect(error.message.contains("from 0 to below 1"))
    }
  }

  /// Pieces of three bytes split everything that can be split; the result is that of a single piece.
  @Test(arguments: [1, 3, 7, 1000])
  func piecesMakeNoDifference(size: Int) throws {
    let bytes = Array("aé€😀\n".utf8) + Array("x😀€éa".utf8)
    let source = TextSource(bytes, name: "text")
    var joined: [UInt8] = []
    try source.forEachPiece(in: 2..<bytes.count, size: size, lastCut: CharacterTokenizer(text: "").lastCut) {
      piece, offset throws(DataError) in
      #expect(offset == 2 + joined.count)
      #expect(UTF8Cut.last(in: piece) == piece.count)
      joined += piece
    }
    #expect(joined == Array(bytes[2...]))
  }

  @Test func findsCharactersBehindManyPieces() throws {
    let text = String(repeating: "é€a😀", count: 300_000)  // 3 MB: several pieces, cut inside of characters
    let source = TextSource(Array(text.utf8), name: "text")
    let survey = try TextSurvey(of: source)
    #expect(survey.characterCount == 1_200_000)
    #expect(survey.characters == ["a", "é", "€", "😀"])
    for (index, offset) in [(0, 0), (1, 2), (2, 5), (3, 6), (4, 10), (1_199_999, 2_999_996), (1_200_000, 3_000_000)] {
      #expect(try survey.byteOffset(ofCharacter: index) == offset)
    }
  }

  /// Ids stored in a file are read like those in memory, for each width.
  @Test(arguments: [256, 257, 65_536, 65_537])
  func storesIDs(vocabularySize: Int) throws {
    let tokenizer = CharacterTokenizer(inOrder: (0..<vocabularySize).map { Unicode.Scalar(UInt32($0 + 0x1_0000))! })
    let ids = (0..<5000).map { Int32($0 * 7919 % vocabularySize) } + [Int32(vocabularySize - 1), 0]
    let source = TextSource(try tokenizer.decode(ids), name: "text")
    for limit in [0, .max] {
      let storage = try TokenStorage(encoding: source, in: 0..<source.count, by: tokenizer, memoryLimit: limit)
      #expect(storage.count == ids.count)
      #expect(storage.ids(in: 0..<ids.count) == ids)
      #expect(storage.ids(in: 4990..<5002) == Array(ids[4990...]))
      #expect(storage.ids(in: 7..<7) == [])
    }
  }
}
