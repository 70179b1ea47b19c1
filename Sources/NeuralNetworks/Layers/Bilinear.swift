import Tensors

/// A weighted sum of all products of two inputs' features: [batch, …, first] and [batch, …, second] → [batch, …, outputs].
///
/// y[o] = a · weight[o] · b + bias[o]. Weights and biases start uniform in ±1/√first, as in PyTorch. As a `Layer` of one input it
/// takes that twice.
public struct Bilinear: NamedLayer {
  /// The weight of each product in each output: [outputs, first, second].
  public let weight: Parameter
  /// What is added to each output: [outputs]; `nil` for a layer without biases.
  public let bias: Parameter?
  public let path = LayerPath()
  public let failure: TensorError?
  private let sizes: (first: Int, second: Int, outputs: Int)

  /// A layer of `first` · `second` · `outputs` weights, and as many biases as outputs where `bias`.
  public init(_ first: Int, _ second: Int, _ outputs: Int, bias: Bool = true, initializer: Initializer? = nil) {
    sizes = (first, second, outputs)
    let bound = Initializer.uniform(within: 1 / Float(max(first, 1)).squareRoot())
    weight = Parameter(
      initializer ?? bound, shape: [outputs, first, second], fanIn: first.times(second), fanOut: outputs, name: "weight"
    )
    self.bias = bias ? Parameter(bound, shape: [outputs], fanIn: first, fanOut: outputs, name: "bias") : nil
    failure =
      first > 0 && second > 0 && outputs > 0
      ? nil : TensorError("Bilinear: inputs and outputs must be at least 1, not \(first), \(second) and \(outputs)")
  }

  public var summary: String { "Bilinear \(sizes.first) · \(sizes.second) → \(sizes.outputs)" }

  public func apply(_ x: Tensor) -> Tensor { products(x, x) }

  /// The layer's result for two inputs, of which all axes but the last are equal.
  public func callAsFunction(_ a: Tensor, _ b: Tensor) -> Tensor {
    traced(a) { (failure.map(Tensor.failed) ?? products(a, b), ()) }.0
  }

  private func products(_ a: Tensor, _ b: Tensor) -> Tensor {
    if let failed = [a, b].first(where: { $0.failure != nil }) { return failed }
    guard a.shape.rank > 0, a.shape[-1] == sizes.first, b.shape[-1] == sizes.second,
      a.shape.dropLast().elementsEqual(b.shape.dropLast())
    else {
      return .failed(
        TensorError(
          "Bilinear: the inputs must be […, \(sizes.first)] and […, \(sizes.second)], not \(a.shape) and \(b.shape)"))
    }
    let rows = Shape(a.shape.dropLast())
    let matrix = weight.tensor.permuted([1, 0, 2]).reshaped(to: [sizes.first, sizes.outputs.times(sizes.second)])
    let left = a.matmul(matrix).reshaped(to: Shape(rows + [sizes.outputs, sizes.second]))
    let result = (left * b.unsqueezed(axis: -2)).sum(axes: [-1])
    return bias.map { result + $0.tensor } ?? result
  }

  public var ownParameterCount: Int { weight.count + (bias?.count ?? 0) }

  public func operations(input: Shape, output: Shape) -> Int {
    output.elementCount.times(sizes.first.times(sizes.second)).times(2)
  }
}
