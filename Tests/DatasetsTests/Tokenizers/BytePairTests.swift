import Foundation
import Testing

@testable import Datasets

/// The merges that Python's `tokenizers` learned and its ids, written by `tools/make_tokenizer_fixtures.py`.
struct TokenizerFixture: Decodable {
  struct File: Decodable {
    struct Case: Decodable {
      var text: String
      var ids: [Int32]
    }
    var name: String
    var file: String
    var cases: [Case]
  }
  var text: String
  var learned: [[String]]
  var files: [File]

  /// The one in the tests, and another where the environment names it.
  static func all() throws -> [TokenizerFixture] {
    let own = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
      .appending(path: "Fixtures/tokenizers.json")
    let other = ProcessInfo.processInfo.environment["BACKPROP_TOKENIZER_FIXTURE"].map { URL(filePath: $0) }
    return try ([own] + (other.map { [$0] } ?? [])).map {
      try JSONDecoder().decode(TokenizerFixture.self, from: Data(contentsOf: $0))
    }
  }
}

@Suite struct BytePairTests {
  static func randomBytes(_ count: Int, seed: UInt64) -> [[UInt8]] {
    var generator = SeededGenerator(seed: seed)
    return (0..<count).map { _ in
      let length = generator.next() % 40
      // All bytes, or those that are often parts of characters, spaces and apostrophes.
      let few: [UInt8] = [0x20, 0x27, 0x73, 0x0A, 0xC3, 0xA9, 0xE2, 0x82, 0xAC, 0xF0, 0x9F, 0x98, 0x80, 0xFF, 0x31]
      let isAny = generator.next() % 2 == 0
      return (0..<length).map { _ in
        let draw = generator.next()
        return isAny ? UInt8(truncatingIfNeeded: draw) : few[Int(draw % UInt64(few.count))]
      }
    }
  }

  @Test func encodesLikePython() throws {
    for fixture in try TokenizerFixture.all() {
      for file in fixture.files {
        let tokenizer = try tokenizer(fromJSON: Array(file.file.utf8), name: file.name)
        // The saved file is read as the same tokenizer.
        let saved = try Datasets.tokenizer(fromJSON: Array(tokenizer.jsonData()), name: file.name)
        for sample in file.cases {
          let ids = try tokenizer.encode(sample.text)
          if ids != sample.ids {
            Issue.record("\(file.name): \(sample.text.prefix(100).debugDescription) is \(ids.prefix(50))")
          }
          if try saved.encode(sample.text) != ids { Issue.record("\(file.name), saved: \(sample.text)") }
          if file.name != "prefix" { #expect(try tokenizer.decode(ids) == Array(sample.text.utf8)) }
        }
      }
    }
  }

  @Test func learnsLikePython() throws {
    for fixture in try TokenizerFixture.all() {
      let tokenizer = try BytePairTokenizer.train(on: fixture.text, vocabularySize: 256 + fixture.learned.count)
      let merges = tokenizer.merges.pairs.map { pair in
        [pair.first, pair.second].map { ByteAlphabet.text(of: tokenizer.tokens[Int($0)]) }
      }
      #expect(merges == fixture.learned)
    }
  }

  @Test func anyBytesGoAndComeBack() throws {
    let fixture = try TokenizerFixture.all()[0]
    let learned = try BytePairTokenizer.train(on: fixture.text, vocabularySize: 400)
    let loaded = try fixture.files.filter { $0.name != "prefix" }.map {
      try tokenizer(fromJSON: Array($0.file.utf8), name: $0.name)
    }
    for bytes in Self.randomBytes(10_000, seed: 5) {
      for tokenizer in [ByteTokenizer(), learned] + loaded {
        if try tokenizer.decode(tokenizer.encode(bytes)) != bytes { Issue.record("\(tokenizer.name): \(bytes)") }
      }
    }
  }

  /// Wherever `lastCut` allows a split, the parts have the ids of the whole.
  @Test func cutsBetweenTokens() throws {
    for file in try TokenizerFixture.all()[0].files {
      let tokenizer = try tokenizer(fromJSON: Array(file.file.utf8), name: file.name)
      let samples = file.cases.map { Array($0.text.utf8) } + Self.randomBytes(2000, seed: 6)
      var cuts = 0
      for bytes in samples.map({ $0.prefix(600) }) {
        let whole = try tokenizer.encode(Array(bytes))
        for length in 1..<max(bytes.count, 1) {
          guard let cut = tokenizer.lastCut(in: Array(bytes[..<length])) else { continue }
          #expect(cut > 0 && cut <= length)
          cuts += 1
          let parts = try tokenizer.encode(Array(bytes[..<cut])) + tokenizer.encode(Array(bytes[cut...]))
          if parts != whole { Issue.record("\(file.name): \(Array(bytes)) at \(cut)") }
        }
      }
      // A token with a space in it forbids any split.
      #expect(file.name == "prefix" ? cuts == 0 : cuts > 1000)
    }
  }

  @Test func prefixSpaceIsKeptOutOfCuts() throws {
    var tokenizer = try BytePairTokenizer.train(on: TokenizerFixture.all()[0].text, vocabularySize: 300)
    tokenizer = BytePairTokenizer(tokens: tokenizer.tokens, merges: tokenizer.merges, addsPrefixSpace: true)
    let bytes = Array("a\nb c\n d".utf8)
    #expect((1...bytes.count).map { tokenizer.lastCut(in: Array(bytes[..<$0])) } == [nil, nil, nil, 3, 3, 3, 3, 3])
    #expect(
      try tokenizer.encode(Array(bytes[..<3])) + tokenizer.encode(Array(bytes[3...])) == tokenizer.encode(bytes))
  }

  @Test func stopsWhereThereAreNoMorePairs() throws {
    let tokenizer = try BytePairTokenizer.train(on: "aaaa b", vocabularySize: 1000)
    // aa, aaaa and " b"
    #expect(tokenizer.vocabularySize == 259)
    #expect(tokenizer.name == .bytePair(vocabularySize: 259))
    #expect(try tokenizer.encode("aaaa b").count == 2)
    #expect(try BytePairTokenizer.train(on: "", vocabularySize: 300).vocabularySize == 256)
    #expect(throws: DataError.self) { try BytePairTokenizer.train(on: "a", vocabularySize: 255) }
  }

  /// A text without a space is one word: time must not grow with its square.
  @Test func longWordsTakeLittleTime() throws {
    let word = String(repeating: "ab", count: 200_000)
    let tokenizer = try BytePairTokenizer.train(on: word, vocabularySize: 266)
    #expect(tokenizer.vocabularySize == 266)
    let ids = try tokenizer.encode(word)
    #expect(ids.count == 392)  // 400,000 bytes = 390 · 2¹⁰ + 2⁹ + 2⁷
    #expect(try tokenizer.text(of: ids) == word)
  }

  /// Long words have another algorithm than short ones, and both must learn the same: a text of words that are just
  /// long, and the same words split in two where the least is lost, are compared with the definition (algorithm 1 of
  /// Sennrich, Haddow & Birch), implemented here.
  @Test(arguments: [1, 2, 3] as [UInt64]) func longWordsAreLearnedByTheDefinition(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    let letters = Array("abcd".utf8)
    var words = (0..<2).map { _ in (0..<LongWords.length + 500).map { _ in letters[Int(generator.next() % 4)] } }
    words.append(Array(repeating: letters[0], count: LongWords.length + 1))
    words.append(contentsOf: (0..<50).map { _ in (0..<9).map { _ in letters[Int(generator.next() % 3)] } })
    let text = words.map { String(decoding: $0, as: UTF8.self) }.joined(separator: "\n")
    let tokenizer = try BytePairTokenizer.train(on: text, vocabularySize: 256 + 40)

    var tokens = ByteAlphabet.bytesInOrder.map { [$0] }
    var ids = words.map { $0.map { byte in Int32(ByteAlphabet.bytesInOrder.firstIndex(of: byte) ?? 0) } }
    var pairs: [TokenPair] = []
    while pairs.count < 40 {
      var counts: [TokenPair: Int] = [:]
      for word in ids {
        for (a, b) in zip(word, word.dropFirst()) { counts[TokenPair(first: a, second: b), default: 0] += 1 }
      }
      let best = try #require(counts.min { ($1.value, $0.key) < ($0.value, $1.key) }?.key)
      let joined = tokens[Int(best.first)] + tokens[Int(best.second)]
      let result = Int32(tokens.firstIndex(of: joined) ?? tokens.count)
      if Int(result) == tokens.count { tokens.append(joined) }
      pairs.append(best)
      for index in ids.indices {
        var (place, word) = (0, [Int32]())
        while place < ids[index].count {
          let isPair =
            place + 1 < ids[index].count && ids[index][place] == best.first && ids[index][place + 1] == best.second
          word.append(isPair ? result : ids[index][place])
          place += isPair ? 2 : 1
        }
        ids[index] = word
      }
    }
    #expect(Array(tokenizer.merges.pairs.prefix(40)) == pairs)
    // Encoded part by part, a word has the tokens that the rules give the whole.
    for word in words {
      #expect(try tokenizer.encode(word) == tokenizer.merges.applied(to: tokenizer.encodeBytes(word)))
    }
  }

  /// A text without spaces is split within its words, where no token spans the split.
  @Test func textsWithoutSpacesAreCutToo() throws {
    var generator = SeededGenerator(seed: 8)
    let syllables = ["ka", "lo", "mi", "nu", "pe", "über", "日本", "12", "'ll", "don't"]
    let text = (0..<4000).map { _ in syllables[Int(generator.next() % 10)] }.joined()
    let tokenizer = try BytePairTokenizer.train(on: text, vocabularySize: 270)
    let bytes = Array(text.utf8)
    let whole = try tokenizer.encode(bytes)
    var cuts: Set<Int> = []
    for length in stride(from: 1, to: bytes.count, by: 97) {
      guard let cut = tokenizer.lastCut(in: Array(bytes[..<length])) else { continue }
      cuts.insert(cut)
      #expect(try tokenizer.encode(Array(bytes[..<cut])) + tokenizer.encode(Array(bytes[cut...])) == whole)
    }
    #expect(cuts.count > 20)
  }

  @Test func datasetsLearnFromWhatIsNotKeptAside() throws {
    let data = try TextDataset.numbers(tokenizer: .bytePair(vocabularySize: 300))
    let text = Array(NumberGrammar.text(seed: 0).utf8)
    let cut = text.count * 9 / 10
    let expected = try BytePairTokenizer.train(on: String(decoding: text[..<cut], as: UTF8.self), vocabularySize: 300)
    #expect(data.tokenizer.vocabularySize == 300)
    #expect(try data.train.ids(in: 0..<data.train.count) == expected.encode(Array(text[..<cut])))
    #expect(try data.validation.ids(in: 0..<data.validation.count) == expected.encode(Array(text[cut...])))
    #expect(data.train.tokensPerCharacter < 0.6)
  }
}

@Suite struct UnicodeClassTests {
  /// The table agrees with the Swift library on all scalars of Unicode 15 whose class did not change later.
  @Test func agreesWithUnicode() {
    for value in UInt32(0)...0x10FFFF {
      guard let scalar = Unicode.Scalar(value) else { continue }
      let properties = scalar.properties
      guard let age = properties.age, age.major <= 15 else { continue }
      let expected: UnicodeClass =
        switch properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter: .letter
        case .decimalNumber, .letterNumber, .otherNumber: .number
        default: properties.isWhitespace ? .space : .other
        }
      if UnicodeClass(value) != expected { Issue.record("U+\(String(value, radix: 16)): \(UnicodeClass(value))") }
    }
  }
}
