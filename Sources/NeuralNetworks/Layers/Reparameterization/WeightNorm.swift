import Tensors

/// A layer one of whose parameters v is used as g · v / ‖v‖, so that length and direction are learned separately.
///
/// ```swift
/// let layer = WeightNorm(Dense(64, 10), of: \.weight, axis: 1)
/// let images = WeightNorm(Conv2D(3, 16, kernelSize: 3), of: \.weight, axis: 0)
/// ```
///
/// The norm is that of each slice along `axis`, mostly that of the outputs: 1 of `Dense`, 0 of `Conv2D`. At first the result
/// is that of the layer alone.
///
/// Source: Salimans & Kingma, "Weight Normalization: A Simple Reparameterization to Accelerate Training of Deep Neural
/// Networks", NIPS 2016.
public struct WeightNorm<Wrapped: Layer>: Layer {
  /// The layer, whose parameter is the direction v.
  public let layer: Wrapped
  /// The lengths g: the parameter's size along the axis, and 1 along the others.
  public let magnitude: Parameter
  private let direction: Parameter
  private let axes: [Int]
  private let failure: TensorError?

  /// The layer with a parameter of it normalized along an axis; a negative one counts from the end.
  public init(_ layer: Wrapped, of parameter: KeyPath<Wrapped, Parameter>, axis: Int) {
    self.layer = layer
    direction = layer[keyPath: parameter]
    let shape = direction.shape
    guard let kept = direction.axis(axis) else {
      (axes, magnitude) = ([], Parameter(.ones, shape: [1], fanIn: 1, fanOut: 1, name: "magnitude"))
      failure = TensorError("WeightNorm: there is no axis \(axis) of a parameter \(shape)")
      return
    }
    axes = shape.indices.filter { $0 != kept }
    failure = nil
    let (values, all) = (direction, axes)
    magnitude = Parameter(
      Initializer { _, _, _ throws(TensorError) in try values.tensor.norm(axes: all).values() },
      shape: Shape(shape.indices.map { $0 == kept ? shape[kept] : 1 }), fanIn: 1, fanOut: 1, name: "magnitude")
  }

  /// The layer's result with the normalized parameter.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    if let failure { return .failed(failure) }
    let v = direction.tensor
    let weight = v * (magnitude.tensor / v.norm(axes: axes, keepingAxes: true))
    return ParameterSubstitution.with(weight, for: direction) { layer(x) }
  }
}
