import NeuralNetworks
import Tensors

/// The feed-forward language model: the concatenated embeddings of the last `order` tokens, a hidden layer of tanh
/// units, a logit for each token.
///
/// The hidden layer at all positions of a text at once is a convolution over time; it is padded with zeros before the
/// first token. With `order` 1 it is a bigram model. Cost of a position: 2 · width · (order · hidden) + 2 · hidden ·
/// vocabulary operations.
///
/// Source: Bengio, Ducharme, Vincent & Jauvin, "A Neural Probabilistic Language Model", JMLR 3 (2003), section 2,
/// without the direct connections.
public struct NeuralProbabilisticModel: LanguageModel {
  /// The vectors of the tokens: C in the paper.
  public let embedding: Embedding
  /// The hidden layer: a convolution over the last `order` positions.
  public let hidden: Conv2D
  /// The last layer: hidden → vocabulary.
  public let output: Dense
  public let vocabulary: Int
  /// At least 1; for a smaller request `hidden` fails.
  private let order: Int
  private let width: Int

  public var context: Int? { nil }
  public var carriesState: Bool { false }

  /// `order` is how many tokens the next one depends on.
  public init(vocabulary: Int, order: Int, width: Int, hidden: Int) {
    self.vocabulary = vocabulary
    self.order = max(order, 1)
    self.width = width
    embedding = Embedding(vocabulary, width, deviation: 1 / Float(max(width, 1)).squareRoot())
    self.hidden = Conv2D(width, hidden, kernelSize: [1, order], activation: .tanh)
    output = Dense(hidden, vocabulary)
  }

  public func initialState(batch: Int, capacity: Int) -> [Tensor] {
    [.zeros([batch, order - 1, width], dtype: embedding.weight.tensor.dtype)]
  }

  /// The logits of the token after each position: int32 [batch, time] → [batch, time, vocabulary].
  public func callAsFunction(_ ids: Tensor) -> Tensor {
    self(ids, state: initialState(batch: ids.shape.first ?? 0, capacity: 0)).logits
  }

  /// The state holds the embeddings of the last order − 1 tokens.
  public func callAsFunction(_ ids: Tensor, state: [Tensor]) -> (logits: Tensor, state: [Tensor]) {
    if let failure = idsFailure(ids) ?? hidden.failure ?? stateFailure(state, count: 1) {
      return (.failed(failure), state)
    }
    let (batch, time) = (ids.shape[0], ids.shape[1])
    guard state[0].failure != nil || state[0].shape == [batch, order - 1, width] else {
      let expected: Shape = [batch, order - 1, width]
      return (.failed(TensorError("the state must be \(expected), not \(state[0].shape)")), state)
    }
    let vectors = Tensor.concatenated(state + [embedding(ids)], axis: 1)
    if vectors.failure != nil { return (vectors, state) }
    let images = vectors.permuted([0, 2, 1]).reshaped(to: [batch, width, 1, time + order - 1])
    let features = hidden(images)  // [batch, hidden, 1, time]
    if features.failure != nil { return (features, state) }
    let rows = features.permuted([0, 2, 3, 1]).reshaped(to: [batch, time, features.shape[1]])
    let last = vectors.sliced(starts: [0, time, 0], shape: [batch, order - 1, width])
    return (output(rows), [last])
  }
}
