import Tensors

/// The mean of each channel's image: [batch, channels, height, width] → [batch, channels].
///
/// Source: Lin, Chen & Yan, "Network In Network", ICLR 2014, section 3.2.
public struct GlobalAveragePool2D: NamedLayer {
  public let path = LayerPath()

  /// A pooling layer for images of any size.
  public init() {}

  public var summary: String { "GlobalAveragePool2D" }

  public func apply(_ x: Tensor) -> Tensor {
    guard x.failure == nil, x.shape.rank != 4 else { return x.mean(axes: [2, 3]) }
    return .failed(
      TensorError("GlobalAveragePool2D: the input must be [batch, channels, height, width], not \(x.shape)"))
  }

  public func operations(input: Shape, output: Shape) -> Int { input.elementCount }
}

/// The mean of each channel along all spatial axes: [batch, channels, …] → [batch, channels].
public struct GlobalAveragePool: NamedLayer {
  public let path = LayerPath()

  /// A pooling layer for sequences, images and volumes of any size.
  public init() {}

  public var summary: String { "GlobalAveragePool" }
  public func apply(_ x: Tensor) -> Tensor { x.failure == nil ? x.mean(axes: Array(2..<max(x.shape.rank, 2))) : x }
  public func operations(input: Shape, output: Shape) -> Int { input.elementCount }
}

/// The greatest value of each channel along all spatial axes: [batch, channels, …] → [batch, channels].
public struct GlobalMaxPool: NamedLayer {
  public let path = LayerPath()

  /// A pooling layer for sequences, images and volumes of any size.
  public init() {}

  public var summary: String { "GlobalMaxPool" }
  public func apply(_ x: Tensor) -> Tensor { x.failure == nil ? x.max(axes: Array(2..<max(x.shape.rank, 2))) : x }
  public func operations(input: Shape, output: Shape) -> Int { input.elementCount }
}
