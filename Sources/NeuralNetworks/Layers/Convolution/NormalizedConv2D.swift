import Tensors

/// A convolution without bias, then batch normalization: [batch, inputs, h, w] → [batch, outputs, h', w'].
public struct NormalizedConv2D: Layer {
  /// The convolution, without a bias: the normalization would remove it.
  public let convolution: Conv2D
  /// The normalization of the convolution's channels.
  public let normalization: BatchNorm

  /// A convolution of `inputs` to `outputs` channels with the weights of `Initializer.heNormal`, and a normalization of
  /// the latter. With `groups`, each group of channels only sees its own.
  public init(
    _ inputs: Int, _ outputs: Int, kernelSize: SpatialSize, stride: SpatialSize = 1, padding: Padding = .valid,
    groups: Int = 1
  ) {
    convolution = Conv2D(
      inputs, outputs, kernelSize: kernelSize, stride: stride, padding: padding, groups: groups, bias: false,
      initializer: .heNormal)
    normalization = BatchNorm(outputs)
  }

  /// [batch, inputs, h, w] → [batch, outputs, h', w'].
  public func callAsFunction(_ x: Tensor) -> Tensor { normalization(convolution(x)) }
}
