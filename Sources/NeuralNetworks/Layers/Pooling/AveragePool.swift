import Tensors

/// The mean of each window of a sequence, padding included as zeros: [batch, channels, length] → [batch, channels, length'].
public struct AveragePool1D: PoolingLayer {
  public let path = LayerPath()
  public let geometry: PoolingGeometry

  /// A window of `kernelSize` that moves by `stride`, or by its own size where that is `nil`. `roundsUp`: whether a last
  /// window that reaches over the end counts, PyTorch's `ceil_mode`. `countsPadding`: whether padding is part of the mean.
  public init(
    _ kernelSize: SpatialSize, stride: SpatialSize? = nil, padding: Padding = .valid, roundsUp: Bool = false,
    countsPadding: Bool = true
  ) {
    let window = WindowGeometry(axes: 1, kernelSize: kernelSize, stride: stride ?? kernelSize, padding: padding)
    geometry = PoolingGeometry(
      name: "AveragePool1D", kind: .average(countsPadding: countsPadding), window: window, roundsUp: roundsUp)
  }
}

/// The mean of each window of an image, padding included as zeros: [batch, channels, height, width] → [batch, channels, height', width'].
public struct AveragePool2D: PoolingLayer {
  public let path = LayerPath()
  public let geometry: PoolingGeometry

  /// A window of `kernelSize` that moves by `stride`, or by its own size where that is `nil`. `roundsUp`: whether a last
  /// window that reaches over the end counts, PyTorch's `ceil_mode`. `countsPadding`: whether padding is part of the mean.
  public init(
    _ kernelSize: SpatialSize, stride: SpatialSize? = nil, padding: Padding = .valid, roundsUp: Bool = false,
    countsPadding: Bool = true
  ) {
    let window = WindowGeometry(axes: 2, kernelSize: kernelSize, stride: stride ?? kernelSize, padding: padding)
    geometry = PoolingGeometry(
      name: "AveragePool2D", kind: .average(countsPadding: countsPadding), window: window, roundsUp: roundsUp)
  }
}

/// The mean of each window of a volume, padding included as zeros: [batch, channels, depth, height, width] → [batch, channels, depth', height', width'].
public struct AveragePool3D: PoolingLayer {
  public let path = LayerPath()
  public let geometry: PoolingGeometry

  /// A window of `kernelSize` that moves by `stride`, or by its own size where that is `nil`. `roundsUp`: whether a last
  /// window that reaches over the end counts, PyTorch's `ceil_mode`. `countsPadding`: whether padding is part of the mean.
  public init(
    _ kernelSize: SpatialSize, stride: SpatialSize? = nil, padding: Padding = .valid, roundsUp: Bool = false,
    countsPadding: Bool = true
  ) {
    let window = WindowGeometry(axes: 3, kernelSize: kernelSize, stride: stride ?? kernelSize, padding: padding)
    geometry = PoolingGeometry(
      name: "AveragePool3D", kind: .average(countsPadding: countsPadding), window: window, roundsUp: roundsUp)
  }
}
