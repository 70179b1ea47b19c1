import Tensors

/// In training, sets each element to zero with probability `rate` and scales the others by 1 / (1 − rate), so that the
/// mean is preserved; otherwise the identity. Draws from `Random.current` at the call.
///
/// Source: Srivastava et al., "Dropout: A Simple Way to Prevent Neural Networks from Overfitting", JMLR 15 (2014), with
/// the scaling moved to training.
public struct Dropout: NamedLayer {
  public let path = LayerPath()
  public let failure: TensorError?
  private let rate: Float

  /// Dropout with probability `rate`, at least 0 and below 1.
  public init(_ rate: Float) {
    self.rate = rate
    failure = dropoutFailure("Dropout", rate)
  }

  public var summary: String { "Dropout \(rate)" }

  public func apply(_ x: Tensor) -> Tensor { x.dropped(rate) { x.shape } }
}

/// The error of a layer with a rate that is none.
func dropoutFailure(_ name: String, _ rate: Float) -> TensorError? {
  rate >= 0 && rate < 1 ? nil : TensorError("\(name): the rate must be at least 0 and below 1, not \(rate)")
}

extension Tensor {
  /// In training, zeros with probability `rate`, drawn for this shape, which broadcasts; what stays is scaled.
  func dropped(_ rate: Float, drawing shape: () -> Shape) -> Tensor {
    guard Mode.isTraining, rate > 0, failure == nil else { return self }
    let kept = Tensor.full([], rate).lessOrEqual(to: .randomUniform(shape()))
    return Tensor.where(kept, self * .constant(1 / (1 - rate)), .zeros([]))  // a product would make NaN of infinities
  }

  /// The sizes of the first axes, and 1 along the others.
  func sizes(ofFirst count: Int) -> Shape { Shape(shape.indices.map { $0 < count ? shape[$0] : 1 }) }
}
