import Models
import NeuralNetworks
import Testing

@testable import Tensors

/// A whole sequence model's values from PyTorch, in double precision.
struct SequenceModelCase: Decodable, Sendable, CustomTestStringConvertible {
  struct Settings: Decodable, Sendable {
    var cell: RecurrentCell?
    var vocabulary: Int?
    var context: Int?
    var width: Int?
    var embeddingWidth: Int?
    var hidden: Int?
    var layers: Int?
    var heads: Int?
    var keyValueHeads: Int?
    var order: Int?
    var positions: PositionalEncoding?
    var tiesOutput: Bool?
    var inputShape: [Int]?
  }
  struct Rule: Decodable, Sendable {
    var name: String
    var learningRate: Float
    var beta1: Double
    var beta2: Double
    var epsilon: Float
    var weightDecay: Float
  }

  var name: String
  var settings: Settings
  var classes: Int
  /// A language model takes the tokens, a classifier the input.
  var input: GeneratedArray?
  var tokens: [Int32]?
  var inputShape: [Int]?
  var labels: [Int32]
  var parameters: [GeneratedArray]
  var logits: Sample
  var loss: Double
  var gradients: [String: Sample]
  var optimizer: Rule
  /// Before each of ten steps and after the last.
  var losses: [Double]

  var testDescription: String { name }

  static func all() throws -> [SequenceModelCase] {
    struct Content: Decodable { var models: [SequenceModelCase] }
    return try fixture("models", as: Content.self).models
  }

  /// The model with the parameters that were recorded.
  func makeModel() throws -> any Layer {
    let model = try makeFreshModel()
    try model.setParameters(parameters)
    return model
  }

  private func makeFreshModel() throws -> any Layer {
    if let shape = settings.inputShape {
      guard let cell = settings.cell else {
        return VisionTransformer(
          inputShape: Shape(shape), classes: classes, width: try #require(settings.width),
          layers: try #require(settings.layers))
      }
      return RowClassifier(cell, inputShape: Shape(shape), classes: classes, hidden: try #require(settings.hidden))
    }
    let vocabulary = try #require(settings.vocabulary)
    let width = try #require(settings.width)
    if let cell = settings.cell {
      return RecurrentLanguageModel(
        cell, vocabulary: vocabulary, embeddingWidth: try #require(settings.embeddingWidth), width: width,
        layers: try #require(settings.layers))
    }
    if let order = settings.order {
      return NeuralProbabilisticModel(
        vocabulary: vocabulary, order: order, width: width, hidden: try #require(settings.hidden))
    }
    return Transformer(
      .init(
        vocabulary: vocabulary, context: try #require(settings.context), width: width,
        layers: try #require(settings.layers), heads: try #require(settings.heads),
        keyValueHeads: settings.keyValueHeads, positions: try #require(settings.positions),
        tiesOutput: try #require(settings.tiesOutput as Bool?)))
  }

  func makeInput() throws -> Tensor {
    if let input { return input.tensor }
    return Tensor(try #require(tokens), shape: try #require(inputShape))
  }

  func loss(_ logits: Tensor) -> Tensor {
    crossEntropy(
      logits: logits.reshaped(to: [labels.count, classes]), labels: Tensor(labels, shape: [labels.count]))
  }
}

/// Whole sequence models against PyTorch: forward, backward and ten steps of training.
@Suite struct SequenceModelTests {
  @Test func thereAreAllModels() throws { #expect(try SequenceModelCase.all().count == 13) }

  @Test(arguments: try SequenceModelCase.all()) func logitsLossAndGradientsMatchPyTorch(
    _ example: SequenceModelCase
  ) throws {
    let model = try example.makeModel()
    let input = try example.makeInput()
    try example.logits.expectClose(model(input), "logits")
    let (loss, slopes) = differentiate(model, input, example)
    #expect(relativeDifference([try loss.scalar()], [example.loss]) <= 1e-5)
    #expect(example.gradients.count == model.parameters.count)
    for (name, parameter) in model.parameters {
      let slope = try #require(slopes[parameter], "no gradient of \(name)")
      try #require(example.gradients[name]).expectClose(slope, "gradient of \(name)")
    }
  }

  @Test(arguments: try SequenceModelCase.all()) func tenStepsFollowPyTorch(_ example: SequenceModelCase) throws {
    let model = try example.makeModel()
    let input = try example.makeInput()
    let optimizer = try makeRule(example.optimizer, model)
    var losses: [Float] = []
    for step in example.losses.indices {
      let (loss, slopes) = differentiate(model, input, example)
      if step < example.losses.count - 1 { try optimizer.update(along: slopes) }
      losses.append(try loss.scalar())
    }
    #expect(losses.count == 11)
    for (step, (actual, expected)) in zip(losses, example.losses).enumerated() {
      let difference = relativeDifference([actual], [expected])
      #expect(difference <= 1e-4, "step \(step): \(difference)")
    }
  }

  private func differentiate(
    _ model: some Layer, _ input: Tensor, _ example: SequenceModelCase
  ) -> (loss: Tensor, gradients: Gradients) {
    valueAndGradient(of: model) { example.loss($0(input)) }
  }

  private func makeRule(_ rule: SequenceModelCase.Rule, _ model: any Layer) throws -> any Optimizer {
    switch rule.name {
    case "adam":
      return Adam(
        for: model, learningRate: rule.learningRate, beta1: rule.beta1, beta2: rule.beta2, epsilon: rule.epsilon,
        variant: .pytorch)
    case "adamw":
      return AdamW(
        for: model, learningRate: rule.learningRate, beta1: rule.beta1, beta2: rule.beta2, epsilon: rule.epsilon,
        variant: .pytorch, weightDecay: rule.weightDecay)
    default: throw TensorError("no such rule: \(rule.name)")
    }
  }
}
