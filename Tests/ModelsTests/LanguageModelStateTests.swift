import Models
import NeuralNetworks
import Tensors
import Testing

/// A language model with a state gives the same logits as one that reads a text at once.
@Suite struct LanguageModelStateTests {
  private static let descriptions: [LanguageModelDescription] =
    [.mlp, .rnn, .lstm, .gru].flatMap { kind in
      [1, 3].map { layers in
        LanguageModelDescription(kind: kind, vocabulary: 13, context: 5, width: 12, layers: layers)
      }
    } + [LanguageModelDescription(kind: .mlp, vocabulary: 13, context: 1, width: 12)]
    + PositionalEncoding.allCases.flatMap { positions in
      [false, true].map { ties in
        LanguageModelDescription(
          kind: .transformer, vocabulary: 13, context: 24, width: 16, layers: 2, heads: 2, positions: positions,
          tiesOutput: ties)
      }
    }

  private static let ids: [Int32] = [
    3, 1, 12, 0, 7, 7, 2, 5, 9, 11, 4, 3, 8, 6, 10, 1, 0, 12, 2, 2, 5, 9, 4, 8,
    11, 0, 6, 6, 1, 3, 10, 7, 2, 12, 9, 5, 4, 0, 8, 1, 3, 3, 7, 12, 10, 6, 2, 11,
  ]

  /// Twice: the state's capacity grows step by step, or is sufficient from the start.
  @Test(arguments: descriptions, [[1, 4, 1, 1, 7, 2, 8], [24], [5, 19]])
  func chunksGiveWhatTheWholeGives(_ description: LanguageModelDescription, _ chunks: [Int]) throws {
    let model = try makeModel(description)
    let (batch, time) = (2, 24)
    let ids = Tensor(Self.ids, shape: [batch, time])
    let whole = try model(ids).values()
    #expect(whole.count == batch * time * 13)
    for growing in [false, true] {
      var state = model.initialState(batch: batch, capacity: growing ? 0 : time)
      var parts: [Tensor] = []
      var position = 0
      for count in chunks {
        if growing { state = model.grown(state, to: position + count) }
        let (logits, next) = model(ids.sliced(starts: [0, position], shape: [batch, count]), state: state)
        parts.append(logits)
        state = next
        position += count
      }
      let found = try Tensor.concatenated(parts, axis: 1).values()
      try #require(found.count == whole.count)
      let difference = zip(found, whole).reduce(Float(0)) { $1.0.isFinite ? max($0, abs($1.0 - $1.1)) : .infinity }
      #expect(difference <= 1e-4, "growing: \(growing)")
    }
  }

  /// Where a number of positions limits the state, a smaller one discards the rest.
  @Test(arguments: descriptions) func settingTheCountBackForgets(_ description: LanguageModelDescription) throws {
    let model = try makeModel(description)
    guard let index = model.positionCount else { return #expect(description.kind != .transformer) }
    func ids(_ range: Range<Int>) -> Tensor { Tensor(Array(Self.ids[range]), shape: [1, range.count]) }
    var state = model(ids(0..<6), state: model.initialState(batch: 1, capacity: 24)).state
    let expected = try model(ids(6..<9), state: state).logits.values()
    state = model(ids(30..<35), state: state).state
    state[index] = Tensor([6] as [Int32], shape: state[index].shape.dimensions)
    #expect(try model(ids(6..<9), state: state).logits.values() == expected)
  }

  /// Later tokens do not change earlier logits.
  @Test(arguments: descriptions) func laterTokensChangeNothingBefore(_ description: LanguageModelDescription) throws {
    let model = try makeModel(description)
    var changed = Self.ids
    changed[10] = 0
    let (before, after) = (try values(model, Self.ids), try values(model, changed))
    #expect(before[..<(10 * 13)] == after[..<(10 * 13)])
    #expect(before[(10 * 13)..<(11 * 13)] != after[(10 * 13)..<(11 * 13)])
  }

  private func values(_ model: any LanguageModel, _ ids: [Int32]) throws -> [Float] {
    try model(Tensor(ids, shape: [2, 24])).values()
  }

  /// Weights of some size, so that the whole state matters.
  private func makeModel(_ description: LanguageModelDescription) throws -> any LanguageModel {
    let model = try description.makeModel()
    for (number, (name, parameter)) in model.parameters.enumerated() {
      let offset = name.hasSuffix("scale") ? 1.0 : 0
      let values = (0..<parameter.count).map { index in
        // The fractional parts of multiples of the golden ratio spread evenly.
        let x = Double(index + 1 + 1000 * number) * 0.618_033_988_749_895
        return Float(offset + x - x.rounded(.down) - 0.5)
      }
      try parameter.variable().set(values)
    }
    return model
  }
}
