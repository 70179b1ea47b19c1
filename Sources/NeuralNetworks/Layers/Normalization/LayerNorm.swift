import Tensors

/// Normalizes the features of each position to mean 0 and variance 1, then scales and shifts them: [..., width] → the
/// same shape. The same in training and inference.
///
/// Source: Ba, Kiros & Hinton, "Layer Normalization", 2016.
public struct LayerNorm: NamedLayer {
  /// The factor of each feature, from 1: [width], or the shape of the last axes.
  public let scale: Parameter
  /// What is added to each feature, from 0: of the same shape.
  public let shift: Parameter
  public let path = LayerPath()
  public let failure: TensorError?
  private let shape: Shape
  private let epsilon: Double

  /// A normalization of so many features. `epsilon` is added to the variance before its root is taken.
  public init(_ width: Int, epsilon: Double = 1e-5) { self.init(shape: [width], epsilon: epsilon) }

  /// A normalization over the last axes, which have this shape: [batch, …, *shape*].
  public init(shape: Shape, epsilon: Double = 1e-5) {
    (self.shape, self.epsilon) = (shape, epsilon)
    scale = Parameter(.ones, shape: shape, fanIn: 1, fanOut: 1, name: "scale")
    shift = Parameter(.zeros, shape: shape, fanIn: 1, fanOut: 1, name: "shift")
    failure = normalizationFailure("LayerNorm", shape, epsilon)
  }

  public var summary: String { "LayerNorm \(shape.rank == 1 ? "\(shape[0])" : "\(shape)")" }

  public func apply(_ x: Tensor) -> Tensor {
    guard shape.rank > 1, x.failure == nil else {
      return x.layerNormalized(scale: scale.tensor, shift: shift.tensor, epsilon: epsilon)
    }
    guard let axes = x.shape.lastAxes(of: shape) else {
      return .failed(TensorError("LayerNorm: the last axes of \(x.shape) must be \(shape)"))
    }
    // One axis in place of several.
    return x.flattened(from: axes[0])
      .layerNormalized(scale: scale.tensor.flattened(), shift: shift.tensor.flattened(), epsilon: epsilon)
      .reshaped(to: x.shape)
  }

  public var ownParameterCount: Int { scale.count + shift.count }

  public func operations(input: Shape, output: Shape) -> Int { output.elementCount.times(8) }
}
