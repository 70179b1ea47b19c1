import Datasets
import Models
import NeuralNetworks
import Tensors
import Testing

@testable import Training

@Suite struct ExaminationTests {
  @Test func `calibration error is the mean distance of accuracy and probability`() throws {
    // By hand: ranges of a half; (0, ½]: 0.3 right, 0.5 wrong; (½, 1]: 0.9 right, 0.8 wrong, 1.0 right.
    var calibration = try ExpectedCalibrationError(bins: 2)
    for (confidence, isRight) in [(0.3, true), (0.5, false), (0.9, true), (0.8, false), (1.0, true)] {
      calibration.add(confidence: confidence, isCorrect: isRight)
    }
    calibration.add(confidence: .nan, isCorrect: true)
    #expect(calibration.bins.map(\.weight) == [2, 3])
    #expect(abs(calibration.bins[0].meanConfidence - 0.4) < 1e-12)
    #expect(abs(calibration.bins[1].accuracy - 2.0 / 3) < 1e-12)
    let expected = 2.0 / 5 * abs(0.5 - 0.4) + 3.0 / 5 * abs(2.0 / 3 - 0.9)
    #expect(abs(try calibration.value - expected) < 1e-12)
  }

  /// Two pixels are the logits of two classes.
  private struct Pixels: Layer {
    let scale = Parameter([10], shape: [1])
    func callAsFunction(_ x: Tensor) -> Tensor { x.flattened(from: 1) * scale.tensor }
  }

  @Test func `the worst mistakes have the lowest probability of the truth`() throws {
    let set = try ImageSet(
      pixels: [255, 0, 0, 255, 153, 102, 0, 204, 255, 0], labels: [0, 0, 1, 0, 1], imageShape: [1, 1, 2])
    let examination = try ClassifierExamination(of: Pixels(), on: set, mistakes: 3, batchSize: 2)
    #expect(examination.count == 5)
    #expect(examination.mistakeCount == 4)
    // Logits (0, 10) of class 0 and (10, 0) of class 1: 1 / (1 + e¹⁰) both; then (0, 8).
    #expect(examination.worstMistakes.map(\.index) == [1, 4, 3])
    #expect(examination.worstMistakes.map(\.prediction) == [1, 0, 1])
    #expect(abs(examination.worstMistakes[0].truthProbability - 4.5397868702434395e-5) < 1e-9)
    #expect(abs(examination.worstMistakes[2].truthProbability - 3.3535013046647816e-4) < 1e-8)
    #expect(examination.worstMistakes[2].pixels == [0, 0.8])
    #expect(throws: TrainingError.self) {
      try ClassifierExamination(
        of: Pixels(), on: ImageSet(pixels: [1, 2], labels: [2], imageShape: [1, 1, 2]))
    }
  }

  @Test func `attention maps are distributions, of earlier positions where causal`() throws {
    for isCausal in [false, true] {
      let layer = Random.$current.withValue(Random(seed: 1)) { MultiHeadAttention(8, heads: 2, isCausal: isCausal) }
      let x = Tensor(try Random(seed: 2).normal(count: 40), shape: [1, 5, 8])
      let maps = try #require(try AttentionMaps(of: layer, example: x, note: ""))
      #expect(maps.layers.count == 1)
      #expect(maps.layers[0].heads.count == 2)
      for head in maps.layers[0].heads {
        for row in 0..<5 {
          #expect(abs(head[row * 5..<row * 5 + 5].reduce(0, +) - 1) < 1e-5)
          if isCausal { #expect(head[row * 5 + row + 1..<row * 5 + 5].allSatisfy { $0 == 0 }) }
        }
      }
      // The weights times the values are what the layer gives.
      let weights = Tensor(maps.layers[0].heads.flatMap { $0 }, shape: [1, 2, 5, 5])
      let values = layer.value(x).reshaped(to: [1, 5, 2, 4]).permuted([0, 2, 1, 3])
      let mixed = layer.output(weights.matmul(values).permuted([0, 2, 1, 3]).reshaped(to: [1, 5, 8]))
      let expected = try inference { layer(x) }.values()
      for (a, b) in zip(try mixed.values(), expected) { #expect(abs(a - b) < 1e-5) }
    }
    #expect(try AttentionMaps(of: Dense(2, 2), example: Tensor([1, 2] as [Float], shape: [1, 2]), note: "") == nil)
  }

  @Test func `filters are those of a convolution or of a dense layer over pixels`() throws {
    let convolution = Sequential {
      Conv2D(1, 3, kernelSize: 5)
      Flatten()
    }
    #expect(FirstLayerFilters(of: convolution, imageShape: [1, 8, 8])?.html.markup.split(separator: "<img").count == 4)
    let dense = Sequential {
      Flatten()
      Dense(64, 7)
    }
    #expect(FirstLayerFilters(of: dense, imageShape: [1, 8, 8])?.html.markup.split(separator: "<img").count == 8)
    #expect(FirstLayerFilters(of: dense, imageShape: [2, 8, 8]) == nil)
    #expect(FirstLayerFilters(of: Dense(3, 4), imageShape: [1, 8, 8]) == nil)
  }

  @Test func `surprising places are those of the lowest probability`() throws {
    let network = try Random.$current.withValue(Random(seed: 1)) {
      try LanguageModelDescription(kind: .mlp, vocabulary: 256, context: 8, width: 8, layers: 1).makeModel()
    }
    let tokenizer = ByteTokenizer()
    let text = try TextDataset.named("numbers", tokenizer: tokenizer, validationFraction: 0.1, allowsPipes: false)
      .validation
    let examination = try LanguageExamination(of: network, on: text, tokenizer: tokenizer, context: 32)
    #expect(examination.surprises.count == 12)
    #expect(examination.count > 1000)
    let probabilities = examination.surprises.map(\.probability)
    #expect(probabilities == probabilities.sorted())
    // An untrained network expects each of 256 bytes about equally.
    #expect(probabilities.allSatisfy { $0 > 0 && $0 < 1.0 / 256 })
    for surprise in examination.surprises {
      #expect(surprise.expected.count == 3)
      #expect(surprise.expected.allSatisfy { $0.probability > surprise.probability })
    }
  }
}
