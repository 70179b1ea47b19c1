import Tensors

// Transposed convolutions: the way back from fewer windows to a larger sequence, image or volume.

/// Each element of a sequence adds a kernel times itself to a larger one: [batch, inputs, length] → [batch, outputs, length'].
///
/// The transpose of `Conv1D` from `outputs` to `inputs` channels, as its gradient is. Weights are [inputs, outputs / groups,
/// kernel], biases [outputs]. See `Tensor.transposeConvolved` for the size of the output.
public struct ConvTranspose1D: ConvolutionLayer {
  public let weight: Parameter
  public let bias: Parameter?
  public let activation: Activation
  public let geometry: ConvolutionGeometry
  public let path = LayerPath()

  /// A transposed convolution of sequences with `inputs` channels to sequences with `outputs` channels.
  ///
  /// - Parameters:
  ///   - kernelSize: `5` for all axes.
  ///   - stride: how much larger the output is.
  ///   - padding: what is cut off the margin of the output; with `.same` as much as makes the output `stride` times as large,
  ///     unless the stride is greater than the kernel.
  ///   - outputPadding: how much longer the output is at its end, as several sizes give the same number of windows.
  ///   - dilation: the distance between neighbors within a window.
  ///   - groups: of channels, each of which only sees its own; they divide both numbers of channels.
  ///   - initializer: of the weights; by default He's for ReLU and its kin, else Glorot's. Biases start at zero.
  public init(
    _ inputs: Int, _ outputs: Int, kernelSize: SpatialSize, stride: SpatialSize = 1, padding: Padding = .valid,
    outputPadding: SpatialSize = 0, dilation: SpatialSize = 1, groups: Int = 1, bias: Bool = true,
    activation: Activation = .none, initializer: Initializer? = nil
  ) {
    let window = WindowGeometry(axes: 1, kernelSize: kernelSize, stride: stride, padding: padding, dilation: dilation)
    geometry = ConvolutionGeometry(
      "ConvTranspose1D", inputs, outputs, window, groups: groups, outputPadding: outputPadding)
    self.activation = activation
    (weight, self.bias) = geometry.parameters(bias: bias, initializer ?? activation.defaultInitializer)
  }
}

/// Each element of an image adds a kernel times itself to a larger one: [batch, inputs, height, width] → [batch, outputs, height', width'].
///
/// The transpose of `Conv2D` from `outputs` to `inputs` channels, as its gradient is. Weights are [inputs, outputs / groups,
/// kernel height, kernel width], biases [outputs]. See `Tensor.transposeConvolved` for the size of the output.
public struct ConvTranspose2D: ConvolutionLayer {
  public let weight: Parameter
  public let bias: Parameter?
  public let activation: Activation
  public let geometry: ConvolutionGeometry
  public let path = LayerPath()

  /// A transposed convolution of images with `inputs` channels to images with `outputs` channels.
  ///
  /// - Parameters:
  ///   - kernelSize: `5` for all axes, `[3, 5]` for height and width.
  ///   - stride: how much larger the output is.
  ///   - padding: what is cut off the margin of the output; with `.same` as much as makes the output `stride` times as large,
  ///     unless the stride is greater than the kernel.
  ///   - outputPadding: how much longer the output is at its end, as several sizes give the same number of windows.
  ///   - dilation: the distance between neighbors within a window.
  ///   - groups: of channels, each of which only sees its own; they divide both numbers of channels.
  ///   - initializer: of the weights; by default He's for ReLU and its kin, else Glorot's. Biases start at zero.
  public init(
    _ inputs: Int, _ outputs: Int, kernelSize: SpatialSize, stride: SpatialSize = 1, padding: Padding = .valid,
    outputPadding: SpatialSize = 0, dilation: SpatialSize = 1, groups: Int = 1, bias: Bool = true,
    activation: Activation = .none, initializer: Initializer? = nil
  ) {
    let window = WindowGeometry(axes: 2, kernelSize: kernelSize, stride: stride, padding: padding, dilation: dilation)
    geometry = ConvolutionGeometry(
      "ConvTranspose2D", inputs, outputs, window, groups: groups, outputPadding: outputPadding)
    self.activation = activation
    (weight, self.bias) = geometry.parameters(bias: bias, initializer ?? activation.defaultInitializer)
  }
}

/// Each element of a volume adds a kernel times itself to a larger one: [batch, inputs, depth, height, width] → [batch, outputs, depth', height', width'].
///
/// The transpose of `Conv3D` from `outputs` to `inputs` channels, as its gradient is. Weights are [inputs, outputs / groups,
/// kernel depth, kernel height, kernel width], biases [outputs]. See `Tensor.transposeConvolved` for the size of the output.
public struct ConvTranspose3D: ConvolutionLayer {
  public let weight: Parameter
  public let bias: Parameter?
  public let activation: Activation
  public let geometry: ConvolutionGeometry
  public let path = LayerPath()

  /// A transposed convolution of volumes with `inputs` channels to volumes with `outputs` channels.
  ///
  /// - Parameters:
  ///   - kernelSize: `5` for all axes, `[1, 3, 3]` for depth, height and width.
  ///   - stride: how much larger the output is.
  ///   - padding: what is cut off the margin of the output; with `.same` as much as makes the output `stride` times as large,
  ///     unless the stride is greater than the kernel.
  ///   - outputPadding: how much longer the output is at its end, as several sizes give the same number of windows.
  ///   - dilation: the distance between neighbors within a window.
  ///   - groups: of channels, each of which only sees its own; they divide both numbers of channels.
  ///   - initializer: of the weights; by default He's for ReLU and its kin, else Glorot's. Biases start at zero.
  public init(
    _ inputs: Int, _ outputs: Int, kernelSize: SpatialSize, stride: SpatialSize = 1, padding: Padding = .valid,
    outputPadding: SpatialSize = 0, dilation: SpatialSize = 1, groups: Int = 1, bias: Bool = true,
    activation: Activation = .none, initializer: Initializer? = nil
  ) {
    let window = WindowGeometry(axes: 3, kernelSize: kernelSize, stride: stride, padding: padding, dilation: dilation)
    geometry = ConvolutionGeometry(
      "ConvTranspose3D", inputs, outputs, window, groups: groups, outputPadding: outputPadding)
    self.activation = activation
    (weight, self.bias) = geometry.parameters(bias: bias, initializer ?? activation.defaultInitializer)
  }
}
