import Tensors

/// Multi-head attention: each position gets a mean of other positions' values, weighted by how its query matches their
/// keys, in several heads at once: [batch, time, width] → the same shape.
///
/// softmax(Q Kᵀ / √d) V for each head of width d = width / heads, then a product that mixes the heads. With
/// `keyValueHeads` fewer than `heads`, groups of heads share keys and values. Cost of a sequence of T: products of
/// 8 · T · width² operations and 4 · T² · width for the scores (half of that where causal); the T × T matrix is never
/// stored.
///
/// Sources: Vaswani et al., "Attention Is All You Need", 2017, section 3.2; Ainslie et al., "GQA", 2023.
public struct MultiHeadAttention: NamedLayer {
  /// The projection of the input to the queries of all heads: width → width.
  public let query: Dense
  /// The projection of what is attended to, to keys: contextWidth → keyValueHeads · d.
  public let key: Dense
  /// The projection of what is attended to, to values: contextWidth → keyValueHeads · d.
  public let value: Dense
  /// The product that mixes the heads: width → width.
  public let output: Dense
  public let path = LayerPath()
  public let failure: TensorError?
  /// How many heads of queries there are; they divide the width.
  public let heads: Int
  /// How many heads of keys and values there are; they divide `heads`.
  public let keyValueHeads: Int
  /// Whether a position attends only to itself and to earlier positions.
  public let isCausal: Bool
  /// Whether queries and keys are rotated by their positions; see `Tensor.rotated(by:)`.
  public let isRotary: Bool
  /// Positions at this distance and beyond are not attended to; `nil` where all are.
  public let window: Int?
  /// In training, the probability with which a weight becomes 0.
  public let dropout: Float
  private let width: Int

  /// - Parameters:
  ///   - keyValueHeads: a divisor of `heads`; the same number by default.
  ///   - isCausal: positions attend to themselves and to earlier positions.
  ///   - isRotary: queries and keys are rotated by their positions.
  ///   - contextWidth: the width of what is attended to, where it is not the input itself.
  ///   - window: positions attend only to those at a distance of less than this; such tables of scores are stored.
  ///   - dropout: in training, the probability with which a weight becomes 0; such tables of scores are stored.
  ///   - outputInitializer: for the product that mixes the heads.
  public init(
    _ width: Int, heads: Int, keyValueHeads: Int? = nil, isCausal: Bool = false, isRotary: Bool = false,
    contextWidth: Int? = nil, window: Int? = nil, dropout: Float = 0, initializer: Initializer? = nil,
    outputInitializer: Initializer? = nil
  ) {
    let groups = keyValueHeads ?? heads
    self.width = width
    self.heads = heads
    self.keyValueHeads = groups
    self.isCausal = isCausal
    self.isRotary = isRotary
    self.window = window
    self.dropout = dropout
    let isPossible = width > 0 && heads > 0 && width % heads == 0 && groups > 0 && heads % groups == 0
    let narrow = isPossible ? width / heads * groups : 1
    query = Dense(width, width, initializer: initializer)
    key = Dense(contextWidth ?? width, narrow, initializer: initializer)
    value = Dense(contextWidth ?? width, narrow, initializer: initializer)
    output = Dense(width, width, initializer: outputInitializer ?? initializer)
    failure =
      isPossible
      ? dropoutFailure("MultiHeadAttention", dropout)
      : TensorError(
        "MultiHeadAttention: width \(width) must be a multiple of heads \(heads), and heads one of key/value heads "
          + "\(groups)")
  }

  public var summary: String {
    "MultiHeadAttention \(width), \(heads) heads\(keyValueHeads == heads ? "" : " in \(keyValueHeads) groups")"
  }

  public func apply(_ x: Tensor) -> Tensor { attend(x, nil, lengths: nil, mask: nil, bias: nil) }

  /// Attends to `context` [batch, time, contextWidth], or to the input itself; `lengths` int32 [batch] says how many
  /// positions of each example's context there are, the others are padding. The output at padding of the input itself
  /// is meaningless.
  ///
  /// `mask`, bool, is true where a position may attend to another, and `bias` is added to the scores; both broadcast to
  /// [batch, heads, time, time of the context], as of ``attention(queries:keys:values:lengths:causal:scale:mask:bias:window:dropout:file:line:)``.
  public func callAsFunction(
    _ x: Tensor, context: Tensor? = nil, lengths: Tensor?, mask: Tensor? = nil, bias: Tensor? = nil
  ) -> Tensor {
    // Padding does not enter the gradients of the projections either, even where it is NaN.
    let x = context == nil ? lengths.map { x.finite(pastLengths: $0) } ?? x : x
    let context = context.map { context in lengths.map { context.zeroed(pastLengths: $0) } ?? context }
    // A causal position does not attend to later ones, so to no padding; with lengths, positions would be counted from
    // an example's end.
    let lengths = context == nil && isCausal ? nil : lengths
    return traced(x) {
      (failure.map(Tensor.failed) ?? attend(x, context, lengths: lengths, mask: mask, bias: bias), ())
    }.0
  }

  private func attend(
    _ x: Tensor, _ context: Tensor?, lengths: Tensor?, mask: Tensor?, bias: Tensor?
  ) -> Tensor {
    if let failure = inputFailure(x) ?? context?.failure { return .failed(failure) }
    if let context, context.shape.rank != 3 {
      return .failed(TensorError("attention: the context must be [batch, time, width], not \(context.shape)"))
    }
    let parts = projections(x, context)
    Tracing.recorder?.recordAttention(path.name, queries: parts.queries, keys: parts.keys, causal: isCausal)
    let mixed = attention(
      queries: parts.queries, keys: parts.keys, values: parts.values, lengths: lengths, causal: isCausal, mask: mask,
      bias: bias, window: window, dropout: Mode.isTraining ? Double(dropout) : 0)
    return output(merged(mixed))
  }

  /// Split into heads.
  private struct Projections {
    var queries: Tensor, keys: Tensor, values: Tensor
  }

  /// Of x, or with keys and values of the context; where rotary, rotated by their positions, counted from `start`.
  private func projections(_ x: Tensor, _ context: Tensor?, from start: Tensor? = nil) -> Projections {
    let all =
      context.map { [query(x)] + Dense.outputs(of: [key, value], $0) } ?? Dense.outputs(of: [query, key, value], x)
    var parts = Projections(
      queries: split(all[0], heads), keys: split(all[1], keyValueHeads), values: split(all[2], keyValueHeads))
    if isRotary {
      func positions(_ count: Int) -> Tensor { start.map { .arange(to: count) + $0 } ?? .arange(to: count) }
      parts.queries = parts.queries.rotated(by: positions(x.shape[1]))
      parts.keys = parts.keys.rotated(by: positions((context ?? x).shape[1]))
    }
    return parts
  }

  /// Continues from a cache: x [batch, time, width] are the positions after those in the cache. Causal.
  public func callAsFunction(_ x: Tensor, cache: AttentionCache) -> (output: Tensor, cache: AttentionCache) {
    traced(x) { (failure ?? inputFailure(x)).map { (.failed($0), cache) } ?? attend(x, cache) }
  }

  private func attend(_ x: Tensor, _ cache: AttentionCache) -> (Tensor, AttentionCache) {
    let parts = projections(x, nil, from: cache.length)
    let next = cache.adding(keys: parts.keys, values: parts.values)
    let lengths = next.length.broadcast(to: [x.shape[0]])
    let mixed = attention(
      queries: parts.queries, keys: next.keys, values: next.values, lengths: lengths, causal: true, window: window)
    return (output(merged(mixed)), next)
  }

  private func inputFailure(_ x: Tensor) -> TensorError? {
    if let failure = x.failure { return failure }
    return x.shape.rank == 3 && x.shape[2] == width
      ? nil : TensorError("attention: the input must be [batch, time, \(width)], not \(x.shape)")
  }

  /// [batch, time, heads · d] → [batch, heads, time, d]
  private func split(_ x: Tensor, _ heads: Int) -> Tensor {
    guard x.failure == nil, x.shape.rank == 3 else { return x }
    return x.reshaped(to: [x.shape[0], x.shape[1], heads, x.shape[2] / heads]).permuted([0, 2, 1, 3])
  }

  /// [batch, heads, time, d] → [batch, time, heads · d]
  private func merged(_ x: Tensor) -> Tensor {
    guard x.failure == nil else { return x }
    return x.permuted([0, 2, 1, 3]).flattened(from: 2)
  }

  public func operations(input: Shape, output: Shape) -> Int {
    guard input.rank == 3 else { return 0 }
    return [input[1], input[1], width, 4].reduce(input[0]) { $0.times($1) } / (isCausal ? 2 : 1)
  }
}

/// The key–value cache of one attention layer, with capacity for more positions.
public struct AttentionCache: Sendable {
  /// [batch, heads, capacity, d]; values past `length` are ignored.
  public var keys: Tensor
  /// [batch, heads, capacity, d]; those past `length` are ignored.
  public var values: Tensor
  /// int32 []: how many positions there are.
  public var length: Tensor

  /// A cache of these keys and values, both [batch, heads, capacity, d], of which `length`, int32 [], are in use.
  public init(keys: Tensor, values: Tensor, length: Tensor) {
    self.keys = keys
    self.values = values
    self.length = length
  }

  /// An empty cache for `capacity` positions, with vectors of `width` numbers for each of so many heads.
  public init(batch: Int, heads: Int, capacity: Int, width: Int, dtype: DType = .float32) {
    keys = .zeros([batch, heads, capacity, width], dtype: dtype)
    values = keys
    length = Tensor([0] as [Int32], shape: [])
  }

  /// The cache with these [batch, heads, time, d] appended.
  public func adding(keys: Tensor, values: Tensor) -> AttentionCache {
    var next = self
    next.keys = self.keys.replacing(axis: 2, at: length, with: keys)
    next.values = self.values.replacing(axis: 2, at: length, with: values)
    next.length = length + Tensor([Int32(clamping: keys.failure == nil ? keys.shape[2] : 0)], shape: [])
    return next
  }

  /// The cache with memory for `capacity` positions; as it is where it has as much.
  public func grown(to capacity: Int) -> AttentionCache {
    var next = self
    guard capacity > keys.shape[2] else { return self }
    let more = capacity - keys.shape[2]
    next.keys = keys.padded(before: [0, 0, 0, 0], after: [0, 0, more, 0])
    next.values = values.padded(before: [0, 0, 0, 0], after: [0, 0, more, 0])
    return next
  }
}
