import Tensors

/// A convolution without bias, then batch normalization: [batch, inputs, h, w] → [batch, outputs, h', w'].
public struct NormalizedConv2D: Layer {
  public let convolution: Conv2D
  public let normalization: BatchNorm

  public init(_ inputs: Int, _ outputs: Int, kernelSize: Pair, stride: Pair = 1, padding: Padding = .valid) {
    convolution = Conv2D(
      inputs, outputs, kernelSize: kernelSize, stride: stride, padding: padding, bias: false, initializer: .heNormal)
    normalization = BatchNorm(outputs)
  }

  public func callAsFunction(_ x: Tensor) -> Tensor { normalization(convolution(x)) }
}
