import Tensors

/// Normalizes the features of each position to mean 0 and variance 1, then scales and shifts them: [..., width] → the
/// same shape. The same in training and inference.
///
/// Source: Ba, Kiros & Hinton, "Layer Normalization", 2016.
public struct LayerNorm: NamedLayer {
  /// The factor of each feature: [width], from 1.
  public let scale: Parameter
  /// What is added to each feature: [width], from 0.
  public let shift: Parameter
  public let path = LayerPath()
  public let failure: TensorError?
  private let width: Int
  private let epsilon: Double

  /// A normalization of so many features. `epsilon` is added to the variance before its root is taken.
  public init(_ width: Int, epsilon: Double = 1e-5) {
    self.width = width
    self.epsilon = epsilon
    scale = Parameter(.ones, shape: [width], fanIn: 1, fanOut: 1, name: "scale")
    shift = Parameter(.zeros, shape: [width], fanIn: 1, fanOut: 1, name: "shift")
    failure =
      width > 0 && epsilon >= 0 && epsilon.isFinite
      ? nil : TensorError("LayerNorm: width \(width) must be at least 1 and epsilon \(epsilon) at least 0")
  }

  public var summary: String { "LayerNorm \(width)" }

  public func apply(_ x: Tensor) -> Tensor {
    x.layerNormalized(scale: scale.tensor, shift: shift.tensor, epsilon: epsilon)
  }

  public var ownParameterCount: Int { scale.count + shift.count }

  public func operations(input: Shape, output: Shape) -> Int { output.elementCount.times(8) }
}
