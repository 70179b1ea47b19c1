import Datasets
import Models
import NeuralNetworks
import Tensors
import Testing

@testable import Training

@Suite struct SamplingTests {
  private let logits: [Float] = [0, 3, 1, -2, 2]

  /// How often each token is drawn in 4,000 draws.
  private func counts(_ sampling: Sampling, recent: [Int32] = []) -> [Int] {
    var generator = SeededGenerator(seed: 3)
    var counts = [Int](repeating: 0, count: logits.count)
    for _ in 0..<4000 {
      if let drawn = sampling.draw(from: logits, recent: recent[...], using: &generator) { counts[drawn] += 1 }
    }
    return counts
  }

  @Test func coldTakesTheMostProbable() { #expect(counts(Sampling(temperature: 0)) == [0, 4000, 0, 0, 0]) }

  @Test(arguments: [0.5, 1, 2]) func drawsAreAsProbableAsSoftmaxSays(temperature: Double) throws {
    let scaled = logits.map { $0 / Float(temperature) }
    let expected = try Tensor(scaled, shape: [logits.count]).softmax().values()
    for (count, share) in zip(counts(Sampling(temperature: temperature)), expected) {
      // Four standard deviations of a binomial distribution.
      let deviation = (4000 * share * (1 - share)).squareRoot()
      #expect(abs(Float(count) - 4000 * share) <= 4 * deviation + 1)
    }
  }

  @Test func topKKeepsTheKMostProbable() {
    #expect(counts(Sampling(topK: 2)).map { $0 > 0 } == [false, true, false, false, true])
  }

  /// softmax of the logits: 0.032, 0.641, 0.087, 0.004, 0.236.
  @Test(
    arguments: [
      (0.5, [false, true, false, false, false]), (0.7, [false, true, false, false, true]),
      (0.9, [false, true, true, false, true]),
    ])
  func topPKeepsTheFewestThatReachP(p: Double, kept: [Bool]) {
    #expect(counts(Sampling(topP: p)).map { $0 > 0 } == kept)
  }

  @Test func minPKeepsWhatIsNearTheMostProbable() {
    #expect(counts(Sampling(minP: 0.2)).map { $0 > 0 } == [false, true, false, false, true])
  }

  @Test func whatWasThereBecomesLessProbable() {
    let sampling = Sampling(temperature: 0, repetitionPenalty: 2)
    // 3 / 2 is less than 2; -2 · 2 remains the least.
    #expect(counts(sampling, recent: [1, 3]) == [0, 0, 0, 0, 4000])
  }

  @Test func noNumberIsNotDrawn() {
    var generator = SeededGenerator(seed: 1)
    #expect(Sampling().draw(from: [.nan, .nan], using: &generator) == nil)
    #expect(Sampling(temperature: 0).draw(from: [.nan, 1], using: &generator) == 1)
  }
}

@Suite struct TextStreamTests {
  private func text(_ bytes: [UInt8], stop: String? = nil) throws -> (pieces: [String], isStopped: Bool) {
    var stream = TextStream(ByteTokenizer(), stop: stop)
    var pieces = try bytes.map { try stream.add(Int32($0)) }
    pieces.append(stream.finish())
    return (pieces, stream.isStopped)
  }

  @Test func charactersComeWhole() throws {
    #expect(try text(Array("aé€😀".utf8)).pieces == ["a", "", "é", "", "", "€", "", "", "", "😀", ""])
    #expect(try text([0xE2, 0x82]).pieces == ["", "", "\u{FFFD}"])
  }

  @Test(
    arguments: [
      ("one two three", "two", "one ", true), ("one tw", "two", "one tw", false), ("ttwo", "two", "t", true),
      ("aaab", "aab", "a", true), ("abc", "", "abc", false), ("x", "x", "", true),
    ])
  func textEndsBeforeTheStop(text: String, stop: String, expected: String, stops: Bool) throws {
    let result = try self.text(Array(text.utf8), stop: stop)
    #expect(result.pieces.joined() == expected)
    #expect(result.isStopped == stops)
  }
}

@Suite struct DecodingTests {
  private func model(_ kind: LanguageModelDescription.Kind, context: Int = 12) throws -> any LanguageModel {
    try Random.$current.withValue(Random(seed: 5)) {
      let model = try LanguageModelDescription(
        kind: kind, vocabulary: 11, context: context, width: 16, layers: 2, heads: 2
      ).makeModel()
      // Larger weights than the initial ones, so that tokens matter.
      for (_, parameter) in model.parameters {
        let variable = try parameter.variable()
        try variable.set(try variable.values().map { $0 * 3 })
      }
      return model
    }
  }

  /// The logits after the last token of `ids`, read at once from the beginning.
  private func logits(_ model: any LanguageModel, _ ids: [Int32]) throws -> [Float] {
    let all = inference { model(Tensor(ids, shape: [1, ids.count])) }
    return Array(try all.values().suffix(model.vocabulary))
  }

  @Test(arguments: LanguageModelDescription.Kind.allCases)
  func aSessionGivesTheLogitsOfTheWhole(kind: LanguageModelDescription.Kind) throws {
    let model = try model(kind)
    let session = try DecodingSession(model)
    var ids: [Int32] = []
    for (index, count) in [1, 3, 1, 5, 1].enumerated() {
      let more = (0..<count).map { Int32(($0 * 7 + index * 3) % 11) }
      ids += more
      let found = try session.read([more])[0]
      for (a, b) in zip(found, try logits(model, ids)) { #expect(abs(a - b) <= 1e-4) }
    }
  }

  @Test func memoryGrowsWithTheText() throws {
    let model = try model(.transformer, context: 700)
    let session = try DecodingSession(model)
    let ids = (0..<600).map { Int32($0 * 5 % 11) }
    _ = try session.read([Array(ids[..<250])])
    for id in ids[250..<260] { _ = try session.read([[id]]) }
    let found = try session.read([Array(ids[260...])])[0]
    for (a, b) in zip(found, try logits(model, ids)) { #expect(abs(a - b) <= 1e-4) }
  }

  @Test func readingGoesOnPastTheContext() throws {
    let model = try model(.transformer, context: 8)
    let session = try DecodingSession(model)
    let ids = (0..<30).map { Int32($0 * 5 % 11) }
    var last: [Float] = []
    for id in ids { last = try session.read([[id]])[0] }
    // Full at 8, 12, 16, …: the last four are retained each time, so at 30 the window begins at 24.
    for (a, b) in zip(last, try logits(model, Array(ids[24...]))) { #expect(abs(a - b) <= 1e-4) }
    // A long prompt read at once ends in the same window.
    let whole = try DecodingSession(model)
    for (a, b) in zip(try whole.read([ids])[0], last) { #expect(abs(a - b) <= 1e-4) }
  }

  @Test(arguments: LanguageModelDescription.Kind.allCases)
  func theMostProbableTextIsThatOfTheWhole(kind: LanguageModelDescription.Kind) throws {
    let model = try model(kind, context: 40)
    let tokenizer = CharacterTokenizer(text: "abcdefghijk")
    let generator = try TextGenerator(
      model, tokenizer, prompt: "cab", sampling: Sampling(temperature: 0), seed: 0)
    let found = try (0..<20).map { _ in try generator.next() }
    var ids: [Int32] = [2, 0, 1]
    for _ in 0..<20 {
      let scores = try logits(model, ids)
      ids.append(Int32(scores.indices.max { scores[$0] < scores[$1] } ?? 0))
    }
    #expect(found == Array(ids[3...]))
  }

  @Test(arguments: LanguageModelDescription.Kind.allCases)
  func wideBeamsFindTheMostProbableText(kind: LanguageModelDescription.Kind) throws {
    let model = try model(kind)
    let tokenizer = CharacterTokenizer(text: "abcdefghijk")
    // All 11² texts of two tokens; with as many beams as tokens none is lost.
    var best = -Double.infinity
    for first in 0..<11 as Range<Int32> {
      for second in 0..<11 as Range<Int32> {
        let one = try Tensor(logits(model, [0]), shape: [11]).logSoftmax().values()[Int(first)]
        let two = try Tensor(logits(model, [0, first]), shape: [11]).logSoftmax().values()[Int(second)]
        best = max(best, Double(one) + Double(two))
      }
    }
    let found = try beamSearch(model, tokenizer, prompt: "a", tokens: 2, beams: 11)
    #expect(abs(found.logProbability - best) <= 1e-4)
    let greedy = try beamSearch(model, tokenizer, prompt: "a", tokens: 2, beams: 1)
    #expect(greedy.logProbability <= found.logProbability)
  }

  @Test func aTokenizerWithoutThePromptSaysSo() throws {
    let error = #expect(throws: (any Error).self) {
      _ = try TextGenerator(try model(.lstm), CharacterTokenizer(text: "abcdefghijk"), prompt: "abz", seed: 0)
    }
    #expect("\(try #require(error))".contains("z"))
  }
}
