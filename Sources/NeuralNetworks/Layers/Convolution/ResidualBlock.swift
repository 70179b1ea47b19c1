import Tensors

/// Two 3×3 convolutions with a residual connection: y = relu(f(x) + x).
///
/// Where the shape changes, the input passes through a 1×1 convolution with normalization (the paper's option B).
/// [batch, inputs, h, w] → [batch, outputs, h / stride, w / stride].
///
/// Source: He, Zhang, Ren & Sun, "Deep Residual Learning for Image Recognition", CVPR 2016, section 3.
public struct ResidualBlock: Layer {
  /// The first convolution, which has the block's stride.
  public let first: NormalizedConv2D
  /// The second convolution, of stride 1.
  public let second: NormalizedConv2D
  /// The 1×1 convolution of the residual connection; `nil` where the shape stays the same.
  public let shortcut: NormalizedConv2D?

  /// A block of `inputs` to `outputs` channels, whose images get smaller by `stride` on both sides.
  public init(_ inputs: Int, _ outputs: Int, stride: Int = 1) {
    first = NormalizedConv2D(inputs, outputs, kernelSize: 3, stride: SpatialSize(stride), padding: .explicit(1))
    second = NormalizedConv2D(outputs, outputs, kernelSize: 3, padding: .explicit(1))
    shortcut =
      stride == 1 && inputs == outputs
      ? nil : NormalizedConv2D(inputs, outputs, kernelSize: 1, stride: SpatialSize(stride))
  }

  /// [batch, inputs, h, w] → [batch, outputs, h / stride, w / stride].
  public func callAsFunction(_ x: Tensor) -> Tensor {
    let transformed = second(first(x).relu())
    return (transformed + (shortcut?(x) ?? x)).relu()
  }
}
