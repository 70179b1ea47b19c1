import Tensors

/// What the convolution layers have in common, along one to three spatial axes: [batch, inputs, …] → [batch, outputs, …].
public protocol ConvolutionLayer: NamedLayer {
  /// The kernels.
  var weight: Parameter { get }
  /// What is added to each output channel: [outputs]; `nil` for a layer without biases.
  var bias: Parameter? { get }
  /// What is applied to the sums.
  var activation: Activation { get }
  /// Channels, window and how it moves.
  var geometry: ConvolutionGeometry { get }
}

extension ConvolutionLayer {
  public var failure: TensorError? { geometry.failure }

  public var summary: String {
    "\(geometry.name) \(geometry.inputs) → \(geometry.outputs), kernel \(geometry.window.kernelSize)\(activation.suffix)"
  }

  public func apply(_ x: Tensor) -> Tensor {
    if let failure = failure ?? x.failure(of: geometry.name, axes: geometry.window.axes) { return .failed(failure) }
    let sums = geometry.sums(of: x, weight.tensor)
    let shape = Shape([1, geometry.outputs] + Array(repeating: 1, count: geometry.window.axes))
    return activation(bias.map { sums + $0.tensor.reshaped(to: shape) } ?? sums)
  }

  public var ownParameterCount: Int { weight.count + (bias?.count ?? 0) }

  /// A multiplication and an addition for each weight that an output, or an input of a transposed convolution, meets.
  public func operations(input: Shape, output: Shape) -> Int {
    let isTransposed = geometry.outputPadding != nil
    let channels = (isTransposed ? geometry.outputs : geometry.inputs) / max(geometry.groups, 1)
    let products = (isTransposed ? input : output).elementCount.times(channels.times(2).times(geometry.window.area))
    return products.plus(bias == nil ? 0 : output.elementCount)
  }
}

/// Channels and window of a convolution layer.
public struct ConvolutionGeometry: Sendable {
  let name: String
  let inputs: Int
  let outputs: Int
  let groups: Int
  let window: WindowGeometry
  let paddingMode: PaddingMode
  /// Of a transposed convolution.
  let outputPadding: SpatialSize?
  let failure: TensorError?

  init(
    _ name: String, _ inputs: Int, _ outputs: Int, _ window: WindowGeometry, groups: Int,
    paddingMode: PaddingMode = .zeros, outputPadding: SpatialSize? = nil
  ) {
    (self.name, self.inputs, self.outputs, self.groups) = (name, inputs, outputs, groups)
    (self.window, self.paddingMode, self.outputPadding) = (window, paddingMode, outputPadding)
    let channels = 1...(1 << 20)
    failure =
      if !channels.contains(inputs) || !channels.contains(outputs) {
        TensorError("\(name): input and output channels must be 1 to 2²⁰, not \(inputs) and \(outputs)")
      } else if let failure = window.failure(of: name) {
        failure
      } else if groups < 1 || inputs % groups != 0 || outputs % groups != 0 {
        TensorError("\(name): \(groups) groups do not divide \(inputs) inputs and \(outputs) outputs")
      } else if outputPadding?.isPossible(along: window.axes, least: 0) == false {
        TensorError("\(name): the output padding must be at least 0, not \(outputPadding ?? 0)")
      } else {
        nil
      }
  }

  /// Weights [outputs, inputs / groups, …], or of a transposed convolution [inputs, outputs / groups, …], and biases.
  func parameters(bias: Bool, _ initializer: Initializer) -> (weight: Parameter, bias: Parameter?) {
    let isPossible = failure == nil
    let kernel = window.kernelSize.along(window.axes) ?? []
    let (from, to) = outputPadding == nil ? (inputs, outputs) : (outputs, inputs)
    let weight = Parameter(
      initializer, shape: isPossible ? Shape([to, from / groups] + kernel) : [1],
      fanIn: isPossible ? inputs / groups * window.area : 1, fanOut: isPossible ? outputs / groups * window.area : 1,
      name: "weight")
    guard bias else { return (weight, nil) }
    return (weight, Parameter(.zeros, shape: [isPossible ? outputs : 1], fanIn: 1, fanOut: 1, name: "bias"))
  }

  /// The convolution of an input that has as many axes as the window.
  func sums(of x: Tensor, _ weights: Tensor) -> Tensor {
    guard let outputPadding else {
      let (begin, end) = window.amounts(for: Array(x.shape.dropFirst(2)))
      let isPadded = paddingMode != .zeros
      let padded = isPadded ? x.padded(spatially: begin, end, mode: paddingMode) : x
      return padded.convolved(
        with: weights, stride: window.stride, paddingBegin: isPadded ? 0 : begin, paddingEnd: isPadded ? 0 : end,
        dilation: window.dilation, groups: groups)
    }
    // With `.same` the transpose of the convolution of an image that is larger by the stride.
    let large = zip(x.shape.dropFirst(2), window.stride.along(window.axes) ?? []).map { min($0.times($1), 1 << 50) }
    let (begin, end) = window.amounts(for: large)
    return x.transposeConvolved(
      with: weights, stride: window.stride, paddingBegin: begin, paddingEnd: end, outputPadding: outputPadding,
      dilation: window.dilation, groups: groups)
  }
}
