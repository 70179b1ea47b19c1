import Tensors

/// A weighted sum of each window of an image: [batch, inputs, height, width] → [batch, outputs, height', width'].
///
/// Weights are [outputs, inputs / groups, kernel height, kernel width], biases [outputs]. The kernel is not flipped, as
/// in every library of this field.
///
/// Source: LeCun et al., "Backpropagation Applied to Handwritten Zip Code Recognition", Neural Computation 1 (1989).
public struct Conv2D: NamedLayer {
  /// The kernels: [outputs, inputs / groups, kernel height, kernel width].
  public let weight: Parameter
  /// What is added to each output channel: [outputs]; `nil` for a layer without biases.
  public let bias: Parameter?
  /// What is applied to the sums.
  public let activation: Activation
  public let path = LayerPath()
  public let failure: TensorError?
  private let inputs: Int
  private let outputs: Int
  private let kernelSize: Pair
  private let stride: Pair
  private let padding: Padding
  private let dilation: Pair
  private let groups: Int

  /// A convolution of images with `inputs` channels to images with `outputs` channels.
  ///
  /// - Parameters:
  ///   - kernelSize: `5` for both sides, `[3, 5]` for height and width.
  ///   - stride: the distance in pixels between neighboring windows.
  ///   - padding: what is added around an image; by default nothing, so that it shrinks by the kernel's size less 1.
  ///   - dilation: the distance in pixels between neighbors within a window.
  ///   - groups: of channels, each of which only sees its own; they divide both numbers of channels.
  ///   - initializer: of the weights; by default He's for ReLU and its kin, else Glorot's. Biases start at zero.
  public init(
    _ inputs: Int, _ outputs: Int, kernelSize: Pair, stride: Pair = 1, padding: Padding = .valid, dilation: Pair = 1,
    groups: Int = 1, bias: Bool = true, activation: Activation = .none, initializer: Initializer? = nil
  ) {
    self.inputs = inputs
    self.outputs = outputs
    self.kernelSize = kernelSize
    self.stride = stride
    self.padding = padding
    self.dilation = dilation
    self.groups = groups
    self.activation = activation
    failure = Self.check(inputs, outputs, kernelSize, stride, padding, dilation, groups)
    let isPossible = failure == nil
    let taps = isPossible ? kernelSize.height * kernelSize.width : 1
    let groupInputs = isPossible ? inputs / groups : 1
    weight = Parameter(
      initializer ?? activation.defaultInitializer,
      shape: isPossible ? [outputs, groupInputs, kernelSize.height, kernelSize.width] : [1],
      fanIn: groupInputs * taps, fanOut: isPossible ? outputs / groups * taps : 1, name: "weight")
    self.bias = bias ? Parameter(.zeros, shape: [isPossible ? outputs : 1], fanIn: 1, fanOut: 1, name: "bias") : nil
  }

  private static func check(
    _ inputs: Int, _ outputs: Int, _ kernelSize: Pair, _ stride: Pair, _ padding: Padding, _ dilation: Pair,
    _ groups: Int
  ) -> TensorError? {
    let channels = 1...(1 << 20)
    guard channels.contains(inputs), channels.contains(outputs) else {
      return TensorError("Conv2D: input and output channels must be 1 to 2²⁰, not \(inputs) and \(outputs)")
    }
    guard kernelSize.isBetween(1), stride.isBetween(1), dilation.isBetween(1), padding.isPossible else {
      return TensorError(
        "Conv2D: kernelSize \(kernelSize), stride \(stride) and dilation \(dilation) must be at least 1, padding at least 0"
      )
    }
    guard groups > 0, inputs % groups == 0, outputs % groups == 0 else {
      return TensorError("Conv2D: \(groups) groups do not divide \(inputs) inputs and \(outputs) outputs")
    }
    return nil
  }

  public var summary: String { "Conv2D \(inputs) → \(outputs), kernel \(kernelSize)\(activation.suffix)" }

  public func apply(_ x: Tensor) -> Tensor {
    let (begin, end) = padding.amounts(for: x.shape, kernel: kernelSize, stride: stride, dilation: dilation)
    let result = x.convolved(
      with: weight.tensor, stride: stride, paddingBegin: begin, paddingEnd: end, dilation: dilation, groups: groups)
    return activation(bias.map { result + $0.tensor.reshaped(to: [1, outputs, 1, 1]) } ?? result)
  }

  public var ownParameterCount: Int { weight.count + (bias?.count ?? 0) }

  public func operations(input: Shape, output: Shape) -> Int {
    let perOutput = (inputs / max(groups, 1)).times(2).times(kernelSize.height).times(kernelSize.width)
    return output.elementCount.times(perOutput.plus(bias == nil ? 0 : 1))
  }
}
