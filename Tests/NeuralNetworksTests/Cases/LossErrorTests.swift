import NeuralNetworks
import Tensors
import Testing

/// Wrong operands of losses end in a sentence; special values in numbers.
@Suite struct LossErrorTests {
  private static var x: Tensor { .ones([2, 3]) }
  private static var labels: Tensor { Tensor([0, 2] as [Int32], shape: [2]) }

  private static let wrong: [(String, @Sendable () -> Tensor)] = [
    ("shapes differ", { huberLoss(x, .ones([3, 2])) }),
    ("shapes would broadcast", { meanAbsoluteError(x, .ones([1, 3])) }),
    ("nothing to average", { meanSquaredError(.zeros([0]), .zeros([0])) }),
    ("no examples", { crossEntropy(logits: .zeros([0, 3]), labels: Tensor([] as [Int32], shape: [0])) }),
    ("negative smoothing", { crossEntropy(logits: x, labels: labels, labelSmoothing: -0.1) }),
    ("smoothing above 1", { crossEntropy(logits: x, targets: x, labelSmoothing: 1.5) }),
    ("labels of the wrong shape", { crossEntropy(logits: x, labels: Tensor([0] as [Int32], shape: [1])) }),
    ("labels of floats", { negativeLogLikelihood(logProbabilities: x, labels: .zeros([2])) }),
    ("weights of too few classes", { crossEntropy(logits: x, labels: labels, classWeights: .ones([2])) }),
    ("weights that do not fit", { binaryCrossEntropy(logits: x, targets: x, weights: .ones([2])) }),
    ("weights of more axes", { binaryCrossEntropy(logits: x, targets: x, positiveWeights: .ones([4, 2, 3])) }),
    ("negative gamma", { focalLoss(logits: x, targets: x, gamma: -1) }),
    ("delta 0", { huberLoss(x, x, delta: 0) }),
    ("negative beta", { smoothL1Loss(x, x, beta: -1) }),
    ("power 3", { multiMarginLoss(x, labels: labels, power: 3) }),
    ("a vector of predictions", { multilabelMarginLoss(.ones([3]), targets: .ones([3])) }),
    ("targets of each element", { cosineEmbeddingLoss(x, x, targets: x) }),
    ("power 0 of a distance", { tripletMarginLoss(anchors: x, positives: x, negatives: x, power: 0) }),
    ("temperature 0", { infoNCE(queries: x, keys: x, temperature: 0) }),
    ("variances of another shape", { gaussianNegativeLogLikelihood(means: x, targets: x, variances: .ones([3])) }),
    (
      "an operand that failed",
      { klDivergence(logProbabilities: .failed(TensorError("wrong before it came here")), targets: x) }
    ),
  ]

  @Test(arguments: wrong.indices) func wrongOperandsSaySo(index: Int) throws {
    let (name, make) = Self.wrong[index]
    let failure = try #require(make().failure, "no error: \(name)")
    #expect(isSentence(failure.message), "\(name): \(failure.message)")
  }

  @Test func ignoredLabelsAndTheirLogitsHaveNoGradient() throws {
    let logits = Tensor([1, 2, .nan, .infinity], shape: [2, 2])
    let loss = crossEntropy(logits: logits, labels: Tensor([0, -1] as [Int32], shape: [2]), ignoring: -1)
    let slope = try #require(gradients(of: loss, withRespectTo: [logits])[0]).values()
    #expect(try loss.scalar().isFinite)
    #expect(abs(slope[0] + slope[1]) < 1e-6 && slope[2...] == [0, 0])
  }

  @Test func certainTargetsHaveNoDivergence() throws {
    let targets = Tensor([1, 0], shape: [1, 2])
    let terms = klDivergence(logProbabilities: Tensor([0, -1], shape: [1, 2]), targets: targets, reduction: .none)
    #expect(try terms.values() == [0, 0])
  }

  @Test func labelsThatAreNoClassGiveNaN() throws {
    let labels = Tensor([0, 7] as [Int32], shape: [2])
    for losses in [
      negativeLogLikelihood(logProbabilities: Self.x, labels: labels, reduction: .none),
      multiMarginLoss(Self.x, labels: labels, reduction: .none),
      crossEntropy(logits: Self.x, labels: labels, reduction: .none),
    ] {
      let values = try losses.values()
      #expect(values[0].isFinite && values[1].isNaN)
    }
  }
}
