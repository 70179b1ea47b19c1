import Tensors

/// Few channels to many, a convolution of each channel, and few again: [batch, inputs, h, w] → [batch, outputs,
/// h / stride, w / stride].
///
/// A 1×1 convolution to `expansion` times the channels, a depthwise 3×3 convolution and a 1×1 convolution without an
/// activation, each normalized; added to the input where the shape stays the same.
///
/// Source: Sandler et al., "MobileNetV2: Inverted Residuals and Linear Bottlenecks", CVPR 2018, table 1.
public struct InvertedResidualBlock: Layer {
  /// The 1×1 convolution to more channels; `nil` for an expansion of 1.
  public let expand: NormalizedConv2D?
  /// The 3×3 convolution of each channel, which has the block's stride.
  public let depthwise: NormalizedConv2D
  /// The 1×1 convolution to the block's channels.
  public let project: NormalizedConv2D
  private let isResidual: Bool

  /// A block of `inputs` to `outputs` channels, whose images get smaller by `stride` on both sides.
  public init(_ inputs: Int, _ outputs: Int, expansion: Int = 6, stride: Int = 1) {
    let (product, overflow) = inputs.multipliedReportingOverflow(by: expansion)
    // The layer refuses what is not possible.
    let width = overflow ? 0 : product
    expand = expansion == 1 ? nil : NormalizedConv2D(inputs, width, kernelSize: 1)
    depthwise = NormalizedConv2D(
      width, width, kernelSize: 3, stride: SpatialSize(stride), padding: .explicit(1), groups: max(width, 1))
    project = NormalizedConv2D(width, outputs, kernelSize: 1)
    isResidual = stride == 1 && inputs == outputs
  }

  /// [batch, inputs, h, w] → [batch, outputs, h / stride, w / stride].
  public func callAsFunction(_ x: Tensor) -> Tensor {
    let expanded = expand.map { $0(x).clamped(min: 0, max: 6) } ?? x
    let result = project(depthwise(expanded).clamped(min: 0, max: 6))
    return isResidual ? result + x : result
  }
}
