import Tensors

// Dropout that draws once for several elements, or keeps other statistics.

/// In training, sets whole channels of an example to zero with probability `rate` and scales the others by 1 / (1 − rate):
/// [batch, channels, …] → the same shape; otherwise the identity. For neighbors that are alike, as in images. Draws from
/// `Random.current` at the call.
///
/// Source: Tompson et al., "Efficient Object Localization Using Convolutional Networks", CVPR 2015 (SpatialDropout).
public struct ChannelDropout: NamedLayer {
  public let path = LayerPath()
  public let failure: TensorError?
  private let rate: Float

  /// Dropout with probability `rate`, at least 0 and below 1.
  public init(_ rate: Float) {
    self.rate = rate
    failure = dropoutFailure("ChannelDropout", rate)
  }

  public var summary: String { "ChannelDropout \(rate)" }

  public func apply(_ x: Tensor) -> Tensor {
    guard x.failure == nil, x.shape.rank < 2 else { return x.dropped(rate) { x.sizes(ofFirst: 2) } }
    return .failed(TensorError("ChannelDropout: the input must be [batch, channels, …], not \(x.shape)"))
  }
}

/// In training, sets whole examples to zero with probability `rate` and scales the others by 1 / (1 − rate), so that a residual
/// branch is left out: x + StochasticDepth(0.1)(f(x)). Otherwise the identity. Draws from `Random.current` at the call.
///
/// Source: Huang, Sun, Liu, Sedra & Weinberger, "Deep Networks with Stochastic Depth", ECCV 2016.
public struct StochasticDepth: NamedLayer {
  public let path = LayerPath()
  public let failure: TensorError?
  private let rate: Float
  private let isPerExample: Bool

  /// Leaves examples out with probability `rate`, at least 0 and below 1: each by itself, or the whole batch.
  public init(_ rate: Float, isPerExample: Bool = true) {
    (self.rate, self.isPerExample) = (rate, isPerExample)
    failure = dropoutFailure("StochasticDepth", rate)
  }

  public var summary: String { "StochasticDepth \(rate)" }

  public func apply(_ x: Tensor) -> Tensor { x.dropped(rate) { x.sizes(ofFirst: isPerExample ? 1 : 0) } }
}

/// In training, sets each element with probability `rate` to the value that `selu` approaches, and scales and shifts all so that
/// mean 0 and variance 1 are preserved; otherwise the identity. Draws from `Random.current` at the call.
///
/// Source: Klambauer, Unterthiner, Mayr & Hochreiter, "Self-Normalizing Neural Networks", NIPS 2017.
public struct AlphaDropout: NamedLayer {
  public let path = LayerPath()
  public let failure: TensorError?
  private let rate: Float
  private let dropsChannels: Bool

  /// Dropout with probability `rate`, at least 0 and below 1; of whole channels of [batch, channels, …] where
  /// `dropsChannels`.
  public init(_ rate: Float, dropsChannels: Bool = false) {
    self.rate = rate
    self.dropsChannels = dropsChannels
    failure = dropoutFailure("AlphaDropout", rate)
  }

  public var summary: String { "AlphaDropout \(rate)" }

  public func apply(_ x: Tensor) -> Tensor {
    guard Mode.isTraining, rate > 0, x.failure == nil else { return x }
    let (rate, limit) = (Double(rate), -1.758_099_340_847_376_6)  // −scale · alpha of SELU
    let scale = 1 / ((1 - rate) * (1 + rate * limit * limit)).squareRoot()
    let drawn = dropsChannels ? x.sizes(ofFirst: 2) : x.shape
    let kept = Tensor.constant(rate).lessOrEqual(to: .randomUniform(drawn))
    return .where(kept, x, .constant(limit)) * .constant(scale) - .constant(scale * limit * rate)
  }
}
