import Tensors

/// Two 3×3 convolutions with a residual connection: y = relu(f(x) + x).
///
/// Where the shape changes, the input passes through a 1×1 convolution with normalization (the paper's option B).
/// [batch, inputs, h, w] → [batch, outputs, h / stride, w / stride].
///
/// Source: He, Zhang, Ren & Sun, "Deep Residual Learning for Image Recognition", CVPR 2016, section 3.
public struct ResidualBlock: Layer {
  public let first: NormalizedConv2D
  public let second: NormalizedConv2D
  public let shortcut: NormalizedConv2D?

  public init(_ inputs: Int, _ outputs: Int, stride: Int = 1) {
    first = NormalizedConv2D(inputs, outputs, kernelSize: 3, stride: Pair(stride), padding: .explicit(1))
    second = NormalizedConv2D(outputs, outputs, kernelSize: 3, padding: .explicit(1))
    shortcut =
      stride == 1 && inputs == outputs
      ? nil : NormalizedConv2D(inputs, outputs, kernelSize: 1, stride: Pair(stride))
  }

  public func callAsFunction(_ x: Tensor) -> Tensor {
    let transformed = second(first(x).relu())
    return (transformed + (shortcut?(x) ?? x)).relu()
  }
}
