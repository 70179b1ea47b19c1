import Tensors

/// Every output is a weighted sum of all inputs: [batch, …, inputs] → [batch, …, outputs].
///
/// y = activation(x · weight + bias), with weight [inputs, outputs] and bias [outputs]. Weights start as
/// `initializer` says; by default He's for ReLU and its kin, else Glorot's. Biases start at zero.
public struct Dense: NamedLayer {
  /// The weight of each input in each output: [inputs, outputs].
  public let weight: Parameter
  /// What is added to each output: [outputs]; `nil` for a layer without biases.
  public let bias: Parameter?
  /// What is applied to the sums.
  public let activation: Activation
  public let path = LayerPath()
  public let failure: TensorError?
  let inputs: Int
  let outputs: Int

  /// A layer of `inputs` · `outputs` weights, and as many biases as outputs where `bias`.
  ///
  /// `initializer` draws the weights; by default it is He's for ReLU and its kin, else Glorot's.
  public init(
    _ inputs: Int, _ outputs: Int, activation: Activation = .none, bias: Bool = true, initializer: Initializer? = nil
  ) {
    self.inputs = inputs
    self.outputs = outputs
    self.activation = activation
    weight = Parameter(
      initializer ?? activation.defaultInitializer, shape: [inputs, outputs], fanIn: inputs, fanOut: outputs,
      name: "weight")
    self.bias = bias ? Parameter(.zeros, shape: [outputs], fanIn: inputs, fanOut: outputs, name: "bias") : nil
    failure =
      inputs > 0 && outputs > 0
      ? nil : TensorError("Dense: inputs and outputs must be at least 1, not \(inputs) and \(outputs)")
  }

  public var summary: String { "Dense \(inputs) → \(outputs)\(activation.suffix)" }

  public func apply(_ x: Tensor) -> Tensor {
    let product = x.matmul(weight.tensor)
    return activation(bias.map { product + $0.tensor } ?? product)
  }

  public var ownParameterCount: Int { weight.count + (bias?.count ?? 0) }

  public func operations(input: Shape, output: Shape) -> Int {
    output.elementCount.times(inputs.times(2).plus(bias == nil ? 0 : 1))
  }
}
