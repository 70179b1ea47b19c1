import NeuralNetworks
import Testing

@testable import Tensors

/// Attention with masks, biases and windows, the encoder–decoder transformer and recurrent cells against PyTorch's.
@Suite struct SequenceModuleTests {
  @Test func thereAreAllCases() throws {
    let cases = try ModuleCase.all(in: "sequences")
    #expect(cases.count == 31)
    #expect(Set(cases.map(\.layer)).count == 8)
  }

  @Test(arguments: try ModuleCase.all(in: "sequences")) func matchesPyTorch(_ example: ModuleCase) throws {
    let lengths = example.numbers("lengths").map { Tensor($0.map { Int32($0) }, shape: [$0.count]) }
    let window = example.number("window").map { Int($0) }
    let mask = try mask(of: example)
    func size(_ name: String) throws -> Int { Int(try example.needed(name)) }
    switch example.layer {
    case "attention":
      try example.results.check(Activation.none) { _, inputs in
        func input(_ name: String) throws -> Tensor { try #require(inputs[name]) }
        return [
          "output": attention(
            queries: try input("queries"), keys: try input("keys"), values: try input("values"), lengths: lengths,
            causal: example.flag("causal"), mask: mask, bias: inputs["bias"], window: window)
        ]
      }
    case "multiHeadAttention":
      let model = MultiHeadAttention(
        try size("width"), heads: try size("heads"), isCausal: example.flag("causal"),
        contextWidth: example.number("contextWidth").map { Int($0) }, window: window)
      try example.results.check(model) { model, inputs in
        [
          "output": model(
            try #require(inputs["input"]), context: inputs["context"], lengths: nil, mask: mask, bias: inputs["bias"])
        ]
      }
    case "transformer":
      let blocks = try #require(example.numbers("blocks")).map { Int($0) }
      let model = EncoderDecoderTransformer(
        try size("width"), heads: try size("heads"), blocks: blocks[0], decoderBlocks: blocks[1],
        hidden: try size("hidden"), activation: try #require(example.text("activation").flatMap(Activation.init)),
        dropout: 0, normalization: example.flag("before") ? .before : .after)
      try example.results.check(model) { model, inputs in
        ["output": model(try #require(inputs["source"]), try #require(inputs["target"]), sourceLengths: lengths)]
      }
    case "adaptiveLogSoftmax":
      let labels = try #require(example.numbers("labels")).map { Int32($0) }
      let model = AdaptiveLogSoftmax(
        8, classes: 11, cutoffs: try #require(example.numbers("cutoffs")).map { Int($0) },
        divisor: try example.needed("divisor"), headBias: example.flag("headBias"))
      try example.results.check(model) { model, inputs in
        let output = model(try #require(inputs["input"]))
        let loss = negativeLogLikelihood(logProbabilities: output, labels: Tensor(labels, shape: [labels.count]))
        return ["output": output, "loss": loss]
      }
    default: try checkCell(example, try size("inputs"), try size("size"))
    }
  }

  private func mask(of example: ModuleCase) throws -> Tensor? {
    guard let values = example.numbers("mask") else { return nil }
    let shape = try #require(example.numbers("maskShape")).map { Int($0) }
    return Tensor(values.map { Float($0) }, shape: shape).cast(to: .bool)
  }

  private func checkCell(_ example: ModuleCase, _ inputs: Int, _ size: Int) throws {
    let kind = try #require(RecurrentCell(rawValue: String(example.layer.dropLast(5))))
    func steps(_ inputs: [String: Tensor]) throws -> [Tensor] {
      let all = try #require(inputs["input"])
      return (0..<all.shape[0]).map { all[$0] }
    }
    switch kind {
    case .tanh, .relu:
      try example.results.check(RNNCell(inputs, size, activation: kind == .relu ? .relu : .tanh)) { model, inputs in
        ["output": try #require(try steps(inputs).reduce(inputs["hidden"]) { model($1, $0) })]
      }
    case .gru:
      try example.results.check(GRUCell(inputs, size)) { model, inputs in
        ["output": try #require(try steps(inputs).reduce(inputs["hidden"]) { model($1, $0) })]
      }
    case .lstm:
      try example.results.check(LSTMCell(inputs, size)) { model, inputs in
        let start = try inputs["hidden"].map { (hidden: $0, cell: try #require(inputs["cell"])) }
        let state = try #require(try steps(inputs).reduce(start) { model($1, $0) })
        return ["output": state.hidden, "cell": state.cell]
      }
    }
  }

  /// A cell with the weights of a layer of `Recurrent` gives what that gives, bit for bit.
  @Test func cellsShareTheWeightsOfALayer() throws {
    let layer = Recurrent.lstm(3, 4)
    let cell = LSTMCell(sharing: layer.layers[0].forward)
    let x = Tensor((0..<30).map { Float($0 % 7) / 4 - 0.8 }, shape: [2, 5, 3])
    let expected = layer(x, state: nil)
    var state: (hidden: Tensor, cell: Tensor)?
    for step in 0..<5 { state = cell(x[0..., step], state) }
    let last = try #require(state)
    #expect(try last.hidden.values() == expected.state.hidden[0].values())
    #expect(try last.cell.values() == expected.state.cell[0].values())
    #expect(cell.parameters.map(\.name) == ["weights.inputWeight", "weights.recurrentWeight", "weights.bias"])
  }

  @Test func wrongUsesAreNamed() throws {
    func message(_ x: Tensor) -> String { x.failure.map { "\($0)" } ?? "none" }
    #expect(message(GRUCell(3, 4)(.ones([2, 5]), nil)).contains("gru cell: the input must be [batch, 3], not [2, 5]"))
    #expect(message(RNNCell(3, 4)(.ones([2, 3]), .ones([2, 3]))).contains("the state must be [2, 4], not [2, 3]"))
    #expect(message(LSTMCell(0, 4)(.ones([2, 3]))).contains("must be at least 1"))
    let other = GRUCell(sharing: Recurrent.lstm(3, 4).layers[0].forward)
    #expect(message(other(.ones([2, 3]))).contains("of another kind of layer"))
    for cutoffs in [[], [0, 3], [3, 3], [12], [2, 4, 6]] {
      let layer = AdaptiveLogSoftmax(8, classes: 12, cutoffs: cutoffs)
      #expect(message(layer(.ones([2, 8]))).contains("cutoffs must rise"), "\(cutoffs)")
    }
    #expect(message(MultiHeadAttention(4, heads: 2, dropout: 1)(.ones([1, 2, 4]))).contains("below 1"))
    #expect(message(MultiHeadAttention(4, heads: 2, window: 0)(.ones([1, 2, 4]))).contains("window"))
    let none = EncoderDecoderTransformer(4, heads: 2, blocks: 0, hidden: 8)
    #expect(message(none(.ones([1, 2, 4]))).contains("1 to 1024 blocks each, not [0, 0]"))
  }

  /// Dropout of the weights acts in training and not in inference; decoding continues the encoder's output.
  @Test func dropoutIsOfTrainingAlone() throws {
    let model = EncoderDecoderTransformer(8, heads: 2, blocks: 1, hidden: 16, dropout: 0.5)
    let attention = MultiHeadAttention(8, heads: 2, dropout: 0.5)
    let x = Tensor((0..<48).map { Float($0 % 5) / 3 - 0.6 }, shape: [1, 6, 8])
    #expect(try attention(x).values() == attention(x).values())
    #expect(try training { try attention(x).values() != attention(x).values() })
    let whole = try model(x, x).values()
    #expect(try model.decoded(x, context: model.encoded(x)).values() == whole)
    #expect(try training { try model(x, x).values() } != whole)
  }
}
