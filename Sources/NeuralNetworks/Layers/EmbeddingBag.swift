import Tensors

/// The sum, mean or maximum of the learned vectors of a bag of tokens: int32 [batch, length] → [batch, width].
///
/// Source: Joulin, Grave, Bojanowski & Mikolov, "Bag of Tricks for Efficient Text Classification", EACL 2017.
public struct EmbeddingBag: NamedLayer {
  /// How the vectors of a bag become one.
  public enum Pooling: String, Hashable, Sendable, Codable, CaseIterable {
    /// Their sum.
    case sum
    /// Their mean.
    case mean
    /// The greatest of each feature.
    case max
  }

  /// The vectors.
  public let embedding: Embedding
  public let path = LayerPath()
  private let pooling: Pooling
  private let padding: Int32?

  /// A table of `count` vectors of `width` numbers, drawn with the standard deviation `deviation`. Tokens that are `padding`
  /// are in no bag; a bag without any other gives zeros.
  public init(_ count: Int, _ width: Int, pooling: Pooling = .mean, padding: Int32? = nil, deviation: Float = 1) {
    embedding = Embedding(count, width, deviation: deviation)
    (self.pooling, self.padding) = (pooling, padding)
  }

  public var summary: String { "EmbeddingBag, \(pooling.rawValue)" }

  public func apply(_ x: Tensor) -> Tensor { pooled(x, weights: nil) }

  /// The sum of the vectors times weights of the tokens, [batch, length]; only with `.sum`.
  public func callAsFunction(_ x: Tensor, weights: Tensor) -> Tensor {
    traced(x) { (pooled(x, weights: weights), ()) }.0
  }

  private func pooled(_ x: Tensor, weights: Tensor?) -> Tensor {
    if let failed = [x, weights].compactMap({ $0 }).first(where: { $0.failure != nil }) { return failed }
    guard x.shape.rank == 2, x.shape[1] > 0 else {
      return .failed(TensorError("EmbeddingBag: tokens must be int32 [batch, length], not \(x.dtype) \(x.shape)"))
    }
    guard weights == nil || pooling == .sum && weights?.shape == x.shape else {
      return .failed(
        TensorError("EmbeddingBag: weights of tokens \(x.shape) must be of their shape, and vectors summed"))
    }
    var vectors = embedding(x)
    if vectors.failure != nil { return vectors }
    if let weights { vectors = vectors * weights.unsqueezed(axis: -1) }
    guard let padding else {
      return switch pooling {
      case .sum: vectors.sum(axes: [1])
      case .mean: vectors.mean(axes: [1])
      case .max: vectors.max(axes: [1])
      }
    }
    let isPadding = x.equal(to: .constant(Double(padding))).unsqueezed(axis: -1)
    let counts = (.!isPadding).cast(to: vectors.dtype).sum(axes: [1])
    let masked = Tensor.where(isPadding, pooling == .max ? .constant(-Double.infinity) : 0, vectors)
    return switch pooling {
    case .sum: masked.sum(axes: [1])
    case .mean: masked.sum(axes: [1]) / maximum(counts, 1)
    case .max: .where(counts.equal(to: 0), 0, masked.max(axes: [1]))
    }
  }
}
