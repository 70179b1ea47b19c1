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
    failure =
      rate >= 0 && rate < 1 ? nil : TensorError("Dropout: the rate must be at least 0 and below 1, not \(rate)")
  }

  public var summary: String { "Dropout \(rate)" }

  public func apply(_ x: Tensor) -> Tensor {
    guard Mode.isTraining, rate > 0, x.failure == nil else { return x }
    let kept = Tensor.full([], rate).lessOrEqual(to: .randomUniform(x.shape))
    return Tensor.where(kept, x * .constant(1 / (1 - rate)), .zeros([]))  // a product would make NaN of infinities
  }
}
