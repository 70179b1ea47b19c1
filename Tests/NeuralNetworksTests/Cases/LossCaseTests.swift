import NeuralNetworks
import Testing

@testable import Tensors

/// Losses and their gradients against PyTorch's, in float32 and in float64.
@Suite struct LossCaseTests {
  @Test func thereAreAllCases() throws {
    let cases = try ModuleCase.all(in: "losses")
    #expect(cases.count == 155)
    #expect(Set(cases.map(\.layer)).count == 25)
  }

  @Test(arguments: try ModuleCase.all(in: "losses"), [DType.float32, .float64])
  func matchesPyTorch(_ example: ModuleCase, type: DType) throws {
    try example.results.check(Activation.none, as: type) { _, inputs in
      ["output": try Operands(example: example, inputs: inputs, type: type).loss()]
    }
  }
}

/// The inputs of a case, and what its settings say.
private struct Operands {
  let example: ModuleCase
  let inputs: [String: Tensor]
  let type: DType

  private func input(_ name: String) throws -> Tensor { try #require(inputs[name], "no input '\(name)'") }
  private var shape: Shape {
    (inputs["logits"] ?? inputs["predictions"] ?? inputs["probabilities"] ?? inputs["a"])?.shape ?? []
  }

  private func setting(_ name: String, _ shape: Shape) -> Tensor? {
    example.numbers(name).map { Tensor($0, shape: shape.dimensions).cast(to: type) }
  }
  private var classWeights: Tensor? { setting("classWeights", [shape[1]]) }

  private func labels() throws -> Tensor {
    let numbers = try #require(example.numbers("labels")).map { Int32($0) }
    return Tensor(numbers, shape: [shape[0]] + shape.dropFirst(2))
  }
  /// Among the inputs where they have gradients.
  private func targets() throws -> Tensor {
    if let targets = inputs["targets"] { return targets }
    let count = try #require(example.numbers("targets")).count
    return try #require(setting("targets", count == shape.elementCount ? shape : [count]))
  }

  func loss() throws -> Tensor {
    let reduction = example.text("reduction").flatMap(LossReduction.init) ?? .mean
    return switch example.layer {
    case "crossEntropy", "negativeLogLikelihood", "binaryCrossEntropy", "focalLoss": try classification(reduction)
    case "klDivergence", "gaussianNegativeLogLikelihood", "poissonNegativeLogLikelihood": try likelihood(reduction)
    case "multiMarginLoss", "multilabelMarginLoss", "multilabelSoftMarginLoss", "hingeLoss", "hingeEmbeddingLoss",
      "softMarginLoss", "marginRankingLoss":
      try margin(reduction)
    case "cosineEmbeddingLoss", "tripletMarginLoss", "infoNCE", "cosineSimilarity", "pairwiseDistance",
      "pairwiseDistances", "normalized":
      try similarity(reduction)
    default: try regression(reduction)
    }
  }

  private func classification(_ reduction: LossReduction) throws -> Tensor {
    let ignored = example.number("ignored").map { Int32($0) }
    let smoothing = example.number("smoothing") ?? 0
    switch example.layer {
    case "crossEntropy" where inputs["targets"] != nil:
      return crossEntropy(
        logits: try input("logits"), targets: try targets(), classWeights: classWeights, labelSmoothing: smoothing,
        reduction: reduction)
    case "crossEntropy":
      return crossEntropy(
        logits: try input("logits"), labels: try labels(), classWeights: classWeights, ignoring: ignored,
        labelSmoothing: smoothing, reduction: reduction)
    case "negativeLogLikelihood":
      return negativeLogLikelihood(
        logProbabilities: try input("logits"), labels: try labels(), classWeights: classWeights, ignoring: ignored,
        reduction: reduction)
    case "focalLoss" where example.numbers("labels") != nil:
      return focalLoss(
        logits: try input("logits"), labels: try labels(), classWeights: classWeights,
        gamma: try example.needed("gamma"), ignoring: ignored, reduction: reduction)
    case "focalLoss":
      return focalLoss(
        logits: try input("logits"), targets: try targets(), alpha: example.number("alpha"),
        gamma: try example.needed("gamma"), reduction: reduction)
    default:
      if let probabilities = inputs["probabilities"] {
        return binaryCrossEntropy(probabilities: probabilities, targets: try targets(), reduction: reduction)
      }
      return binaryCrossEntropy(
        logits: try input("logits"), targets: try targets(), weights: setting("weights", [shape[1]]),
        positiveWeights: setting("positiveWeights", [shape[1]]), reduction: reduction)
    }
  }

  private func regression(_ reduction: LossReduction) throws -> Tensor {
    let (x, t) = (try input("predictions"), try targets())
    switch example.layer {
    case "meanSquaredError": return meanSquaredError(x, t, reduction: reduction)
    case "meanAbsoluteError": return meanAbsoluteError(x, t, reduction: reduction)
    case "huberLoss": return huberLoss(x, t, delta: try example.needed("delta"), reduction: reduction)
    case "smoothL1Loss": return smoothL1Loss(x, t, beta: try example.needed("beta"), reduction: reduction)
    default: throw TensorError("no such loss: \(example.layer)")
    }
  }

  private func likelihood(_ reduction: LossReduction) throws -> Tensor {
    let (x, t) = (try input("predictions"), try targets())
    let (isFull, isLogarithm) = (example.flag("full"), example.flag("logarithms"))
    switch example.layer {
    case "gaussianNegativeLogLikelihood":
      return gaussianNegativeLogLikelihood(
        means: x, targets: t, variances: try input("variances"), addsConstant: isFull, reduction: reduction)
    case "poissonNegativeLogLikelihood":
      return isLogarithm
        ? poissonNegativeLogLikelihood(logRates: x, targets: t, addsFactorial: isFull, reduction: reduction)
        : poissonNegativeLogLikelihood(rates: x, targets: t, addsFactorial: isFull, reduction: reduction)
    default:
      return isLogarithm
        ? klDivergence(logProbabilities: x, logTargets: t, reduction: reduction)
        : klDivergence(logProbabilities: x, targets: t, reduction: reduction)
    }
  }

  private func margin(_ reduction: LossReduction) throws -> Tensor {
    let (margin, power) = (example.number("margin") ?? 1, Int(example.number("power") ?? 1))
    if example.layer == "marginRankingLoss" {
      return marginRankingLoss(
        try input("a"), try input("b"), targets: try targets(), margin: margin, reduction: reduction)
    }
    let x = try input("predictions")
    switch example.layer {
    case "multiMarginLoss":
      return multiMarginLoss(
        x, labels: try labels(), margin: margin, power: power, classWeights: classWeights, reduction: reduction)
    case "multilabelMarginLoss": return multilabelMarginLoss(x, targets: try targets(), reduction: reduction)
    case "multilabelSoftMarginLoss":
      return multilabelSoftMarginLoss(x, targets: try targets(), classWeights: classWeights, reduction: reduction)
    case "hingeLoss": return hingeLoss(x, try targets(), margin: margin, power: power, reduction: reduction)
    case "hingeEmbeddingLoss": return hingeEmbeddingLoss(x, try targets(), margin: margin, reduction: reduction)
    default: return softMarginLoss(x, try targets(), reduction: reduction)
    }
  }

  private func similarity(_ reduction: LossReduction) throws -> Tensor {
    switch example.layer {
    case "tripletMarginLoss" where example.number("power") == nil:
      return tripletMarginLoss(
        anchors: try input("anchors"), positives: try input("positives"), negatives: try input("negatives"),
        margin: try example.needed("margin"), swaps: example.flag("swaps"), reduction: reduction
      ) { 1 - cosineSimilarity($0, $1) }
    case "pairwiseDistances": return pairwiseDistances(try input("a"), power: try example.needed("power"))
    case "normalized":
      return try input("a").normalized(axis: Int(try example.needed("axis")), power: try example.needed("power"))
    case "tripletMarginLoss":
      return tripletMarginLoss(
        anchors: try input("anchors"), positives: try input("positives"), negatives: try input("negatives"),
        margin: try example.needed("margin"), power: try example.needed("power"), swaps: example.flag("swaps"),
        reduction: reduction)
    case "infoNCE":
      return infoNCE(
        queries: try input("queries"), keys: try input("keys"), temperature: try example.needed("temperature"),
        reduction: reduction)
    case "cosineSimilarity":
      return cosineSimilarity(try input("a"), try input("b"), axis: Int(try example.needed("axis")))
    case "pairwiseDistance":
      return pairwiseDistance(try input("a"), try input("b"), power: try example.needed("power"))
    default:
      return cosineEmbeddingLoss(
        try input("a"), try input("b"), targets: try targets(), margin: try example.needed("margin"),
        reduction: reduction)
    }
  }
}
