import Datasets
import NeuralNetworks
import Tensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Logistic regression on features that are mostly off: feature k is on with a probability in proportion to 1/k, as
/// words are in texts. Rare features have large weights in the function to learn, so that they matter when they are on.
///
/// AdaGrad was made for such data: a feature that is rarely on has had few gradients and still takes large steps.
/// Source: Duchi, Hazan & Singer, JMLR 12 (2011), section 1.
final class SparseTask: CompilableTask {
  static let features = 400
  /// How many are on, on average.
  private static let active = 8.0
  private static let batchSize = 32

  var model: any Layer { layer }
  private let layer = Dense(SparseTask.features, 1, initializer: .zeros)
  private let seed: UInt64
  private let probabilities: [Double]
  private let weights: [Double]

  init(seed: UInt64) {
    self.seed = seed
    let shares = (1...Self.features).map { 1 / Double($0) }
    let sum = shares.reduce(0, +)
    probabilities = shares.map { min(1, Self.active * $0 / sum) }
    // The function to learn is the same for all seeds, which draw the examples.
    var generator = SeededGenerator(seed: 2011)
    weights = probabilities.map { (generator.next() & 1 == 0 ? 1 : -1) * min(4, 0.5 / $0.squareRoot()) }
  }

  let stepsPerEpoch = 1000

  func inputs(ofStep step: Int) throws -> StepInputs {
    var generator = SeededGenerator(seed: seed, stream: UInt64(step))
    let uniform = { Double(generator.next() >> 11) * 0x1p-53 }
    var (inputs, labels): ([Float], [Float]) = ([], [])
    for _ in 0..<Self.batchSize {
      var logit = 0.0
      for (probability, weight) in zip(probabilities, weights) {
        let isOn = uniform() < probability
        inputs.append(isOn ? 1 : 0)
        if isOn { logit += weight }
      }
      labels.append(uniform() < 1 / (1 + exp(-logit)) ? 1 : 0)
    }
    return StepInputs(
      [
        Tensor(inputs, shape: [Self.batchSize, Self.features]), Tensor(labels, shape: [Self.batchSize, 1]),
      ], examples: Self.batchSize)
  }

  func record(_ inputs: StepInputs) throws -> RecordedStep {
    let (_, gradients) = valueAndGradient(of: layer) { model in
      // The cross-entropy of a label of 0 or 1, from its logit.
      let logits = model(inputs.tensors[0])
      return (logits.softplus() - logits * inputs.tensors[1]).mean()
    }
    return RecordedStep(gradients: gradients, examples: inputs.examples)
  }

  /// There are always new examples, so the training loss is that on examples never seen.
  func evaluate() throws -> Evaluation? { nil }
}
