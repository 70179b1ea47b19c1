import NeuralNetworks
import Testing

@testable import Tensors

/// Embeddings, layer and group normalization, and activations against PyTorch's.
@Suite struct TokenCaseTests {
  @Test func thereAreAllCases() throws {
    let cases = try SequenceCase.all(in: "tokens")
    #expect(cases.count == 31)
    #expect(Set(cases.map(\.layer)) == ["embedding", "embeddingLogits", "layerNorm", "groupNorm", "activation"])
  }

  @Test(arguments: try SequenceCase.all(in: "tokens")) func matchesPyTorch(_ example: SequenceCase) throws {
    let settings = example.settings
    switch example.layer {
    case "embedding":
      let numbers = Tensor(try #require(settings.numbers), shape: try #require(settings.shape))
      let model = Embedding(try #require(settings.count), try #require(settings.width))
      try example.check(model) { model, _ in ["output": model(numbers)] }
    case "embeddingLogits":
      let model = Embedding(try #require(settings.count), try #require(settings.width))
      try example.check(model) { model, inputs in ["output": model.logits(try #require(inputs["input"]))] }
    case "layerNorm":
      let model = LayerNorm(try #require(settings.width), epsilon: try #require(settings.epsilon))
      try example.check(model) { model, inputs in ["output": model(try #require(inputs["input"]))] }
    case "groupNorm":
      let (width, groups) = (try #require(settings.width), try #require(settings.groups))
      let model = GroupNorm(width, groups: groups, epsilon: try #require(settings.epsilon))
      try example.check(model) { model, inputs in ["output": model(try #require(inputs["input"]))] }
    case "activation":
      try example.check(try #require(settings.activation)) { model, inputs in
        ["output": model(try #require(inputs["input"]))]
      }
    default: throw TensorError("no such layer: \(example.layer)")
    }
  }
}
