import NeuralNetworks
import Tensors

/// Token embeddings, recurrent layers and a logit for each token.
///
/// Sources: Mikolov et al., "Recurrent neural network based language model", Interspeech 2010; Sutskever, Martens &
/// Hinton, "Generating Text with Recurrent Neural Networks", ICML 2011.
public struct RecurrentLanguageModel: LanguageModel {
  /// The vectors of the tokens.
  public let embedding: Embedding
  /// The recurrent layers.
  public let recurrent: Recurrent
  /// The last layer: width → vocabulary.
  public let output: Dense
  public let vocabulary: Int

  public var context: Int? { nil }
  public var carriesState: Bool { true }

  /// A model of so many tokens, with `layers` recurrent layers of `width` units. `dropout` is the rate between them.
  public init(
    _ cell: RecurrentCell, vocabulary: Int, embeddingWidth: Int, width: Int, layers: Int, dropout: Float = 0
  ) {
    self.vocabulary = vocabulary
    embedding = Embedding(vocabulary, embeddingWidth)
    recurrent = Recurrent(cell, embeddingWidth, width, layers: layers, dropout: dropout)
    output = Dense(width, vocabulary)
  }

  private var stateCount: Int { recurrent.layers.count * (recurrent.cell == .lstm ? 2 : 1) }

  public func initialState(batch: Int, capacity: Int) -> [Tensor] {
    Array(repeating: .zeros([batch, recurrent.size], dtype: embedding.weight.tensor.dtype), count: stateCount)
  }

  /// The logits of the token after each position, from a state of zeros: int32 [batch, time] → [batch, time,
  /// vocabulary].
  public func callAsFunction(_ ids: Tensor) -> Tensor {
    self(ids, state: initialState(batch: ids.shape.first ?? 0, capacity: 0)).logits
  }

  /// The state holds the hidden states of all layers, then their cells.
  public func callAsFunction(_ ids: Tensor, state: [Tensor]) -> (logits: Tensor, state: [Tensor]) {
    if let failure = idsFailure(ids) ?? stateFailure(state, count: stateCount) { return (.failed(failure), state) }
    // Time first, as the recurrent layers work; viewed as [batch, time, …] again without a copy.
    let vectors = embedding(ids.transposed).permuted([1, 0, 2])
    let count = recurrent.layers.count
    let before = RecurrentState(hidden: Array(state.prefix(count)), cell: Array(state.dropFirst(count)))
    let (features, after) = recurrent(vectors, state: before)
    if features.failure != nil { return (features, state) }
    return (output(features.permuted([1, 0, 2])).permuted([1, 0, 2]), after.hidden + after.cell)
  }
}
