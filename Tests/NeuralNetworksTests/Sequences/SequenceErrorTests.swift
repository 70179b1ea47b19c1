import Models
import NeuralNetworks
import Tensors
import Testing

/// Users' mistakes with sequence layers and models end in a sentence that says what would be valid; nothing traps.
@Suite struct SequenceErrorTests {
  private static let x = Tensor.zeros([2, 5, 6])
  private static let ids = Tensor([Int32](repeating: 1, count: 10), shape: [2, 5])

  /// The call, its result, and words that its error must contain.
  struct Mistake: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var words: String?
    var make: @Sendable () -> Tensor

    init(_ description: String, _ words: String?, _ make: @escaping @Sendable () -> Tensor) {
      testDescription = description
      self.words = words
      self.make = make
    }
  }

  static let recurrent: [Mistake] = [
    Mistake("lstm of no units", "at least 1") { Recurrent.lstm(6, 0)(x) },
    Mistake("lstm of -1 layers", "layers 1 to 1024") { Recurrent.lstm(6, 4, layers: -1)(x) },
    Mistake("gru of another width", "[batch, time, 7]") { Recurrent.gru(7, 4)(x) },
    Mistake("gru of images", "[batch, time, 6]") { Recurrent.gru(6, 4)(Tensor.zeros([2, 3, 5, 6])) },
    Mistake("rnn of no steps", "[batch, time, 6]") { Recurrent.rnn(6, 4)(Tensor.zeros([2, 0, 6])) },
    Mistake("rnn with half its state", "2 tensors") {
      Recurrent.rnn(6, 4, layers: 2)(x, state: RecurrentState(hidden: [.zeros([2, 4])])).output
    },
    Mistake("lstm without cells", "1 tensors") {
      Recurrent.lstm(6, 4)(x, state: RecurrentState(hidden: [.zeros([2, 4])])).output
    },
    Mistake("gru with another batch's state", "[2, 4]") {
      Recurrent.gru(6, 4)(x, state: RecurrentState(hidden: [.zeros([3, 4])])).output
    },
    Mistake("gru with too few lengths", "lengths") {
      Recurrent.gru(6, 4)(x, state: nil, lengths: Tensor([1] as [Int32], shape: [1])).output
    },
    Mistake("gru with lengths that are no integers", "lengths") {
      Recurrent.gru(6, 4)(x, state: nil, lengths: .zeros([2])).output
    },
  ]

  static let attention: [Mistake] = [
    Mistake("heads that do not divide", "multiple of heads 4") { MultiHeadAttention(6, heads: 4)(x) },
    Mistake("no heads", "heads 0") { MultiHeadAttention(6, heads: 0)(x) },
    Mistake("-1 heads of keys", "heads -1") { MultiHeadAttention(6, heads: 2, keyValueHeads: -1)(x) },
    Mistake("another width", "[batch, time, 8]") { MultiHeadAttention(8, heads: 2)(x) },
    Mistake("no axis of time", "[batch, time, 6]") { MultiHeadAttention(6, heads: 2)(Tensor.zeros([5, 6])) },
    Mistake("another context width", "6") {
      MultiHeadAttention(6, heads: 2)(x, context: .zeros([2, 3, 5]), lengths: nil)
    },
    Mistake("another batch's context", "batch") {
      MultiHeadAttention(6, heads: 2)(x, context: .zeros([3, 4, 6]), lengths: nil)
    },
    Mistake("odd rotary heads", "even head width, not 3") { MultiHeadAttention(6, heads: 2, isRotary: true)(x) },
    Mistake("too few lengths", "lengths int32 [2]") {
      MultiHeadAttention(6, heads: 2)(x, context: nil, lengths: Tensor([1] as [Int32], shape: [1]))
    },
    Mistake("a cache of another batch", "[2, 2") {
      MultiHeadAttention(6, heads: 2)(x, cache: AttentionCache(batch: 3, heads: 2, capacity: 9, width: 3)).output
    },
    Mistake("a cache with too little room", "4") {
      MultiHeadAttention(6, heads: 2)(x, cache: AttentionCache(batch: 2, heads: 2, capacity: 4, width: 3)).output
    },
    Mistake("a cached row without time", "[batch, time, 6]") {
      let cache = AttentionCache(batch: 2, heads: 2, capacity: 4, width: 3)
      return MultiHeadAttention(6, heads: 2)(Tensor.zeros([2, 6]), cache: cache).output
    },
    Mistake("a block of no width", "width 0") { TransformerBlock(0, heads: 1)(Tensor.zeros([2, 5, 0])) },
    Mistake("a block too wide", nil) { TransformerBlock(Int.max, heads: 1)(x) },
    Mistake("a decoder without context", "give one") { TransformerBlock(6, heads: 2, contextWidth: 6)(x) },
    Mistake("rotation of rows", "[batch, heads, time, d]") {
      Tensor.zeros([5, 6]).rotated(by: Tensor([0] as [Int32], shape: [1]))
    },
    Mistake("rotation by too few positions", "positions") {
      Tensor.zeros([1, 1, 5, 6]).rotated(by: Tensor([0] as [Int32], shape: [1]))
    },
    Mistake("-1 positions", "at least 0") { sinusoidalPositions(-1, width: 4) },
    Mistake("layer normalization of another width", "6") { LayerNorm(5)(x) },
    Mistake("layer normalization of nothing", "at least 1") { LayerNorm(0)(x) },
    Mistake("an embedding of nothing", "at least 1") { Embedding(0, 4)(ids) },
    Mistake("an embedding of fractions", "int32") { Embedding(5, 4)(x) },
  ]

  private static func transformer(
    context: Int = 8, width: Int = 8, layers: Int = 1, heads: Int = 2, positions: PositionalEncoding = .learned
  ) -> Transformer {
    Transformer(
      .init(vocabulary: 5, context: context, width: width, layers: layers, heads: heads, positions: positions))
  }

  private static func going<Model: LanguageModel>(
    on model: Model, _ change: ([Tensor]) -> [Tensor]
  ) -> Tensor { model(ids, state: change(model.initialState(batch: 2, capacity: 8))).logits }

  static let models: [Mistake] = [
    Mistake("ids that are no integers", "int32 [batch, time]") { transformer()(x) },
    Mistake("more positions than there are", "at most 4 positions, not 5") { transformer(context: 4)(ids) },
    Mistake("a transformer without heads", "heads 0") { transformer(heads: 0)(ids) },
    Mistake("a transformer of -3 positions", nil) { transformer(context: -3, positions: .sinusoidal)(ids) },
    Mistake("a transformer without a state", "state") { going(on: transformer()) { _ in [] } },
    Mistake("a transformer with half a state", "state") { going(on: transformer()) { $0.dropLast() } },
    Mistake("a grown state that is none", "state") {
      let model = transformer()
      return model(ids, state: model.grown([], to: 9)).logits
    },
    Mistake("a state of -1 examples", nil) {
      let model = transformer()
      return model(ids, state: model.initialState(batch: -1, capacity: -1)).logits
    },
    Mistake("an lstm without a state", "state") {
      going(on: RecurrentLanguageModel(.lstm, vocabulary: 5, embeddingWidth: 3, width: 4, layers: 2)) { _ in [] }
    },
    Mistake("a gru with a tensor too many", "state") {
      going(on: RecurrentLanguageModel(.gru, vocabulary: 5, embeddingWidth: 3, width: 4, layers: 2)) { $0 + $0 }
    },
    Mistake("an lstm of no layers", "layers 1 to 1024") {
      RecurrentLanguageModel(.lstm, vocabulary: 5, embeddingWidth: 3, width: 4, layers: 0)(ids)
    },
    Mistake("an mlp without a state", "state") {
      going(on: NeuralProbabilisticModel(vocabulary: 5, order: 3, width: 4, hidden: 6)) { _ in [] }
    },
    Mistake("an mlp with the state of another", "[2, 2, 4]") {
      going(on: NeuralProbabilisticModel(vocabulary: 5, order: 3, width: 4, hidden: 6)) { _ in [.zeros([2, 5, 4])] }
    },
    Mistake("an mlp of no tokens before", "at least 1") {
      NeuralProbabilisticModel(vocabulary: 5, order: 0, width: 4, hidden: 6)(ids)
    },
    Mistake("rows of an image of another size", "[batch, 1, 4, 4]") {
      RowClassifier(.gru, inputShape: [1, 4, 4], classes: 3, hidden: 5)(Tensor.zeros([2, 1, 4, 5]))
    },
    Mistake("patches of an image of another size", "[batch, 1, 8, 8]") {
      VisionTransformer(inputShape: [1, 8, 8], classes: 3, width: 8)(Tensor.zeros([2, 1, 12, 8]))
    },
    Mistake("patches of no image", nil) {
      VisionTransformer(inputShape: [], classes: 3, width: 8)(Tensor.zeros([2, 1, 8, 8]))
    },
    Mistake("-1 layers of patches", "layers") {
      VisionTransformer(inputShape: [1, 8, 8], classes: 3, width: 8, layers: -1)(Tensor.zeros([2, 1, 8, 8]))
    },
  ]

  @Test(arguments: recurrent + attention + models) func isASentence(_ mistake: Mistake) throws {
    let error = try #require(throws: TensorError.self) { try mistake.make().values() }
    #expect(mistake.words.map(error.message.contains) ?? true, "\(error.message)")
  }
}
