import Datasets
import Models
import NeuralNetworks
import Tensors
import Testing

@testable import Training

/// Speculative decoding: tokens drafted with quantized weights and verified.
@Suite struct DraftingTests {
  /// As many tokens as the model has; the ids are those of bytes.
  private static let ascii = CharacterTokenizer(characters: Set((0..<128).compactMap { Unicode.Scalar($0 as UInt8) }))

  /// Large enough that drafting pays off: 14 MB of weights.
  private func model(
    vocabulary: Int = 128, positions: PositionalEncoding = .learned, tiesOutput: Bool = false
  ) throws -> any LanguageModel {
    try Random.$current.withValue(Random(seed: 5)) {
      let model = try LanguageModelDescription(
        kind: .transformer, vocabulary: vocabulary, context: 300, width: 384, layers: 2, heads: 6,
        positions: positions, tiesOutput: tiesOutput
      ).makeModel()
      // Larger weights than the initial ones, so that tokens matter.
      for (_, parameter) in model.parameters {
        let variable = try parameter.variable()
        try variable.set(try variable.values().map { $0 * 3 })
      }
      return model
    }
  }

  @Test(arguments: [PositionalEncoding.learned, .rotary], [false, true])
  func checkedScoresAreThoseOfSingleSymbols(positions: PositionalEncoding, tiesOutput: Bool) throws {
    let vocabulary = 500
    let model = try model(vocabulary: vocabulary, positions: positions, tiesOutput: tiesOutput)
    let (single, checked) = (try DecodingSession(model), try DecodingSession(model))
    let ids: [Int32] = [3, 7, 20, 41, 5, 5, 60, 9, 11]
    var start = 0
    for kept in [4, 1, 2, 2] {
      var scores: [[Float]] = []
      for id in ids[start..<(start + kept)] { scores.append(try single.read([[id]])[0]) }
      #expect(try checked.canDraft())
      let drafts = ids[start..<(start + kept)] + Array(repeating: 0, count: 4 - kept)
      for id in drafts { try checked.draft([id]) }
      try checked.check(drafts[...])
      #expect(Array(checked.checkedLogits.prefix(kept * vocabulary)) == scores.flatMap(\.self), "from \(start) on")
      try checked.keep(kept, of: drafts[...])
      start += kept
    }
    #expect(try single.read([[1]]) == checked.read([[1]]))
  }

  /// Past the positions where the cache grows and where the context is full.
  @Test(arguments: [
    Sampling(temperature: 0), Sampling(temperature: 1), Sampling(temperature: 0.8, topK: 40, repetitionPenalty: 1.2),
  ])
  func textsAreTheSameWithDrafts(sampling: Sampling) throws {
    let model = try model(tiesOutput: sampling.temperature == 1)
    func text(drafts: Bool) throws -> (ids: [Int32], checks: Int) {
      let generator = try TextGenerator(
        model, Self.ascii, prompt: String(repeating: "abc", count: 40), sampling: sampling, seed: 7, drafts: drafts
      )
      return (try (0..<200).map { _ in try generator.next() }, generator.session.checks)
    }
    let (plain, drafted) = (try text(drafts: false), try text(drafts: true))
    #expect(plain.ids == drafted.ids)
    #expect(plain.checks == 0)
    // At most four tokens per verification; where the context is nearly full there are no drafts.
    #expect((40...75).contains(drafted.checks), "\(drafted.checks) checks")
  }

  @Test func textsInTurnDoNotMeet() throws {
    let model = try model()
    func generator(_ prompt: String, drafts: Bool) throws -> TextGenerator {
      try TextGenerator(model, Self.ascii, prompt: prompt, seed: 1, drafts: drafts)
    }
    let (one, other) = (try generator("ab", drafts: true), try generator("xyz", drafts: true))
    var texts: [[Int32]] = [[], []]
    for _ in 0..<30 {
      texts[0].append(try one.next())
      texts[1].append(try other.next())
    }
    for (prompt, text) in zip(["ab", "xyz"], texts) {
      let alone = try generator(prompt, drafts: false)
      #expect(try text == (0..<30).map { _ in try alone.next() })
    }
  }

  /// The quantized logits of this network do not predict its tokens.
  @Test func rejectedDraftsAreGivenUp() throws {
    let model = try model()
    for (name, parameter) in model.parameters where name.hasSuffix("weight") {
      let variable = try parameter.variable()
      // One weight a row so great that the others are quantized to 0.
      guard variable.shape.rank == 2 else { continue }
      var values = try variable.values()
      for row in 0..<variable.shape[0] { values[row * variable.shape[1] + row % variable.shape[1]] = 40 }
      try variable.set(values)
    }
    let sampling = Sampling(temperature: 4)
    let drafted = try TextGenerator(model, Self.ascii, prompt: "abc", sampling: sampling, seed: 7)
    let plain = try TextGenerator(model, Self.ascii, prompt: "abc", sampling: sampling, seed: 7, drafts: false)
    for _ in 0..<80 { #expect(try drafted.next() == plain.next()) }
    // Without pausing there would be a verification for nearly every token.
    #expect((5...30).contains(drafted.session.checks), "\(drafted.session.checks) checks")
  }

  @Test func scoresThatAreNoNumbersAreReported() throws {
    let model = try model()
    let generator = try TextGenerator(model, Self.ascii, prompt: "abc", seed: 7)
    for _ in 0..<5 { _ = try generator.next() }
    for (_, parameter) in model.parameters {
      let variable = try parameter.variable()
      try variable.set(try variable.values().map { _ in .nan })
    }
    #expect(throws: TrainingError.self) { for _ in 0..<8 { _ = try generator.next() } }
  }
}
