import Testing

@testable import Datasets

@Suite struct NeighborPairTests {
  @Test(arguments: ["ab\nb", "\nab\nb", "ab\nb\n", "\nab\nb\n"])
  func beginAndEndWithALine(text: String) throws {
    let pairs = try CharacterTokenizer(text: text).neighborPairs(ofLines: text)
    #expect(pairs.inputs == [0, 1, 2, 0, 2])
    #expect(pairs.targets == [1, 2, 0, 2, 0])
  }

  @Test func needALineEnd() throws {
    #expect(throws: TokenizerError.self) { try CharacterTokenizer(text: "ab").neighborPairs(ofLines: "ab") }
    #expect(try ByteTokenizer().neighborPairs(ofLines: "").inputs == [10])
  }
}
