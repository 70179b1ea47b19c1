import NeuralNetworks
import Tensors

/// The decoder-only transformer in GPT-2's layout: token and position embeddings, blocks of causal self-attention and
/// feed-forward networks with layer normalization before each part, a last normalization, a logit for each token.
///
/// Weights are normal with standard deviation 0.02, the last ones of each residual branch divided by √(2 · layers).
/// Cost of a position: about 2 · parameters operations, and 2 · layers · time · width for attention.
///
/// Sources: Radford et al., "Language Models are Unsupervised Multitask Learners", 2019; Vaswani et al. 2017.
public struct Transformer: LanguageModel {
  /// The sizes of a transformer.
  public struct Configuration: Hashable, Sendable {
    /// How many tokens there are.
    public var vocabulary: Int
    /// The greatest number of positions.
    public var context: Int
    /// The width of the vectors between blocks; the feed-forward networks are four times as wide.
    public var width: Int
    /// How many blocks there are, 0 to 1024.
    public var layers: Int
    /// Heads of queries in each block; they divide the width.
    public var heads: Int
    /// Heads of keys and values; `nil`: as many as `heads`.
    public var keyValueHeads: Int?
    /// The rate of dropout in training, of the first vectors and of each residual branch.
    public var dropout: Float
    /// How the blocks are told the positions of the tokens.
    public var positions: PositionalEncoding
    /// Whether input and output embeddings are tied.
    public var tiesOutput: Bool

    /// A transformer of these sizes. Nothing is checked here: what does not fit fails when the model is called.
    public init(
      vocabulary: Int, context: Int, width: Int, layers: Int, heads: Int, keyValueHeads: Int? = nil,
      dropout: Float = 0, positions: PositionalEncoding = .learned, tiesOutput: Bool = false
    ) {
      self.vocabulary = vocabulary
      self.context = context
      self.width = width
      self.layers = layers
      self.heads = heads
      self.keyValueHeads = keyValueHeads
      self.dropout = dropout
      self.positions = positions
      self.tiesOutput = tiesOutput
    }
  }

  /// The vectors of the tokens, also of the logits where the embeddings are tied.
  public let embedding: Embedding
  /// The vectors of the positions where they are learned.
  public let positionEmbedding: Embedding?
  /// The blocks, the one next to the embedding first.
  public let blocks: [TransformerBlock]
  /// The normalization after the last block.
  public let norm: LayerNorm
  /// The last layer, width → vocabulary; `nil` where the embeddings are tied.
  public let output: Dense?
  /// The position vectors where they are not learned.
  private let table: Tensor?
  private let dropout: Dropout?
  private let configuration: Configuration
  private let failure: TensorError?

  public var vocabulary: Int { configuration.vocabulary }
  public var context: Int? { configuration.context }
  public var carriesState: Bool { false }
  public var positionCount: Int? { 0 }

  /// A transformer of these sizes, with weights drawn from `Random.current`.
  public init(_ configuration: Configuration) {
    self.configuration = configuration
    let width = configuration.width
    let deviation: Float = 0.02
    let isPossible = 0...1024 ~= configuration.layers
    failure = isPossible ? nil : TensorError("Transformer: layers must be 0 to 1024, not \(configuration.layers)")
    let layers = isPossible ? configuration.layers : 0
    embedding = Embedding(configuration.vocabulary, width, deviation: deviation)
    positionEmbedding =
      configuration.positions == .learned ? Embedding(configuration.context, width, deviation: deviation) : nil
    table =
      configuration.positions == .sinusoidal && !isPlanningShapes
      ? sinusoidalPositions(configuration.context, width: width) : nil
    blocks = (0..<layers).map { _ in
      TransformerBlock(
        width, heads: configuration.heads, keyValueHeads: configuration.keyValueHeads, isCausal: true,
        isRotary: configuration.positions == .rotary, dropout: configuration.dropout,
        initializer: .normal(deviation: deviation),
        outputInitializer: .normal(deviation: deviation / Float(2 * layers).squareRoot()))
    }
    norm = LayerNorm(width)
    output =
      configuration.tiesOutput
      ? nil : Dense(width, configuration.vocabulary, bias: false, initializer: .normal(deviation: deviation))
    dropout = configuration.dropout == 0 ? nil : Dropout(configuration.dropout)
  }

  /// The logits of the token after each position: int32 [batch, time] → [batch, time, vocabulary]. `time` is at most
  /// the context.
  public func callAsFunction(_ ids: Tensor) -> Tensor {
    if let failure = idsFailure(ids) ?? lengthFailure(ids.shape[1]) { return .failed(failure) }
    let positions = Tensor.arange(to: ids.shape[1])
    let start = vectors(ids, positions)
    return scores(blocks.reduce(dropout?(start) ?? start) { $1($0) })
  }

  public func initialState(batch: Int, capacity: Int) -> [Tensor] {
    let heads = configuration.keyValueHeads ?? configuration.heads
    let cache = AttentionCache(
      batch: batch, heads: heads, capacity: capacity, width: configuration.width / max(configuration.heads, 1),
      dtype: embedding.weight.tensor.dtype)
    return [cache.length] + blocks.flatMap { _ in [cache.keys, cache.values] }
  }

  public func grown(_ state: [Tensor], to capacity: Int) -> [Tensor] {
    state.prefix(1)
      + caches(state).flatMap { cache in
        let cache = cache.grown(to: capacity)
        return [cache.keys, cache.values]
      }
  }

  /// The state holds how many positions there are, then keys and values of each block.
  public func callAsFunction(_ ids: Tensor, state: [Tensor]) -> (logits: Tensor, state: [Tensor]) {
    let count = 1 + 2 * blocks.count
    if let failure = idsFailure(ids) ?? lengthFailure(ids.shape[1]) ?? stateFailure(state, count: count) {
      return (.failed(failure), state)
    }
    let positions = Tensor.arange(to: ids.shape[1]) + state[0]
    var x = vectors(ids, positions)
    var after: [Tensor] = []
    for (block, cache) in zip(blocks, caches(state)) {
      let (output, next) = block(x, cache: cache)
      x = output
      after += (after.isEmpty ? [next.length] : []) + [next.keys, next.values]
    }
    return (scores(x), after)
  }

  private func caches(_ state: [Tensor]) -> [AttentionCache] {
    stride(from: 1, to: state.count - 1, by: 2).map {
      AttentionCache(keys: state[$0], values: state[$0 + 1], length: state[0])
    }
  }

  private func vectors(_ ids: Tensor, _ positions: Tensor) -> Tensor {
    let tokens = embedding(ids)
    // Where queries and keys are rotated instead, nothing is added.
    guard let vectors = positionEmbedding.map({ $0(positions) }) ?? table?.rows(positions).cast(to: tokens.dtype) else {
      return tokens
    }
    return tokens + vectors
  }

  private func scores(_ x: Tensor) -> Tensor {
    let features = norm(x)
    return output.map { $0(features) } ?? embedding.logits(features)
  }

  private func lengthFailure(_ time: Int) -> TensorError? {
    if let failure { return failure }
    return time <= configuration.context
      ? nil
      : TensorError(
        "the transformer takes at most \(configuration.context) positions, not \(time); cut the text into windows")
  }
}
