import Foundation
import Testing

@testable import Datasets

@Suite struct NeighborPairTests {
  /// The least cross-entropy that a bigram model can have on these pairs, in nats: the entropy of a token given the one
  /// before it, −Σ n(a, b) · ln(n(a, b) / n(a)) / Σ n(a, b).
  static func bigramOptimum(_ pairs: (inputs: [Int32], targets: [Int32])) -> Double {
    var counts: [Int32: [Int32: Double]] = [:]
    for (input, target) in zip(pairs.inputs, pairs.targets) { counts[input, default: [:]][target, default: 0] += 1 }
    let total = counts.values.reduce(0) { sum, row in
      let rowTotal = row.values.reduce(0, +)
      return row.values.reduce(sum) { $0 - $1 * log($1 / rowTotal) }
    }
    return total / Double(pairs.inputs.count)
  }

  @Test(arguments: ["ab\nb", "\nab\nb", "ab\nb\n", "\nab\nb\n"])
  func beginAndEndWithALine(text: String) throws {
    let pairs = try CharacterTokenizer(text: text).neighborPairs(ofLines: text)
    #expect(pairs.inputs == [0, 1, 2, 0, 2])
    #expect(pairs.targets == [1, 2, 0, 2, 0])
  }

  @Test func haveAnOptimum() throws {
    // After \n: a, b (ln 2 each). After a: b (0). After b: \n, \n (0). By hand: 2 ln 2 / 5.
    let pairs = try CharacterTokenizer(text: "ab\nb").neighborPairs(ofLines: "ab\nb")
    #expect(abs(Self.bigramOptimum(pairs) - 2 * log(2) / 5) < 1e-15)
  }

  @Test func needALineEnd() throws {
    #expect(throws: TokenizerError.self) { try CharacterTokenizer(text: "ab").neighborPairs(ofLines: "ab") }
    #expect(try ByteTokenizer().neighborPairs(ofLines: "").inputs == [10])
  }

  /// The list of 32,033 names that bigram models are commonly taught with. BACKPROP_NAMES says where the file is.
  @Test(.enabled(if: ProcessInfo.processInfo.environment["BACKPROP_NAMES"] != nil))
  func ofNamesHaveTheKnownOptimum() throws {
    let path = try #require(ProcessInfo.processInfo.environment["BACKPROP_NAMES"])
    let data = try TextDataset(contentsOf: URL(filePath: path), tokenizer: .character)
    #expect(data.tokenizer.vocabularySize == 27)
    let pairs = try data.tokenizer.neighborPairs(ofLines: String(contentsOfFile: path, encoding: .utf8))
    #expect(pairs.inputs.count == 228_146)
    #expect(abs(Self.bigramOptimum(pairs) - 2.454014) < 5e-7)
  }
}
