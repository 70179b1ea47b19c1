import Tensors

/// A weighted sum of each window of a sequence: [batch, inputs, length] → [batch, outputs, length'].
///
/// Weights are [outputs, inputs / groups, kernel], biases [outputs]. The kernel is not flipped, as in every library of this
/// field.
///
/// Source: Waibel, Hanazawa, Hinton, Shikano & Lang, "Phoneme Recognition Using Time-Delay Neural Networks", IEEE Transactions
/// on Acoustics, Speech, and Signal Processing 37 (1989).
public struct Conv1D: ConvolutionLayer {
  public let weight: Parameter
  public let bias: Parameter?
  public let activation: Activation
  public let geometry: ConvolutionGeometry
  public let path = LayerPath()

  /// A convolution of sequences with `inputs` channels to sequences with `outputs` channels.
  ///
  /// - Parameters:
  ///   - kernelSize: `5` for all axes.
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
    let window = WindowGeometry(axes: 1, kernelSize: kernelSize, stride: stride, padding: padding, dilation: dilation)
    geometry = ConvolutionGeometry("Conv1D", inputs, outputs, window, groups: groups, paddingMode: paddingMode)
    self.activation = activation
    (weight, self.bias) = geometry.parameters(bias: bias, initializer ?? activation.defaultInitializer)
  }
}
