import Tensors

/// A learned vector for each token: int32 [batch, …] → [batch, …, width].
///
/// `weight` is [count, width], normal with standard deviation `deviation`. An id outside 0..<count gives NaN, so that a
/// wrong vocabulary shows in the loss. Cost: one row copied a token; backward, one row added. An update costs a pass over the
/// whole table and the optimizer's state unless only used rows are updated.
///
/// Source: Bengio, Ducharme, Vincent & Jauvin, "A Neural Probabilistic Language Model", JMLR 3 (2003).
public struct Embedding: NamedLayer {
  /// The vectors: [count, width].
  public let weight: Parameter
  public let path = LayerPath()
  public let failure: TensorError?
  private let count: Int
  private let width: Int

  /// A table of `count` vectors of `width` numbers each, drawn with the standard deviation `deviation`.
  /// `updatesOnlyUsedRows`: whether a step changes only the vectors that it looked up; see
  /// ``Parameter/updatesOnlyUsedRows``.
  public init(_ count: Int, _ width: Int, deviation: Float = 1, updatesOnlyUsedRows: Bool = false) {
    self.count = count
    self.width = width
    weight = Parameter(
      .normal(deviation: deviation), shape: [count, width], fanIn: count, fanOut: width, name: "weight")
    weight.updatesOnlyUsedRows = updatesOnlyUsedRows
    failure =
      count > 0 && width > 0
      ? nil : TensorError("Embedding: count and width must be at least 1, not \(count) and \(width)")
  }

  public var summary: String { "Embedding \(count) → \(width)" }

  public func apply(_ x: Tensor) -> Tensor { weight.tensor.rows(x) }

  /// The logits of all tokens by the same vectors, for tied input and output weights: [..., width] → [..., count].
  ///
  /// Source: Press & Wolf, "Using the Output Embedding to Improve Language Models", EACL 2017.
  public func logits(_ x: Tensor) -> Tensor { x.matmul(weight.tensor.transposed).located(in: path.named(summary)) }

  public var ownParameterCount: Int { weight.count }
}
