import Tensors

/// The greatest value of each window of a sequence: [batch, channels, length] → [batch, channels, length'].
public struct MaxPool1D: PoolingLayer {
  public let path = LayerPath()
  public let geometry: PoolingGeometry

  /// A window of `kernelSize` that moves by `stride`, or by its own size where that is `nil`. `roundsUp`: whether a last
  /// window that reaches over the end counts, PyTorch's `ceil_mode`.
  public init(
    _ kernelSize: SpatialSize, stride: SpatialSize? = nil, padding: Padding = .valid, dilation: SpatialSize = 1,
    roundsUp: Bool = false
  ) {
    let window = WindowGeometry(
      axes: 1, kernelSize: kernelSize, stride: stride ?? kernelSize, padding: padding, dilation: dilation)
    geometry = PoolingGeometry(name: "MaxPool1D", kind: .maximum, window: window, roundsUp: roundsUp)
  }
}

/// The greatest value of each window of an image: [batch, channels, height, width] → [batch, channels, height', width'].
public struct MaxPool2D: PoolingLayer {
  public let path = LayerPath()
  public let geometry: PoolingGeometry

  /// A window of `kernelSize` that moves by `stride`, or by its own size where that is `nil`. `roundsUp`: whether a last
  /// window that reaches over the end counts, PyTorch's `ceil_mode`.
  public init(
    _ kernelSize: SpatialSize, stride: SpatialSize? = nil, padding: Padding = .valid, dilation: SpatialSize = 1,
    roundsUp: Bool = false
  ) {
    let window = WindowGeometry(
      axes: 2, kernelSize: kernelSize, stride: stride ?? kernelSize, padding: padding, dilation: dilation)
    geometry = PoolingGeometry(name: "MaxPool2D", kind: .maximum, window: window, roundsUp: roundsUp)
  }
}

/// The greatest value of each window of a volume: [batch, channels, depth, height, width] → [batch, channels, depth', height', width'].
public struct MaxPool3D: PoolingLayer {
  public let path = LayerPath()
  public let geometry: PoolingGeometry

  /// A window of `kernelSize` that moves by `stride`, or by its own size where that is `nil`. `roundsUp`: whether a last
  /// window that reaches over the end counts, PyTorch's `ceil_mode`.
  public init(
    _ kernelSize: SpatialSize, stride: SpatialSize? = nil, padding: Padding = .valid, dilation: SpatialSize = 1,
    roundsUp: Bool = false
  ) {
    let window = WindowGeometry(
      axes: 3, kernelSize: kernelSize, stride: stride ?? kernelSize, padding: padding, dilation: dilation)
    geometry = PoolingGeometry(name: "MaxPool3D", kind: .maximum, window: window, roundsUp: roundsUp)
  }
}
