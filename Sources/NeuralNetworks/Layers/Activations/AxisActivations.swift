import Tensors

// Activations along an axis; a negative one counts from the end.

/// eˣ / Σ eˣ along an axis. For the cross-entropy leave it out: that takes logits.
///
/// Source: Bridle, "Probabilistic Interpretation of Feedforward Classification Network Outputs", 1990.
public struct Softmax: NamedLayer {
  public let path = LayerPath()
  private let axis: Int

  /// Shares along `axis`.
  public init(axis: Int = -1) { self.axis = axis }

  public var summary: String { "Softmax" }
  public func apply(_ x: Tensor) -> Tensor { x.softmax(axis: axis) }
}

/// softmax(−x) along an axis.
public struct Softmin: NamedLayer {
  public let path = LayerPath()
  private let axis: Int

  /// Shares along `axis`.
  public init(axis: Int = -1) { self.axis = axis }

  public var summary: String { "Softmin" }
  public func apply(_ x: Tensor) -> Tensor { x.softmin(axis: axis) }
}

/// log(softmax(x)) along an axis, without overflow.
public struct LogSoftmax: NamedLayer {
  public let path = LayerPath()
  private let axis: Int

  /// Logarithms of shares along `axis`.
  public init(axis: Int = -1) { self.axis = axis }

  public var summary: String { "LogSoftmax" }
  public func apply(_ x: Tensor) -> Tensor { x.logSoftmax(axis: axis) }
}

/// softmax over the channels of each pixel: [batch, channels, height, width] → the same shape.
public struct Softmax2D: NamedLayer {
  public let path = LayerPath()

  /// A layer for images of any size.
  public init() {}

  public var summary: String { "Softmax2D" }

  public func apply(_ x: Tensor) -> Tensor {
    guard x.failure == nil, x.shape.rank != 4 else { return x.softmax(axis: 1) }
    return .failed(TensorError("Softmax2D: the input must be [batch, channels, height, width], not \(x.shape)"))
  }
}

/// a · sigmoid(b) for the halves a and b of the input along an axis, whose size must be even.
///
/// Source: Dauphin, Fan, Auli & Grangier, "Language Modeling with Gated Convolutional Networks", ICML 2017.
public struct GLU: NamedLayer {
  public let path = LayerPath()
  private let axis: Int

  /// Halves along `axis`.
  public init(axis: Int = -1) { self.axis = axis }

  public var summary: String { "GLU" }
  public func apply(_ x: Tensor) -> Tensor { x.glu(axis: axis) }
}
