import Testing

@testable import Datasets

@Suite struct UTF8AssemblerTests {
  /// The text of each piece, and the rest at the end; together what Python decodes with `errors="replace"`.
  @Test(
    arguments: [
      ([[0x61], [0x62]], ["a", "b", ""]),
      ([[0xC3], [0xA9]], ["", "é", ""]),
      ([[0xF0, 0x9F], [0x98], [0x80, 0x21]], ["", "", "😀!", ""]),
      ([[0xC3]], ["", "\u{FFFD}"]),
      ([[0xF0, 0x9F, 0x98]], ["", "\u{FFFD}"]),
      ([[0xE2, 0x82], [0x41]], ["", "\u{FFFD}A", ""]),
      ([[0xFF], [0x41]], ["\u{FFFD}", "A", ""]),
      ([[0x80], [0x80]], ["\u{FFFD}", "\u{FFFD}", ""]),
      ([[0xC3], [0xC3], [0xA9]], ["", "\u{FFFD}", "é", ""]),
      ([[0xED], [0xA0], [0x80]], ["", "\u{FFFD}\u{FFFD}", "\u{FFFD}", ""]),
      ([[0xE2], [], [0x82], [0xAC]], ["", "", "", "€", ""]),
    ] as [([[UInt8]], [String])])
  func givesOutWhatIsCertain(pieces: [[UInt8]], expected: [String]) {
    var assembler = UTF8Assembler()
    var texts = pieces.map { assembler.append($0) }
    texts.append(assembler.finish())
    #expect(texts.map { Array($0.utf8) } == expected.map { Array($0.utf8) })
    #expect(assembler.finish() == "")
  }

  @Test func piecesTogetherAreTheWhole() {
    for bytes in BytePairTests.randomBytes(3000, seed: 9) {
      var assembler = UTF8Assembler()
      let text = bytes.map { assembler.append([$0]) }.joined() + assembler.finish()
      if Array(text.utf8) != Array(String(decoding: bytes, as: UTF8.self).utf8) { Issue.record("\(bytes)") }
    }
  }
}
