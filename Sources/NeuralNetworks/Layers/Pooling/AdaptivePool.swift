import Tensors

/// The mean of windows that share out each spatial axis evenly: [batch, channels, …] → the same axes with these sizes. See
/// `Tensor.adaptiveAveragePooled`.
public struct AdaptiveAveragePool: NamedLayer {
  public let path = LayerPath()
  private let size: SpatialSize

  /// A layer for sequences, images or volumes of any size, whose output has spatial axes of these sizes.
  public init(to size: SpatialSize) { self.size = size }

  public var summary: String { "AdaptiveAveragePool to \(size)" }
  public func apply(_ x: Tensor) -> Tensor { x.adaptiveAveragePooled(to: size) }
  public func operations(input: Shape, output: Shape) -> Int { input.elementCount }
}

/// The greatest of windows that share out each spatial axis evenly: [batch, channels, …] → the same axes with these sizes. See
/// `Tensor.adaptiveMaxPooled`.
public struct AdaptiveMaxPool: NamedLayer {
  public let path = LayerPath()
  private let size: SpatialSize

  /// A layer for sequences, images or volumes of any size, whose output has spatial axes of these sizes.
  public init(to size: SpatialSize) { self.size = size }

  public var summary: String { "AdaptiveMaxPool to \(size)" }
  public func apply(_ x: Tensor) -> Tensor { x.adaptiveMaxPooled(to: size) }
  public func operations(input: Shape, output: Shape) -> Int { input.elementCount }
}

/// The greatest of windows at random places: [batch, channels, …] → the same axes with these sizes, which need not divide those
/// of the input. See `Tensor.fractionalMaxPooled`.
public struct FractionalMaxPool: NamedLayer {
  public let path = LayerPath()
  private let kernelSize: SpatialSize
  private let size: SpatialSize

  /// Windows of `kernelSize`, `size` of them along each spatial axis; at other places in each call, in inference too.
  public init(_ kernelSize: SpatialSize, to size: SpatialSize) { (self.kernelSize, self.size) = (kernelSize, size) }

  public var summary: String { "FractionalMaxPool \(kernelSize) to \(size)" }
  public func apply(_ x: Tensor) -> Tensor { x.fractionalMaxPooled(kernel: kernelSize, to: size).values }
  public func operations(input: Shape, output: Shape) -> Int {
    (kernelSize.along(max(input.rank - 2, 1)) ?? []).reduce(output.elementCount) { $0.times($1) }
  }
}
