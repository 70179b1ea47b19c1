import Tensors

/// The windows of images as columns, im2col: [batch, channels, height, width] → [batch, channels · kernel height · kernel width,
/// windows]. See `Tensor.unfolded`.
public struct Unfold: NamedLayer {
  public let path = LayerPath()
  public let failure: TensorError?
  private let window: WindowGeometry

  /// Windows of `kernelSize`, as those of a convolution with these arguments.
  public init(
    _ kernelSize: SpatialSize, stride: SpatialSize = 1, padding: Padding = .valid, dilation: SpatialSize = 1
  ) {
    window = WindowGeometry(axes: 2, kernelSize: kernelSize, stride: stride, padding: padding, dilation: dilation)
    failure = window.failure(of: "Unfold")
  }

  public var summary: String { "Unfold \(window.kernelSize)" }

  public func apply(_ x: Tensor) -> Tensor {
    if let failure = failure ?? x.failure(of: "Unfold", axes: 2) { return .failed(failure) }
    let (begin, end) = window.amounts(for: Array(x.shape.dropFirst(2)))
    return x.unfolded(
      kernel: window.kernelSize, stride: window.stride, paddingBegin: begin, paddingEnd: end, dilation: window.dilation)
  }
}

/// Columns added up into images, col2im: [batch, channels · kernel height · kernel width, windows] → [batch, channels, height,
/// width]. See `Tensor.folded`.
public struct Fold: NamedLayer {
  public let path = LayerPath()
  public let failure: TensorError?
  private let window: WindowGeometry
  private let size: SpatialSize

  /// Images of these sizes from windows of `kernelSize`, as those of `Unfold` with these arguments.
  public init(
    to size: SpatialSize, _ kernelSize: SpatialSize, stride: SpatialSize = 1, padding: Padding = .valid,
    dilation: SpatialSize = 1
  ) {
    window = WindowGeometry(axes: 2, kernelSize: kernelSize, stride: stride, padding: padding, dilation: dilation)
    self.size = size
    failure =
      size.isPossible(along: 2, least: 1)
      ? window.failure(of: "Fold") : TensorError("Fold: the size must be 1 to 2²⁰ along both axes, not \(size)")
  }

  public var summary: String { "Fold \(window.kernelSize) to \(size)" }

  public func apply(_ x: Tensor) -> Tensor {
    if let failure = failure ?? x.failure { return .failed(failure) }
    let (begin, end) = window.amounts(for: size.along(2) ?? [])
    return x.folded(
      to: size, kernel: window.kernelSize, stride: window.stride, paddingBegin: begin, paddingEnd: end,
      dilation: window.dilation)
  }
}
