import NeuralNetworks
import Tensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The cross-entropies of a batch of tokens, in nats.
public struct TokenLosses: Sendable {
  /// −log of the probability that each token was given. At least 0; infinite for a probability of 0.
  public let nats: [Double]
  let weights: ExampleWeights

  /// These losses; a weight of 0 leaves a token out, such as padding.
  ///
  /// Throws a `TrainingError` where one is negative (by more than rounding, 1e-5) or not a number, or there are not as
  /// many weights.
  public init(nats: [Double], weights: [Double]? = nil) throws(TrainingError) {
    if let index = nats.firstIndex(where: { !($0 >= -1e-5) }) {
      throw TrainingError("the loss of token \(index) must be at least 0 nats, not \(nats[index])")
    }
    self.nats = nats
    self.weights = try ExampleWeights(weights, count: nats.count)
  }

  /// The losses of logits [tokens, vocabulary] at the tokens int32 [tokens].
  ///
  /// Throws a `TrainingError` where a logit is not a number or a token is not in the vocabulary, and a `TensorError`
  /// where shapes do not fit.
  public init(logits: Tensor, tokens: Tensor, weights: [Double]? = nil) throws {
    let ids = try tokens.cast(to: .int32).values(as: Int32.self)
    let losses = try crossEntropyLosses(logits: logits.cast(to: .float32), labels: tokens.cast(to: .int32)).values()
    if let index = ids.firstIndex(where: { !(0..<logits.shape[-1]).contains(Int($0)) }) {
      throw TrainingError(
        "token \(index) is \(ids[index]), but the vocabulary has \(logits.shape[-1]) tokens, from 0")
    }
    try self.init(nats: losses.map(Double.init), weights: weights)
  }
}

/// e to the mean loss of a token in nats: as if that many tokens were equally likely. At least 1.
///
/// Memory: two numbers.
///
/// Source: Jelinek, Mercer, Bahl & Baker, "Perplexity — a Measure of the Difficulty of Speech Recognition Tasks", Journal
/// of the Acoustical Society of America 62 (1977).
public struct Perplexity: Metric, Hashable {
  public var name: String { "perplexity" }
  public var direction: MetricDirection { .lowerIsBetter }
  private var sum = 0.0
  private var total = 0.0

  /// A perplexity over no tokens yet.
  public init() {}

  public mutating func update(_ batch: TokenLosses) throws(TrainingError) {
    for index in batch.nats.indices where batch.weights[index] > 0 {
      total += batch.weights[index]
      sum += batch.weights[index] * batch.nats[index]
    }
  }

  public var value: Double {
    get throws(TrainingError) {
      guard total > 0 else { throw .noExamples(name) }
      return exp(sum / total)
    }
  }
}
