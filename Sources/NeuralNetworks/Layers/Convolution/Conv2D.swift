import Tensors

/// A weighted sum of each window of an image: [batch, inputs, height, width] → [batch, outputs, height', width'].
///
/// Weights are [outputs, inputs / groups, kernel height, kernel width], biases [outputs]. The kernel is not flipped, as in every library of this
/// field.
///
/// Source: LeCun et al., "Backpropagation Applied to Handwritten Zip Code Recognition", Neural Computation 1 (1989).
public struct Conv2D: ConvolutionLayer {
  public let weight: Parameter
  public let bias: Parameter?
  public let activation: Activation
  public let geometry: ConvolutionGeometry
  public let path = LayerPath()

  /// A convolution of images with `inputs` channels to images with `outputs` channels.
  ///
  /// - Parameters:
  ///   - kernelSize: `5` for all axes, `[3, 5]` for height and width.
  ///   - stride: the distance between neighboring windows.
  ///   - padding: what is added around an input; by default nothing, so that it shrinks by the kernel's size less 1.
  ///   - paddingMode: what the padding consists of; by default zeros.
  ///   - dilation: the distance between neighbors within a window.
  ///   - groups: of channels, each of which only sees its own; they divide both numbers of channels. As many as inputs make a
  ///     depthwise convolution.
  ///   - initializer: of the weights; by default He's for ReLU and its kin, else Glorot's. Biases start at zero.
  public init(
    _ inputs: Int, _ outputs: Int, kernelSize: SpatialSize, stride: SpatialSize = 1, padding: Padding = .valid,
    paddingMode: PaddingMode = .zeros, dilation: SpatialSize = 1, groups: Int = 1, bias: Bool = true,
    activation: Activation = .none, initializer: Initializer? = nil
  ) {
    let window = WindowGeometry(axes: 2, kernelSize: kernelSize, stride: stride, padding: padding, dilation: dilation)
    geometry = ConvolutionGeometry("Conv2D", inputs, outputs, window, groups: groups, paddingMode: paddingMode)
    self.activation = activation
    (weight, self.bias) = geometry.parameters(bias: bias, initializer ?? activation.defaultInitializer)
  }
}
