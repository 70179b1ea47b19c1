import NeuralNetworks
import Testing

@testable import Tensors

/// Attention, transformer blocks and positions, and all gradients, against PyTorch's.
@Suite struct AttentionCaseTests {
  @Test func thereAreAllCases() throws {
    let cases = try SequenceCase.all(in: "attention")
    #expect(cases.count == 36)
    #expect(
      Set(cases.map(\.layer)) == ["attention", "multiHeadAttention", "transformerBlock", "rotary", "sinusoidal"])
  }

  @Test(arguments: try SequenceCase.all(in: "attention")) func matchesPyTorch(_ example: SequenceCase) throws {
    let settings = example.settings
    let lengths = tensor(settings.lengths)
    let input = inputs(of: example)
    switch example.layer {
    case "attention":
      try example.check(Activation.none) { _, inputs in
        [
          "output": attention(
            queries: try input("queries", inputs), keys: try input("keys", inputs),
            values: try input("values", inputs), lengths: lengths, causal: settings.causal ?? false)
        ]
      }
    case "multiHeadAttention":
      let model = MultiHeadAttention(
        try #require(settings.width), heads: try #require(settings.heads), keyValueHeads: settings.keyValueHeads,
        isCausal: settings.causal ?? false, isRotary: settings.rotary ?? false, contextWidth: settings.contextWidth)
      try example.check(model) { model, inputs in
        let output = model(try input("input", inputs), context: inputs["context"], lengths: lengths)
        return ["output": withoutPadding(output, settings)]
      }
    case "transformerBlock":
      let model = TransformerBlock(
        try #require(settings.width), heads: try #require(settings.heads), hidden: settings.hidden,
        isCausal: settings.causal ?? false, contextWidth: settings.contextWidth,
        activation: try #require(settings.activation),
        normalization: try #require(settings.before as Bool?) ? .before : .after)
      try example.check(model) { model, inputs in
        let output = model(
          try input("input", inputs), lengths: lengths, context: inputs["context"],
          contextLengths: tensor(settings.contextLengths))
        return ["output": withoutPadding(output, settings)]
      }
    case "rotary":
      let start = try #require(settings.start)
      try example.check(Activation.none) { _, inputs in
        let x = try input("input", inputs)
        return ["output": x.rotated(by: Tensor((0..<Int32(x.shape[2])).map { $0 + start }, shape: [x.shape[2]]))]
      }
    case "sinusoidal":
      try example.check(Activation.none) { _, inputs in
        let x = try input("input", inputs)
        return ["output": x + sinusoidalPositions(x.shape[0], width: x.shape[1])]
      }
    default: throw TensorError("no such layer: \(example.layer)")
    }
  }

  private func inputs(of example: SequenceCase) -> (String, [String: Tensor]) throws -> Tensor {
    { name, inputs in try #require(inputs[name], "\(example.testDescription) lacks the input '\(name)'") }
  }

  private func tensor(_ lengths: [Int32]?) -> Tensor? { lengths.map { Tensor($0, shape: [$0.count]) } }

  /// Outputs at padding are meaningless where a query's own position limits its keys; both sides set them to 0.
  private func withoutPadding(_ output: Tensor, _ settings: SequenceCase.Settings) -> Tensor {
    guard settings.causal == true, let lengths = settings.lengths else { return output }
    let time = output.shape[1]
    let inside = lengths.flatMap { length in (0..<time).map { Float($0 < Int(length) ? 1 : 0) } }
    return output * Tensor(inside, shape: [lengths.count, time, 1])
  }
}
